using System.Text.Json.Nodes;
using Orchestrator.Resources.Cel;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Resources.Extensions;

/// <summary>
/// The validation rules (CEL) of a schema, where they stand in it (apiextensions-apiserver pkg/apiserver/schema/cel). Immutable. Only the branches of the schema that hold rules
/// are walked.
/// </summary>
internal sealed class SchemaRules
{
    /// <summary>How upstream writes the path of the whole object.</summary>
    internal const string Root = "<nil>";

    private readonly JsonSchema _schema;
    private readonly IReadOnlyList<SchemaRule> _rules;
    private readonly Dictionary<string, SchemaRules> _properties;
    private readonly SchemaRules? _items;
    private readonly SchemaRules? _values;

    private SchemaRules(JsonSchema schema, IReadOnlyList<SchemaRule> rules, Dictionary<string, SchemaRules> properties, SchemaRules? items, SchemaRules? values) =>
        (_schema, _rules, _properties, _items, _values) = (schema, rules, properties, items, values);

    /// <summary>Compiles the rules of a kind's schema, or returns null where it has none. Rules that are wrong are reported at their path and left out.</summary>
    internal static SchemaRules? Compile(JsonSchema schema, string path, FieldErrors errors) => Compile(schema, path, resource: true, correlatable: true, errors);

    /// <summary>Checks an object; <paramref name="old"/> is what it was, or null.</summary>
    internal void Check(JsonObject obj, JsonObject? old, FieldErrors errors)
    {
        var budget = CelProgram.RunLimit;
        Check(obj, old, old is not null, "", ref budget, errors);
    }

    private static SchemaRules? Compile(JsonSchema schema, string path, bool resource, bool correlatable, FieldErrors errors)
    {
        var type = SchemaTypes.Of(schema, resource);
        var rules = schema.Rules.Select((r, i) => SchemaRule.Compile(r, schema, type, correlatable, $"{path}.x-kubernetes-validations[{i}]", errors)).OfType<SchemaRule>().ToList();
        var properties = new Dictionary<string, SchemaRules>(StringComparer.Ordinal);
        foreach (var (name, property) in schema.Properties)
            if (Compile(property, $"{path}.properties[{name}]", false, correlatable, errors) is { } below) properties[name] = below;
        // Only the items of a list by keys can be told from one state to the next.
        var items = schema.Items is null ? null : Compile(schema.Items, $"{path}.items", false, correlatable && schema.ListType == "map", errors);
        var values = schema.AdditionalProperties is null ? null : Compile(schema.AdditionalProperties, $"{path}.additionalProperties", false, correlatable, errors);
        return rules.Count == 0 && properties.Count == 0 && items is null && values is null ? null : new SchemaRules(schema, rules, properties, items, values);
    }

    private void Check(JsonNode? value, JsonNode? old, bool hasOld, string path, ref long budget, FieldErrors errors)
    {
        // What is null has no rules of its own: whoever holds it says whether it may be.
        if (value is null || budget < 0) return;
        var type = _schema.IntOrString ? "" : _schema.Type;
        if (budget == 0 && _rules.Count > 0)
        {
            budget = -1;
            errors.Invalid(path.Length == 0 ? Root : path, type, new CelBudgetException().Message);
            return;
        }
        foreach (var rule in _rules)
        {
            rule.Check(value, old, hasOld, type, path, ref budget, errors);
            if (budget < 0) return;
        }
        switch (value)
        {
            case JsonObject obj:
                foreach (var (name, part) in obj)
                {
                    if ((_properties.GetValueOrDefault(name) ?? (_schema.Properties.ContainsKey(name) ? null : _values)) is not { } below) continue;
                    JsonNode? was = null;
                    var had = (old as JsonObject)?.TryGetPropertyValue(name, out was) == true;
                    below.Check(part, was, had, path.Length == 0 ? name : _properties.ContainsKey(name) ? $"{path}.{name}" : $"{path}[{name}]", ref budget, errors);
                }
                break;
            case JsonArray list when _items is not null:
                for (var i = 0; i < list.Count; i++)
                {
                    var was = Before(list[i], old as JsonArray);
                    _items.Check(list[i], was, was is not null, $"{path}[{i}]", ref budget, errors);
                }
                break;
        }
    }

    private JsonNode? Before(JsonNode? item, JsonArray? old)
    {
        if (_schema.ListType != "map" || old is null) return null;
        foreach (var candidate in old)
            if (_schema.ListMapKeys.All(k => JsonNode.DeepEquals((candidate as JsonObject)?[k], (item as JsonObject)?[k]))) return candidate;
        return null;
    }
}
