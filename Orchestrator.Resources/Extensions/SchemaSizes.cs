using System.Text.Json.Nodes;
using Orchestrator.Resources.Cel;

namespace Orchestrator.Resources.Extensions;

/// <summary>
/// How large what a schema describes may be: by what it says (maxLength, maxItems, maxProperties, enum), else by what fits into the largest request (k8s.io/apiserver pkg/cel/common SchemaDeclType
/// and pkg/cel/limits.go). Lengths of texts are in octets, of which a code point may have four.
/// </summary>
internal static class SchemaSizes
{
    /// <summary>Octets of the largest request.</summary>
    internal const long Request = 3 * 1024 * 1024;

    private const long CodePoint = 4;
    private const long Quotes = 2;
    private const long ShortestFlag = 4;
    private const long Time = 32;

    // A text of a resource's own: apiVersion, kind, a name.
    private static readonly CelSizes Text = new(Request - Quotes, Quotes);
    private static readonly CelSizes Key = new(0, Quotes);
    private static readonly CelSizes Metadata = new(0, 2) { Fields = new Dictionary<string, CelSizes>(StringComparer.Ordinal) { ["name"] = Text, ["generateName"] = Text } };

    /// <summary>The sizes of a schema's values; null for what expressions do not see. A resource has apiVersion, kind and metadata.</summary>
    internal static CelSizes? Of(JsonSchema schema, bool resource = false)
    {
        if (schema.IntOrString) return new CelSizes(Limit(schema, "maxLength") * CodePoint ?? Request - Quotes, 1);
        switch (schema.Type)
        {
            case "boolean": return new CelSizes(0, ShortestFlag);
            case "integer" or "number": return new CelSizes(0, 1);
            case "string": return Texts(schema);
            case "array":
                if (schema.Items is null || Of(schema.Items, schema.Items.EmbeddedResource) is not { } item) return null;
                return new CelSizes(Limit(schema, "maxItems") ?? (Request - 2) / (item.Least + 1), 2) { Element = item };
            case "object" when schema.AdditionalProperties is { } more:
                if (Of(more, more.EmbeddedResource) is not { } value) return null;
                // Two quotes, a colon and a comma go with each, and a key of two.
                return new CelSizes(Limit(schema, "maxProperties") ?? (Request - 2) / (value.Least + 6), 2) { Element = value, Key = Key };
            case "object": return Fields(schema, resource);
            default: return null;
        }
    }

    private static CelSizes Texts(JsonSchema schema) => schema.Format switch
    {
        "byte" => new CelSizes(Limit(schema, "maxLength") ?? Request - Quotes, Quotes),
        "duration" => new CelSizes(Time, 3),
        "date" => new CelSizes(12, 12),
        "date-time" => new CelSizes(Time, 21),
        _ => new CelSizes(Limit(schema, "maxLength") * CodePoint ?? Longest(schema.Enum) ?? Request - Quotes, Quotes),
    };

    private static CelSizes Fields(JsonSchema schema, bool resource)
    {
        var fields = new Dictionary<string, CelSizes>(StringComparer.Ordinal);
        var least = 2L;
        resource = resource && !SaysAllOfAResource(schema);
        foreach (var (name, property) in schema.Properties)
        {
            if (resource && name is "apiVersion" or "kind" or "metadata") continue;
            if (Of(property, property.EmbeddedResource) is not { } size) continue;
            fields[name] = size;
            // What has a default need not be sent.
            if (property.Default is null && schema.Required.Contains(name, StringComparer.Ordinal)) least += System.Text.Encoding.UTF8.GetByteCount(name) + size.Least + 4;
        }
        if (resource)
            foreach (var (name, size) in ((string, CelSizes)[])[("apiVersion", Text), ("kind", Text), ("metadata", Metadata)])
            {
                fields[name] = size;
                if (schema.Required.Contains(name, StringComparer.Ordinal)) least += name.Length + size.Least + 4;
            }
        return new CelSizes(0, least) { Fields = fields };
    }

    /// <summary>Whether a schema describes itself what every resource has; its own limits count then.</summary>
    private static bool SaysAllOfAResource(JsonSchema schema) =>
        TypeOf(schema, "kind") == "string" && TypeOf(schema, "apiVersion") == "string" && schema.Properties.GetValueOrDefault("metadata") is { Type: "object" } metadata
        && TypeOf(metadata, "name") == "string" && TypeOf(metadata, "generateName") == "string";

    private static string? TypeOf(JsonSchema schema, string property) => schema.Properties.GetValueOrDefault(property)?.Type;

    private static long? Longest(JsonArray? values) =>
        values is { Count: > 0 } ? values.Max(v => v is JsonValue value && value.TryGetValue<string>(out var text) ? System.Text.Encoding.UTF8.GetByteCount(text) : 0) : null;

    /// <summary>A limit that the schema sets, 0 for a negative one; null for none.</summary>
    internal static long? Limit(JsonSchema schema, string keyword) => schema.Number(keyword) is { } limit ? (long)Math.Clamp(limit, 0, 1e15) : null;
}
