using Orchestrator.Resources.Cel;

namespace Orchestrator.Resources.Extensions;

/// <summary>The types that expressions see of what a schema describes (k8s.io/apiserver pkg/cel/common SchemaDeclType).</summary>
internal static class SchemaTypes
{
    private static readonly CelType Metadata = CelType.Object("metadata", () => new Dictionary<string, CelType> { ["name"] = CelType.String, ["generateName"] = CelType.String });

    /// <summary>The type of a schema's values. A resource has apiVersion, kind, and of its metadata the name.</summary>
    internal static CelType Of(JsonSchema schema, bool resource = false)
    {
        var type = Plain(schema, resource || schema.EmbeddedResource);
        return schema.Nullable ? type.OrNull() : type;
    }

    private static CelType Plain(JsonSchema schema, bool resource)
    {
        if (schema.IntOrString) return CelType.Dyn;
        switch (schema.Type)
        {
            case "boolean": return CelType.Bool;
            case "integer": return CelType.Int;
            case "number": return CelType.Double;
            case "string":
                return schema.Format switch
                {
                    "byte" => CelType.Bytes,
                    "duration" => CelType.Duration,
                    "date" or "date-time" => CelType.Timestamp,
                    _ => CelType.String,
                };
            case "array": return CelType.List(schema.Items is { } items ? Of(items) : CelType.Dyn, schema.ListType, schema.ListMapKeys);
            case "object" when schema.Properties.Count == 0 && !resource && schema.AdditionalProperties is { } values: return CelType.Map(CelType.String, Of(values));
            case "object" when schema.Properties.Count == 0 && !resource && schema.AllowsAdditional == true: return CelType.Map(CelType.String, CelType.Dyn);
            case "object": return CelType.Object("object", () => Fields(schema, resource));
            default: return CelType.Dyn;
        }
    }

    private static Dictionary<string, CelType> Fields(JsonSchema schema, bool resource)
    {
        var fields = schema.Properties.ToDictionary(p => p.Key, p => Of(p.Value), StringComparer.Ordinal);
        if (!resource) return fields;
        fields["apiVersion"] = CelType.String;
        fields["kind"] = CelType.String;
        fields["metadata"] = Metadata;
        return fields;
    }
}
