using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Extensions;

/// <summary>What OpenAPI shows of a custom kind: its schema, with the envelope that every object has.</summary>
internal static class PublishedSchema
{
    private const string PreserveUnknownFields = "x-kubernetes-preserve-unknown-fields";

    /// <summary>
    /// The schema to publish. <c>metadata</c> is left as a marker that the writer of the document replaces by its reference.
    /// </summary>
    internal static JsonObject Of(JsonSchema schema)
    {
        var published = schema.Json.DeepClone().AsObject();
        Prepare(published);
        if (published["type"] is null) published["type"] = "object";
        if (published["properties"] is not JsonObject properties) published["properties"] = properties = [];
        properties["apiVersion"] = new JsonObject { ["type"] = "string", ["description"] = "APIVersion defines the form of the object: its group and version." };
        properties["kind"] = new JsonObject { ["type"] = "string", ["description"] = "Kind names what the object is." };
        properties["metadata"] = new JsonObject();
        return published;
    }

    /// <summary>
    /// The schema as version 2 has it, which knows neither nullable nor combined schemas: what kubectl would misread, and take for an error in an object that is right, is left out
    /// (upstream's ToStructuralOpenAPIV2). Where anything may stand at the root, nothing is said of it.
    /// </summary>
    internal static JsonObject ForVersion2(JsonObject schema)
    {
        if (Is(schema, PreserveUnknownFields)) return new JsonObject { ["type"] = "object" };
        var copy = schema.DeepClone().AsObject();
        Simplify(copy);
        return copy;
    }

    private static void Prepare(JsonObject schema)
    {
        // kubectl explain prints a null description as an error.
        foreach (var name in schema.Where(p => p.Value is null).Select(p => p.Key).ToList()) schema.Remove(name);
        foreach (var child in Children(schema)) Prepare(child);
    }

    private static void Simplify(JsonObject schema)
    {
        foreach (var name in (ReadOnlySpan<string>)["allOf", "anyOf", "oneOf", "not", "default"]) schema.Remove(name);
        if (schema["required"] is JsonArray required)
        {
            // To kubectl null is not there.
            foreach (var name in required.Where(r => Is(schema["properties"]?[(string)r!] as JsonObject, "nullable")).ToList()) required.Remove(name);
            if (required.Count == 0) schema.Remove("required");
        }
        var (open, nullable) = (Is(schema, PreserveUnknownFields), Is(schema, "nullable"));
        schema.Remove("nullable");
        if (open || nullable)
        {
            schema.Remove("items");
            schema.Remove("properties");
        }
        if (nullable || (open && (string?)schema["type"] == "object") || ((string?)schema["type"] == "array" && schema["items"] is null)) schema.Remove("type");
        foreach (var child in Children(schema)) Simplify(child);
    }

    private static bool Is(JsonObject? schema, string flag) => schema?[flag] is JsonValue value && value.TryGetValue<bool>(out var set) && set;

    private static IEnumerable<JsonObject> Children(JsonObject schema)
    {
        foreach (var (_, value) in schema["properties"] as JsonObject ?? [])
            if (value is JsonObject property) yield return property;
        if (schema["items"] is JsonObject items) yield return items;
        if (schema["additionalProperties"] is JsonObject more) yield return more;
    }
}
