using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Extensions;

/// <summary>Takes away what a schema does not declare (apiextensions-apiserver structural pruning), from objects that no client has sent: those that were converted.</summary>
internal static class SchemaPruning
{
    /// <summary>Prunes an object of a kind in place; its envelope stays.</summary>
    internal static void Prune(JsonObject obj, JsonSchema schema) => Object(obj, schema, envelope: true, "", null);

    /// <summary>The paths that <see cref="Prune"/> would take away, as <c>.spec.parts[0].size</c>; the object stays as it is.</summary>
    internal static IReadOnlyList<string> Undeclared(JsonObject obj, JsonSchema schema)
    {
        var found = new List<string>();
        Object(obj, schema, envelope: true, "", found);
        return found;
    }

    private static void Value(JsonNode? value, JsonSchema schema, string path, List<string>? found)
    {
        switch (value)
        {
            case JsonObject obj:
                Object(obj, schema, schema.EmbeddedResource, path, found);
                break;
            case JsonArray list when schema.Items is { } items:
                for (var i = 0; i < list.Count; i++) Value(list[i], items, found is null ? "" : $"{path}[{i}]", found);
                break;
        }
    }

    private static void Object(JsonObject obj, JsonSchema schema, bool envelope, string path, List<string>? found)
    {
        foreach (var (name, value) in obj.ToList())
        {
            if (envelope && name is "apiVersion" or "kind" or "metadata") continue;
            var part = found is null ? "" : $"{path}.{name}";
            if ((schema.Properties.GetValueOrDefault(name) ?? schema.AdditionalProperties) is { } declared) Value(value, declared, part, found);
            else if (schema.PreserveUnknown || schema.AllowsAdditional == true) continue;
            else if (found is null) obj.Remove(name);
            else found.Add(part);
        }
    }
}
