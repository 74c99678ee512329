using System.Text.Json.Nodes;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Extensions;

/// <summary>Makes the schema types that decoding, pruning, patching and apply work on from a custom kind's <see cref="JsonSchema"/>.</summary>
internal static class CustomTypes
{
    private const string ObjectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

    /// <summary>The type of a kind's objects. <paramref name="name"/> is its name in the catalogue, <paramref name="openApi"/> what is published of it.</summary>
    internal static SchemaType Root(string name, string apiVersion, JsonSchema schema, JsonObject openApi, SchemaCatalog catalog) =>
        new(name, [.. Envelope(catalog, ["metadata"]), .. Fields(name, schema, catalog).Where(f => f.Name is not ("apiVersion" or "kind" or "metadata"))])
        {
            ApiVersion = apiVersion,
            IsCustom = true,
            PreserveUnknown = schema.PreserveUnknown,
            OpenApi = openApi,
        };

    private static IEnumerable<SchemaField> Envelope(SchemaCatalog catalog, IReadOnlyList<string> metadata) =>
    [
        new SchemaField { Name = "apiVersion", GoName = "APIVersion", Type = new FieldType(ValueKind.String), OmitEmpty = true, Optional = true },
        new SchemaField { Name = "kind", GoName = "Kind", Type = new FieldType(ValueKind.String), OmitEmpty = true, Optional = true },
        .. metadata.Select(m => new SchemaField { Name = m, GoName = "Metadata", Type = new FieldType(false, () => catalog.Find(ObjectMeta)), OmitEmpty = true, Optional = true }),
    ];

    private static IEnumerable<SchemaField> Fields(string owner, JsonSchema schema, SchemaCatalog catalog)
    {
        if (schema.EmbeddedResource)
            foreach (var field in Envelope(catalog, ["metadata"])) yield return field;
        foreach (var (name, property) in schema.Properties)
        {
            if (schema.EmbeddedResource && name is "apiVersion" or "kind" or "metadata") continue;
            yield return new SchemaField
            {
                Name = name,
                GoName = name,
                Type = Type($"{owner}.{name}", property, catalog),
                OmitEmpty = true,
                Optional = !schema.Required.Contains(name, StringComparer.Ordinal),
                ListType = property.ListType,
                ListMapKeys = property.ListMapKeys,
                MapType = property.MapType,
                Default = property.Default,
            };
        }
    }

    private static FieldType Type(string name, JsonSchema schema, SchemaCatalog catalog)
    {
        if (schema.IntOrString) return new FieldType(ValueKind.IntOrString);
        switch (schema.Type)
        {
            case "string": return new FieldType(ValueKind.String);
            case "boolean": return new FieldType(ValueKind.Bool);
            case "integer": return new FieldType(ValueKind.Int64);
            case "array": return new FieldType(ValueKind.List, element: schema.Items is { } items ? Type($"{name}.items", items, catalog) : new FieldType(ValueKind.Raw));
            case "object" when schema.Properties.Count == 0 && !schema.EmbeddedResource && schema.AdditionalProperties is { } values:
                return new FieldType(ValueKind.Map, element: Type($"{name}.values", values, catalog));
            case "object" when schema.Properties.Count == 0 && !schema.EmbeddedResource && schema.AllowsAdditional == true:
                return new FieldType(ValueKind.Map, element: new FieldType(ValueKind.Raw));
            case "object":
                var type = new SchemaType(name, [.. Fields(name, schema, catalog)])
                {
                    IsCustom = true,
                    PreserveUnknown = schema.PreserveUnknown,
                    AdditionalProperties = schema.AdditionalProperties is { } more ? Type($"{name}.values", more, catalog) : null,
                    StructType = schema.MapType == "atomic" ? "atomic" : null,
                };
                return new FieldType(false, () => type);
            default: return new FieldType(ValueKind.Raw); // a number keeps its digits; anything else is what it is
        }
    }
}
