using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Conversion;

/// <summary>
/// The metrics of autoscalers in the two versions' notations: v2 nests the metric and its target, v1 has them flat. Wanted and current metrics differ in how their values are called.
/// </summary>
internal static class AutoscalerMetrics
{
    private static readonly (string Type, string Field)[] Sources =
        [("Resource", "resource"), ("ContainerResource", "containerResource"), ("Pods", "pods"), ("Object", "object"), ("External", "external")];

    /// <summary>A v2 MetricSpec (or MetricStatus, where <paramref name="current"/>) in v1's notation.</summary>
    internal static JsonObject ToVersion1(JsonObject metric, bool current)
    {
        var result = new JsonObject { ["type"] = metric["type"]?.DeepClone() };
        foreach (var (type, field) in Sources)
        {
            if (metric[field] is not JsonObject source) continue;
            var flat = new JsonObject();
            foreach (var name in (ReadOnlySpan<string>)["name", "container"]) Copy(source, name, flat, name);
            if (source["describedObject"] is { } described) flat["target"] = described.DeepClone();
            if (source["metric"] is JsonObject identity)
            {
                Copy(identity, "name", flat, "metricName");
                Copy(identity, "selector", flat, SelectorName(type));
            }
            if (source[current ? "current" : "target"] is JsonObject values)
                foreach (var (nested, plain) in ValueNames(type, current)) Copy(values, nested, flat, plain);
            result[field] = flat;
        }
        return result;
    }

    /// <summary>A v1 MetricSpec (or MetricStatus, where <paramref name="current"/>) in v2's notation.</summary>
    internal static JsonObject ToVersion2(JsonObject metric, bool current)
    {
        var result = new JsonObject { ["type"] = metric["type"]?.DeepClone() };
        foreach (var (type, field) in Sources)
        {
            if (metric[field] is not JsonObject flat) continue;
            var source = new JsonObject();
            foreach (var name in (ReadOnlySpan<string>)["name", "container"]) Copy(flat, name, source, name);
            if (flat["target"] is JsonObject described) source["describedObject"] = described.DeepClone();
            if (flat["metricName"] is not null)
            {
                var identity = new JsonObject();
                Copy(flat, "metricName", identity, "name");
                Copy(flat, SelectorName(type), identity, "selector");
                source["metric"] = identity;
            }
            var values = new JsonObject();
            foreach (var (nested, plain) in ValueNames(type, current)) Copy(flat, plain, values, nested);
            if (!current) values["type"] = values["averageUtilization"] is not null ? "Utilization" : values["averageValue"] is not null ? "AverageValue" : "Value";
            source[current ? "current" : "target"] = values;
            result[field] = source;
        }
        return result;
    }

    private static string SelectorName(string type) => type == "External" ? "metricSelector" : "selector";

    private static IEnumerable<(string Nested, string Flat)> ValueNames(string type, bool current)
    {
        var prefix = current ? "current" : "target";
        if (type is "Resource" or "ContainerResource") yield return ("averageUtilization", $"{prefix}AverageUtilization");
        if (type is "Object" or "External") yield return ("value", $"{prefix}Value");
        yield return ("averageValue", type == "Object" ? "averageValue" : $"{prefix}AverageValue");
    }

    private static void Copy(JsonObject from, string name, JsonObject to, string under)
    {
        if (from[name] is { } value) to[under] = value.DeepClone();
    }
}
