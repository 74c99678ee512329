using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Resources.Writing;

/// <summary>The <c>scale</c> subresource: an autoscaling/v1 Scale is a view of an object's replica counts and selector.</summary>
public static class ScaleRules
{
    /// <summary>The Scale of an object. <paramref name="resourceVersion"/> is the object's.</summary>
    public static JsonObject View(ResourceKind kind, JsonObject obj, long resourceVersion)
    {
        var metadata = new JsonObject { ["name"] = ObjectMeta.Get(obj, "name") };
        if (ObjectMeta.Get(obj, "namespace") is { Length: > 0 } ns) metadata["namespace"] = ns;
        metadata["uid"] = ObjectMeta.Get(obj, "uid");
        metadata["resourceVersion"] = resourceVersion.ToString(System.Globalization.CultureInfo.InvariantCulture);
        metadata["creationTimestamp"] = ObjectMeta.Get(obj, "creationTimestamp");
        var status = new JsonObject { ["replicas"] = Count(kind.Scale.Status, obj) };
        if (SelectorText(At(kind.Scale.Selector, obj)) is { Length: > 0 } selector) status["selector"] = selector;
        return new JsonObject
        {
            ["kind"] = "Scale",
            ["apiVersion"] = "autoscaling/v1",
            ["metadata"] = metadata,
            ["spec"] = new JsonObject { ["replicas"] = Count(kind.Scale.Spec, obj) },
            ["status"] = status,
        };
    }

    /// <summary>The object with the Scale's replica count; metadata preconditions of the Scale carry over.</summary>
    public static JsonObject Apply(ResourceKind kind, JsonObject obj, JsonObject scale)
    {
        var changed = obj.DeepClone().AsObject();
        SetReplicas(kind, changed, (int?)scale["spec"]?["replicas"] ?? 0);
        foreach (var field in (ReadOnlySpan<string>)["resourceVersion", "uid"])
            if (ObjectMeta.Get(scale, field) is { Length: > 0 } value) ObjectMeta.Of(changed)[field] = value;
        return changed;
    }

    /// <summary>Sets an object's replica count; returns the object.</summary>
    public static JsonObject SetReplicas(ResourceKind kind, JsonObject obj, int replicas)
    {
        var at = obj;
        foreach (var name in kind.Scale.Spec.Take(kind.Scale.Spec.Count - 1))
        {
            if (at[name] is not JsonObject next) at[name] = next = [];
            at = next;
        }
        at[kind.Scale.Spec[^1]] = replicas;
        return obj;
    }

    /// <summary>The replicas that an object of a kind with a scale wants; 0 where it does not say.</summary>
    public static int Replicas(ResourceKind kind, JsonObject obj) => Count(kind.Scale.Spec, obj);

    /// <summary>Whether the kind has this subresource.</summary>
    public static bool Has(ResourceKind kind) => kind.Subresources.Contains("scale");

    private static int Count(IReadOnlyList<string> path, JsonObject obj) => At(path, obj) is JsonValue value && value.TryGetValue<int>(out var count) ? count : 0;

    private static JsonNode? At(IReadOnlyList<string> path, JsonObject obj) => path.Count == 0 ? null : path.Aggregate((JsonNode?)obj, (at, name) => (at as JsonObject)?[name]);

    private static string SelectorText(JsonNode? selector)
    {
        // A custom resource keeps the selector as text.
        if (selector is JsonValue plain && plain.TryGetValue<string>(out var written)) return written;
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
