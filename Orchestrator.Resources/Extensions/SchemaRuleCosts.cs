using System.Globalization;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Cel;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Resources.Extensions;

/// <summary>
/// What the validation rules of a schema cost at most by its own limits, each as often as its values can be there; a definition whose rules could cost too much is refused
/// (apiextensions-apiserver pkg/apis/apiextensions/validation).
/// </summary>
internal sealed class SchemaRuleCosts
{
    private const ulong RuleLimit = 10_000_000;
    private const ulong SchemaLimit = 100_000_000;
    private const int MostNamed = 4;

    private readonly bool _known;
    private readonly FieldErrors _errors;
    private readonly List<(string Path, ulong Cost)> _expensive = [];
    private ulong _total;

    private SchemaRuleCosts(bool known, FieldErrors errors) => (_known, _errors) = (known, errors);

    /// <summary>Reports what costs too much. <paramref name="known"/>: the definition has this very schema already, so its rules stay; only their total is looked at.</summary>
    internal static void Check(JsonSchema schema, string path, bool known, FieldErrors errors)
    {
        var costs = new SchemaRuleCosts(known, errors);
        costs.Walk(schema, resource: true, times: 1, path);
        if (costs._total <= SchemaLimit) return;
        foreach (var (rule, _) in costs._expensive.OrderByDescending(r => r.Cost).Take(MostNamed)) errors.Forbidden(rule, "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema");
        errors.Forbidden(path, TooMuch("x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema", costs._total, SchemaLimit));
    }

    // times: how many values there can be; null where a list or map above has no limit of its own.
    private void Walk(JsonSchema schema, bool resource, ulong? times, string path)
    {
        if (schema.Rules.Count > 0 && SchemaSizes.Of(schema, resource || schema.EmbeddedResource) is { } sizes)
        {
            var type = SchemaTypes.Of(schema, resource);
            for (var i = 0; i < schema.Rules.Count; i++) Rule(schema.Rules[i], type, sizes, times, $"{path}.x-kubernetes-validations[{i}]");
        }
        foreach (var (name, property) in schema.Properties) Walk(property, false, Below(times, schema), $"{path}.properties[{name}]");
        if (schema.Items is { } items) Walk(items, false, Below(times, schema), $"{path}.items");
        if (schema.AdditionalProperties is { } values) Walk(values, false, Below(times, schema), $"{path}.additionalProperties");
    }

    private static ulong? Below(ulong? times, JsonSchema schema)
    {
        var each = schema.Type switch
        {
            "array" => SchemaSizes.Limit(schema, "maxItems"),
            "object" when schema.AdditionalProperties is not null => SchemaSizes.Limit(schema, "maxProperties"),
            _ => 1,
        };
        return times is { } above && each is { } limit ? CelEstimate.Product(above, (ulong)limit) : null;
    }

    private void Rule(JsonObject rule, CelType type, CelSizes sizes, ulong? times, string path)
    {
        var old = rule["optionalOldSelf"] is JsonValue flag && flag.TryGetValue<bool>(out var optional) && optional ? CelType.Optional(type) : type;
        CelVariable[] variables = [new("self", type), new("oldSelf", old)];
        // Without a limit above: as often as the smallest of them fits into a request.
        var count = times ?? (ulong)(SchemaSizes.Request / (sizes.Least + 1));
        Observe(rule, "rule", "estimated rule cost", variables, sizes, count, path);
        Observe(rule, "messageExpression", "estimated messageExpression cost", variables, sizes, 1, path); // there is one message for one violation
    }

    private void Observe(JsonObject rule, string field, string what, CelVariable[] variables, CelSizes sizes, ulong count, string path)
    {
        if (rule[field] is not JsonValue value || !value.TryGetValue<string>(out var text) || text.Trim().Length == 0) return;
        ulong cost;
        try
        {
            cost = CelEstimate.Product(CelProgram.Estimate(text, variables, sizes).Max, count);
        }
        catch (CelCompileException)
        {
            return; // reported where rules are compiled
        }
        if (cost > RuleLimit && !_known) _errors.Forbidden($"{path}.{field}", TooMuch(what, cost, RuleLimit));
        _total = CelEstimate.Sum(_total, cost);
        if (cost >= SchemaLimit / 100) _expensive.Add(($"{path}.{field}", cost));
    }

    private static string TooMuch(string what, ulong cost, ulong limit)
    {
        var factor = (double)cost / limit;
        var shown = factor > 100 ? "more than 100x" : factor < 1.5 ? factor.ToString("F6", CultureInfo.InvariantCulture) + "x" : factor.ToString("F1", CultureInfo.InvariantCulture) + "x";
        return $"{what} exceeds budget by factor of {shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";
    }
}
