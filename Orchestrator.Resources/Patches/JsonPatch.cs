using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Resources.Patches;

/// <summary>
/// JSON patch (RFC 6902) with the behaviour and the error texts of the library the API server uses: array indexes may be negative (from the
/// end), <c>test</c> against null passes where nothing is, the document's root cannot be replaced.
/// </summary>
public static class JsonPatch
{
    /// <summary>Most operations one patch may have; more is a 413.</summary>
    public const int MaxOperations = 10_000;

    /// <summary>Most bytes that all copies of one patch may come to: each could double the document.</summary>
    public const int MaxCopied = 3 * 1024 * 1024;

    /// <summary>
    /// Applies the operations in order; all or nothing as far as the caller is concerned, because a failure throws. <paramref name="document"/> is
    /// changed and returned. Throws <see cref="StatusException"/>: 400 for what is no patch, 413 for too many operations, 422 for one that does not apply.
    /// </summary>
    public static JsonNode Apply(JsonNode document, ReadOnlySpan<byte> patch)
    {
        var operations = Parse(patch);
        if (operations.Count > MaxOperations)
            throw new ApiStatus(413, "RequestEntityTooLarge", $"The allowed maximum operations in a JSON patch is {MaxOperations}, got {operations.Count}").AsException();
        var copied = 0L;
        foreach (var operation in operations) Apply(document, operation, ref copied);
        return document;
    }

    private static readonly JsonSerializerOptions Unlimited = new() { MaxDepth = int.MaxValue };

    private static List<JsonObject> Parse(ReadOnlySpan<byte> patch)
    {
        try
        {
            var reader = new Utf8JsonReader(patch, new JsonReaderOptions { MaxDepth = Json.ObjectDecoder.MaxDepth });
            reader.Read();
            var operations = Json.ValueDecoder.Raw(ref reader, new Json.DecodeContext(), reportDuplicates: false) as JsonArray
                ?? throw PatchErrors.Malformed("json: cannot unmarshal object into Go value of type jsonpatch.Patch");
            reader.Read();
            return [.. operations.Select(o => o as JsonObject ?? throw PatchErrors.Malformed("json: cannot unmarshal a value that is no object into Go value of type jsonpatch.Operation"))];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw PatchErrors.Malformed($"error decoding patch: {e.Message}");
        }
    }

    private static void Apply(JsonNode document, JsonObject operation, ref long bytesCopied)
    {
        var op = Text(operation, "op");
        switch (op)
        {
            case "add":
                Target(document, operation, "path", "add operation does not apply: doc is missing path: {0}").Add(Value(operation));
                break;
            case "remove":
                Target(document, operation, "path", "remove operation does not apply: doc is missing path: {0}").Remove();
                break;
            case "replace":
                var replaced = Target(document, operation, "path", "replace operation does not apply: doc is missing path: {0}");
                if (!replaced.TryGet(out _)) throw PatchErrors.DoesNotApply($"replace operation does not apply: doc is missing key: {replaced.Path}: missing value");
                replaced.Set(Value(operation));
                break;
            case "move":
                var from = Target(document, operation, "from", "move operation does not apply: doc is missing from path: {0}");
                var moved = from.Get("move");
                from.Remove();
                Target(document, operation, "path", "move operation does not apply: doc is missing destination path: {0}").Add(moved);
                break;
            case "copy":
                var copied = Target(document, operation, "from", "copy operation does not apply: doc is missing from path: {0}").Get("copy");
                bytesCopied += copied?.ToJsonString(Unlimited).Length ?? 4;
                if (bytesCopied > MaxCopied)
                    throw PatchErrors.DoesNotApply($"Unable to complete the copy, the accumulated size increase of copy is {bytesCopied}, exceeding the limit {MaxCopied}");
                Target(document, operation, "path", "copy operation does not apply: doc is missing destination path: {0}").Add(copied?.DeepClone());
                break;
            case "test":
                var tested = Target(document, operation, "path", "test operation does not apply: is missing path: {0}");
                var present = tested.TryGet(out var actual);
                if (!JsonNode.DeepEquals(present ? actual : null, operation["value"])) throw PatchErrors.DoesNotApply($"testing value {tested.Path} failed: test failed");
                break;
            default:
                throw PatchErrors.DoesNotApply($"Unexpected kind: {op ?? "unknown"}");
        }
    }

    private static PatchLocation Target(JsonNode document, JsonObject operation, string member, string missing)
    {
        var path = Text(operation, member) ?? throw PatchErrors.DoesNotApply($"{Text(operation, "op")} operation failed to decode {member}: missing value");
        return PatchLocation.Find(document, path) ?? throw PatchErrors.DoesNotApply($"{string.Format(System.Globalization.CultureInfo.InvariantCulture, missing, path)}: missing value");
    }

    private static JsonNode? Value(JsonObject operation) => operation.TryGetPropertyValue("value", out var value)
        ? value?.DeepClone()
        : throw PatchErrors.DoesNotApply("operation, missing value field: missing value");

    private static string? Text(JsonObject operation, string name) => operation[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
