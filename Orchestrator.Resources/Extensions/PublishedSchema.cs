using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Extensions;

/// <summary>What OpenAPI shows of a custom kind: its schema, with the envelope that every object has.</summary>
internal static class PublishedSchema
{
    /// <summary>
    /// The schema to publish. <c>metadata</c> is left as a marker that the writer of the document replaces by its reference.
    /// </summary>
    internal static JsonObject Of(JsonSchema schema)
    {
        var published = schema.Json.DeepClone().AsObject();
        Prepare(published);
        if (published["type"] is null) published["type"] = "object";
        if (published["properties"] is not JsonObject properties) published["properties"] = properties = [];
        properties["apiVersion"] = new JsonObject { ["type"] = "string", ["description"] = "Group and version of this form of the object." };
        properties["kind"] = new JsonObject { ["type"] = "string", ["description"] = "The kind of object this is." };
        properties["metadata"] = new JsonObject();
        return published;
    }

    /// <summary>Version 2 knows neither nullable nor combined schemas; upstream leaves out what a client would misread.</summary>
    internal static JsonObject ForVersion2(JsonObject schema)
    {
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
        foreach (var name in (ReadOnlySpan<string>)["allOf", "anyOf", "oneOf", "not", "nullable", "default"]) schema.Remove(name);
        if (schema["x-kubernetes-preserve-unknown-fields"] is not null)
        {
            // An old client prunes what it does not know: it must not know anything here.
            schema.Remove("items");
            schema.Remove("properties");
        }
        foreach (var child in Children(schema)) Simplify(child);
    }

    private static IEnumerable<JsonObject> Children(JsonObject schema)
    {
        foreach (var (_, value) in schema["properties"] as JsonObject ?? [])
            if (value is JsonObject property) yield return property;
        if (schema["items"] is JsonObject items) yield return items;
        if (schema["additionalProperties"] is JsonObject more) yield return more;
    }
}
