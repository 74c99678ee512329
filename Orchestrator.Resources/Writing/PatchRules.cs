using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Patches;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Writing;

/// <summary>Applies a patch document to a stored object; the result is decoded again, so that a patch cannot bring what a PUT could not.</summary>
public static class PatchRules
{
    /// <summary>The forms a patch document can have.</summary>
    public enum Form
    {
        /// <summary>RFC 6902.</summary>
        Json,

        /// <summary>RFC 7386.</summary>
        Merge,

        /// <summary>Kubernetes' strategic merge.</summary>
        Strategic,
    }

    /// <summary>What is patched: the kind it must stay, and its schema.</summary>
    public sealed record Target(string Kind, string ApiVersion, string SchemaName)
    {
        /// <summary>A stored kind.</summary>
        public static Target Of(ResourceKind kind) => new(kind.Kind, kind.ApiVersion, kind.SchemaName);

        /// <summary>The scale subresource.</summary>
        public static Target Scale { get; } = new("Scale", "autoscaling/v1", "io.k8s.api.autoscaling.v1.Scale");
    }

    /// <summary>
    /// The patched and decoded object. <paramref name="current"/> carries its resourceVersion, so that a patch of it is a precondition; it is not changed.
    /// Throws <see cref="StatusException"/>: 400 for a malformed patch or one that renames the object, 422 for one that does not apply or whose result is no object of the kind.
    /// </summary>
    public static JsonObject Apply(Target target, JsonObject current, Form form, ReadOnlySpan<byte> patch, FieldValidation validation, List<string> warnings)
    {
        CheckText(patch);
        var type = SchemaCatalog.Default.Find(target.SchemaName);
        var read = new DecodeContext();
        var patched = form switch
        {
            Form.Json => WithinDepth(JsonPatch.Apply(current.DeepClone(), patch), 0),
            Form.Merge => MergePatch.Apply(current.DeepClone(), Document(patch, read)),
            _ when type is null or { IsCustom: true } => throw new ApiStatus(415, "UnsupportedMediaType", "strategic merge patch is not supported for this resource").AsException(),
            _ => StrategicMergePatch.Apply(current.DeepClone().AsObject(), Document(patch, read), type),
        };
        if (patched is not JsonObject obj) throw ApiStatus.BadRequest("the patch does not leave an object").AsException();
        // What a patch makes of an object is reported as a fault of the patch: its text is the value that is invalid.
        if (type is not null) obj = ObjectDecoder.DecodePatched(obj, type, validation, warnings, "", "", form == Form.Strategic ? GoText.Of(Document(patch, new DecodeContext())) : obj.ToJsonString(Relaxed), read.Strict);
        RefuseRename(target, current, obj);
        return obj;
    }

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = ObjectDecoder.MaxDepth + 1 };

    // Step by step, a patch can build what no body could say at once.
    private static JsonNode WithinDepth(JsonNode node, int depth)
    {
        if (depth > ObjectDecoder.MaxDepth) throw PatchErrors.DoesNotApply("exceeded max depth");
        foreach (var inner in node switch { JsonObject obj => obj.Select(p => p.Value), JsonArray list => list, _ => Enumerable.Empty<JsonNode?>() })
            if (inner is JsonObject or JsonArray) WithinDepth(inner, depth + 1);
        return node;
    }

    /// <summary>Strings are read where they are used, each in its place; a patch whose strings are no text is refused before that.</summary>
    private static void CheckText(ReadOnlySpan<byte> patch)
    {
        var reader = new Utf8JsonReader(patch, new JsonReaderOptions { MaxDepth = ObjectDecoder.MaxDepth });
        try
        {
            if (!Utf8.IsValid(patch)) throw ApiStatus.BadRequest("error decoding patch: invalid UTF-8 in string").AsException();
            while (reader.Read())
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped) _ = reader.GetString();
        }
        catch (InvalidOperationException)
        {
            throw ApiStatus.BadRequest("error decoding patch: half a surrogate pair in string").AsException();
        }
        catch (JsonException e)
        {
            throw ApiStatus.BadRequest($"error decoding patch: {e.Message}").AsException();
        }
    }

    /// <summary>A patch that <see cref="CheckText"/> has let through. Of fields that are there twice the last counts; they are noted.</summary>
    private static JsonObject Document(ReadOnlySpan<byte> patch, DecodeContext context)
    {
        var reader = new Utf8JsonReader(patch, new JsonReaderOptions { MaxDepth = ObjectDecoder.MaxDepth });
        reader.Read();
        return ValueDecoder.Raw(ref reader, context, reportDuplicates: true) as JsonObject ?? throw ApiStatus.BadRequest("error decoding patch: a JSON object is expected").AsException();
    }

    private static void RefuseRename(Target target, JsonObject current, JsonObject obj)
    {
        foreach (var field in (ReadOnlySpan<string>)["name", "namespace"])
        {
            var (was, now) = (ObjectMeta.Get(current, field), ObjectMeta.Get(obj, field));
            if (was == now) continue;
            if (field == "name") throw ApiStatus.BadRequest($"the name of the object ({now}) does not match the name on the URL ({was})").AsException();
            throw ApiStatus.BadRequest($"the namespace of the object ({now}) does not match the namespace on the request ({was})").AsException();
        }
        foreach (var field in (ReadOnlySpan<string>)["apiVersion", "kind"])
            if ((string?)obj[field] != (field == "kind" ? target.Kind : target.ApiVersion))
                throw ApiStatus.BadRequest($"{field} of the patched object does not match {target.Kind} in {target.ApiVersion}").AsException();
    }
}
