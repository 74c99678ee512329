using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Kinds.Core;

/// <summary>
/// Writes matchLabelKeys and mismatchLabelKeys of a new pod's inter-pod affinity into the terms' label selectors, with the values that the pod has then
/// (upstream: MatchLabelKeysInPodAffinity). Labels that change later change nothing.
/// </summary>
internal static class AffinityLabelKeys
{
    public static void Merge(JsonObject pod)
    {
        if (pod["spec"]?["affinity"] is not JsonObject affinity) return;
        var labels = pod["metadata"]?["labels"] as JsonObject;
        foreach (var kind in (ReadOnlySpan<string>)["podAffinity", "podAntiAffinity"])
        {
            foreach (var term in Items(affinity[kind]?["requiredDuringSchedulingIgnoredDuringExecution"])) MergeTerm(term, labels);
            foreach (var weighted in Items(affinity[kind]?["preferredDuringSchedulingIgnoredDuringExecution"])) MergeTerm(weighted["podAffinityTerm"] as JsonObject, labels);
        }
    }

    private static void MergeTerm(JsonObject? term, JsonObject? labels)
    {
        // Without a selector there is nothing to narrow down: validation refuses the keys then.
        if (labels is null || term?["labelSelector"] is not JsonObject selector) return;
        Add(term["matchLabelKeys"], "In");
        Add(term["mismatchLabelKeys"], "NotIn");

        void Add(JsonNode? keys, string op)
        {
            foreach (var key in (keys as JsonArray ?? []).Select(k => (string?)k).OfType<string>())
            {
                if (labels[key] is not { } value) continue;
                if (selector["matchExpressions"] is not JsonArray expressions) selector["matchExpressions"] = expressions = [];
                expressions.Add(new JsonObject { ["key"] = key, ["operator"] = op, ["values"] = new JsonArray(value.DeepClone()) });
            }
        }
    }

    private static IEnumerable<JsonObject> Items(JsonNode? list) => list is JsonArray items ? items.OfType<JsonObject>() : [];
}
