using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Extensions;

/// <summary>Fills in a schema's defaults (apiextensions-apiserver structural defaulting): a missing field, or a null where null is no value, gets its default.</summary>
public static class SchemaDefaults
{
    /// <summary>Defaults a value in place.</summary>
    public static void Apply(JsonNode? value, JsonSchema schema)
    {
        if (!schema.HasDefaults) return;
        switch (value)
        {
            case JsonObject obj:
                foreach (var (name, property) in schema.Properties)
                {
                    if (property.Default is null) continue;
                    if (!obj.TryGetPropertyValue(name, out var held) || (held is null && !property.Nullable)) obj[name] = property.Default.DeepClone();
                }
                foreach (var (name, held) in obj.ToList())
                    if ((schema.Properties.GetValueOrDefault(name) ?? schema.AdditionalProperties) is { } part) Apply(held, part);
                break;
            case JsonArray list when schema.Items is { } items:
                foreach (var item in list) Apply(item, items);
                break;
        }
    }

    /// <summary>Takes nulls away where null is no value and the field has a default or is simply absent without it.</summary>
    public static void DropNulls(JsonNode? value, JsonSchema schema)
    {
        switch (value)
        {
            case JsonObject obj:
                foreach (var (name, held) in obj.ToList())
                {
                    if ((schema.Properties.GetValueOrDefault(name) ?? schema.AdditionalProperties) is not { } part) continue;
                    if (held is null && !part.Nullable && part.Default is not null) obj.Remove(name);
                    else DropNulls(held, part);
                }
                break;
            case JsonArray list when schema.Items is { } items:
                foreach (var item in list) DropNulls(item, items);
                break;
        }
    }
}
