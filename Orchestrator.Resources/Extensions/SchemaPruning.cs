using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Extensions;

/// <summary>Takes away what a schema does not declare (apiextensions-apiserver structural pruning), from objects that no client has sent: those that were converted.</summary>
internal static class SchemaPruning
{
    /// <summary>Prunes an object of a kind in place; its envelope stays.</summary>
    internal static void Prune(JsonObject obj, JsonSchema schema) => Object(obj, schema, envelope: true);

    private static void Value(JsonNode? value, JsonSchema schema)
    {
        switch (value)
        {
            case JsonObject obj:
                Object(obj, schema, schema.EmbeddedResource);
                break;
            case JsonArray list when schema.Items is { } items:
                foreach (var item in list) Value(item, items);
                break;
        }
    }

    private static void Object(JsonObject obj, JsonSchema schema, bool envelope)
    {
        foreach (var (name, value) in obj.ToList())
        {
            if (envelope && name is "apiVersion" or "kind" or "metadata") continue;
            if ((schema.Properties.GetValueOrDefault(name) ?? schema.AdditionalProperties) is { } part) Value(value, part);
            else if (!schema.PreserveUnknown && schema.AllowsAdditional != true) obj.Remove(name);
        }
    }
}
