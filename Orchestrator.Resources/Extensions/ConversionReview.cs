using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Validation;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Resources.Extensions;

/// <summary>
/// The envelope in which a conversion webhook is asked and answers: apiextensions.k8s.io ConversionReview, v1 and v1beta1, and what an answer must keep of the objects
/// (apiextensions-apiserver pkg/apiserver/conversion/webhook_converter.go).
/// </summary>
public static class ConversionReview
{
    /// <summary>The versions spoken, in the order a definition may list them.</summary>
    public static IReadOnlyList<string> Versions { get; } = ["v1", "v1beta1"];

    /// <summary>The question: these objects in that version.</summary>
    public static JsonObject Request(string version, string uid, IEnumerable<JsonObject> objects, string desiredApiVersion) => new()
    {
        ["kind"] = "ConversionReview",
        ["apiVersion"] = $"apiextensions.k8s.io/{version}",
        ["request"] = new JsonObject
        {
            ["uid"] = uid,
            ["desiredAPIVersion"] = desiredApiVersion,
            ["objects"] = new JsonArray([.. objects.Select(o => (JsonNode?)o.DeepClone())]),
        },
    };

    /// <summary>
    /// The objects of an answer, in the order of <paramref name="originals"/>, whose metadata they have but for labels and annotations. Throws <see cref="FormatException"/> with what follows
    /// <c>conversion webhook for …</c> in upstream's messages.
    /// </summary>
    public static IReadOnlyList<JsonObject> Converted(ReadOnlySpan<byte> body, string version, string uid, IReadOnlyList<JsonObject> originals, string desiredApiVersion)
    {
        var objects = Objects(body, version, uid);
        if (objects.Count != originals.Count) throw new FormatException($"returned {objects.Count} objects, expected {originals.Count}");
        return [.. objects.Zip(originals, (converted, original) => Checked(converted as JsonObject ?? throw new FormatException("returned invalid object: it is no object"), original, desiredApiVersion))];
    }

    private static List<JsonNode?> Objects(ReadOnlySpan<byte> body, string version, string uid)
    {
        try
        {
            var review = JsonNode.Parse(body) as JsonObject;
            var (apiVersion, kind) = (Text(review, "apiVersion"), Text(review, "kind"));
            if (version == "v1" && (apiVersion, kind) != ("apiextensions.k8s.io/v1", "ConversionReview"))
                throw new FormatException($"failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got {apiVersion}, Kind={kind}");
            if (review?["response"] is not JsonObject response) throw new FormatException("failed: no response provided");
            if (version == "v1" && Text(response, "uid") != uid) throw new FormatException($"failed: expected response.uid=\"{uid}\", got \"{Text(response, "uid")}\"");
            var result = response["result"] as JsonObject;
            if (Text(result, "status") != "Success")
                throw new FormatException($"failed: {(Text(result, "message") is { Length: > 0 } message ? message : $"response.result.status was '{Text(result, "status")}', not 'Success'")}");
            return [.. response["convertedObjects"] as JsonArray ?? []];
        }
        catch (JsonException e)
        {
            throw new FormatException($"failed: {e.Message}");
        }
    }

    private static JsonObject Checked(JsonObject converted, JsonObject original, string desiredApiVersion)
    {
        if (Text(converted, "apiVersion") is var got && got != desiredApiVersion) throw new FormatException($"returned invalid object at index 0: invalid groupVersion (expected {desiredApiVersion}, received {got})");
        if (Text(converted, "kind") != Text(original, "kind")) throw new FormatException($"returned invalid object at index 0: invalid kind (expected {Text(original, "kind")}, received {Text(converted, "kind")})");
        var answered = converted["metadata"] as JsonObject;
        foreach (var (field, word) in (ReadOnlySpan<(string, string)>)[("name", "name"), ("namespace", "namespace"), ("uid", "UID")])
            if (ObjectMeta.Get(original, field) is var was && Text(answered, field) != was) throw new FormatException($"returned invalid object: must have the same {word}: {was} != {Text(answered, field)}");
        if (answered is null)
            throw new FormatException(converted.ContainsKey("metadata") ? $"returned invalid metadata: invalid metadata of type {Kind(converted["metadata"])} in converted object" : "returned invalid metadata: missing metadata in converted object");

        var metadata = original["metadata"]!.DeepClone().AsObject();
        foreach (var field in (ReadOnlySpan<string>)["labels", "annotations"])
        {
            metadata.Remove(field);
            if (answered[field] is not { } given) continue;
            if (given is not JsonObject map) throw new FormatException($"returned invalid metadata: invalid metadata.{field} of type {Kind(given)} in converted object");
            foreach (var (key, value) in map)
                if (value is null || value.GetValueKind() != JsonValueKind.String) throw new FormatException($"returned invalid metadata: metadata.{field}[{key}] must be a string, but is {Kind(value)} in converted object");
            metadata[field] = map.DeepClone();
        }
        var wrong = new FieldErrors();
        var checkedMetadata = Field.Of(new JsonObject { ["metadata"] = metadata.DeepClone() })["metadata"];
        ObjectMetaValidation.Labels(checkedMetadata["labels"], wrong);
        ObjectMetaValidation.Annotations(checkedMetadata["annotations"], wrong);
        if (wrong.Any) throw new FormatException($"returned invalid metadata: {string.Join(", ", wrong.Causes.Select(c => $"{c.Field}: {c.Message}"))}");
        converted = converted.DeepClone().AsObject();
        converted["metadata"] = metadata;
        return converted;
    }

    private static string Text(JsonObject? json, string name) => json?[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";

    private static string Kind(JsonNode? node) => node?.GetValueKind() switch
    {
        JsonValueKind.Array => "[]interface {}",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "float64",
        JsonValueKind.True or JsonValueKind.False => "bool",
        _ => "<nil>",
    };
}
