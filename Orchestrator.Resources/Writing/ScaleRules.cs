using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Resources.Writing;

/// <summary>The <c>scale</c> subresource: an autoscaling/v1 Scale is a view of an object's replica counts and selector.</summary>
public static class ScaleRules
{
    /// <summary>The Scale of an object. <paramref name="resourceVersion"/> is the object's.</summary>
    public static JsonObject View(JsonObject obj, long resourceVersion)
    {
        var metadata = new JsonObject { ["name"] = ObjectMeta.Get(obj, "name") };
        if (ObjectMeta.Get(obj, "namespace") is { Length: > 0 } ns) metadata["namespace"] = ns;
        metadata["uid"] = ObjectMeta.Get(obj, "uid");
        metadata["resourceVersion"] = resourceVersion.ToString(System.Globalization.CultureInfo.InvariantCulture);
        metadata["creationTimestamp"] = ObjectMeta.Get(obj, "creationTimestamp");
        var status = new JsonObject { ["replicas"] = (int?)obj["status"]?["replicas"] ?? 0 };
        if (SelectorText(obj["spec"]?["selector"]) is { Length: > 0 } selector) status["selector"] = selector;
        return new JsonObject
        {
            ["kind"] = "Scale",
            ["apiVersion"] = "autoscaling/v1",
            ["metadata"] = metadata,
            ["spec"] = new JsonObject { ["replicas"] = (int?)obj["spec"]?["replicas"] ?? 0 },
            ["status"] = status,
        };
    }

    /// <summary>The object with the Scale's replica count; metadata preconditions of the Scale carry over.</summary>
    public static JsonObject Apply(JsonObject obj, JsonObject scale)
    {
        var changed = obj.DeepClone().AsObject();
        if (changed["spec"] is not JsonObject spec) changed["spec"] = spec = [];
        spec["replicas"] = (int?)scale["spec"]?["replicas"] ?? 0;
        foreach (var field in (ReadOnlySpan<string>)["resourceVersion", "uid"])
            if (ObjectMeta.Get(scale, field) is { Length: > 0 } value) ObjectMeta.Of(changed)[field] = value;
        return changed;
    }

    /// <summary>Whether the kind has this subresource.</summary>
    public static bool Has(ResourceKind kind) => kind.Subresources.Contains("scale");

    private static string SelectorText(JsonNode? selector)
    {
        // ReplicationControllers select by a plain map, the others by a LabelSelector.
        if (selector is not JsonObject map) return "";
        var labels = map["matchLabels"] as JsonObject ?? (map["matchExpressions"] is null ? map : []);
        var parts = labels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}={(string?)l.Value}").ToList();
        foreach (var expression in map["matchExpressions"] as JsonArray ?? [])
        {
            var key = (string?)expression?["key"] ?? "";
            var values = string.Join(",", (expression?["values"] as JsonArray ?? []).Select(v => (string?)v));
            parts.Add((string?)expression?["operator"] switch
            {
                "In" => $"{key} in ({values})",
                "NotIn" => $"{key} notin ({values})",
                "Exists" => key,
                _ => $"!{key}",
            });
        }
        return string.Join(",", parts);
    }
}
