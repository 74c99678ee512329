using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Meta.V1;

namespace Orchestrator.Tests.Actors.Scheduling;

/// <summary>Labels, taints and terms read off the objects, the slow and obvious way.</summary>
internal static class ObviousRules
{
    public static bool Selects(LabelSelector? selector, Dictionary<string, string>? labels)
    {
        labels ??= [];
        if (selector is null) return false;
        foreach (var (key, value) in selector.MatchLabels ?? [])
            if (labels.GetValueOrDefault(key) != value) return false;
        foreach (var e in selector.MatchExpressions ?? [])
        {
            var has = labels.TryGetValue(e.Key, out var value);
            var holds = e.Operator switch
            {
                "In" => has && e.Values!.Contains(value!),
                "NotIn" => !has || !e.Values!.Contains(value!),
                "Exists" => has,
                _ => !has,
            };
            if (!holds) return false;
        }
        return true;
    }

    /// <summary>Whether a term of <paramref name="holder"/> means <paramref name="other"/>.</summary>
    public static bool Means(PodAffinityTerm term, Pod holder, Pod other, RandomCluster cluster)
    {
        var namespaces = term.Namespaces ?? [];
        if (namespaces.Count == 0 && term.NamespaceSelector is null) namespaces = [holder.Metadata.Namespace];
        if (!namespaces.Contains(other.Metadata.Namespace) && !Selects(term.NamespaceSelector, cluster.Namespaces[other.Metadata.Namespace])) return false;
        if (term.LabelSelector is null || !Selects(term.LabelSelector, other.Metadata.Labels)) return false;
        foreach (var key in term.MatchLabelKeys ?? [])
            if (holder.Metadata.Labels!.TryGetValue(key, out var own) && other.Metadata.Labels!.GetValueOrDefault(key) != own) return false;
        foreach (var key in term.MismatchLabelKeys ?? [])
            if (holder.Metadata.Labels!.TryGetValue(key, out var own) && other.Metadata.Labels!.GetValueOrDefault(key) == own) return false;
        return true;
    }

    /// <summary>Whether a spread constraint of <paramref name="holder"/> counts <paramref name="other"/>, wherever it runs. One that asks for nothing counts nothing.</summary>
    public static bool Counts(TopologySpreadConstraint constraint, Pod holder, Pod other) =>
        (constraint.LabelSelector is not { MatchLabels: null or { Count: 0 }, MatchExpressions: null or { Count: 0 } } || (constraint.MatchLabelKeys ?? []).Exists(k => holder.Metadata.Labels!.ContainsKey(k)))
        && Selected(constraint, holder, other);

    /// <summary>Whether its selector, its matchLabelKeys included, selects the pod.</summary>
    public static bool Selected(TopologySpreadConstraint constraint, Pod holder, Pod other) =>
        other.Metadata.Namespace == holder.Metadata.Namespace && other.Metadata.DeletionTimestamp is null && Selects(constraint.LabelSelector, other.Metadata.Labels)
        && (constraint.MatchLabelKeys ?? []).TrueForAll(k => !holder.Metadata.Labels!.TryGetValue(k, out var own) || other.Metadata.Labels!.GetValueOrDefault(k) == own);

    public static bool Tolerates(Pod pod, Taint taint) => (pod.Spec.Tolerations ?? []).Exists(t =>
        (string.IsNullOrEmpty(t.Effect) || t.Effect == taint.Effect) && (t.Operator == "Exists" ? string.IsNullOrEmpty(t.Key) || t.Key == taint.Key : t.Key == taint.Key && t.Value == taint.Value));

    public static bool Matches(NodeSelectorTerm term, Node node) => term.MatchExpressions is { Count: > 0 } expressions && expressions.TrueForAll(e =>
    {
        var has = node.Metadata.Labels!.TryGetValue(e.Key, out var value);
        return e.Operator == "In" ? has && e.Values!.Contains(value!) : !has || !e.Values!.Contains(value!);
    });

    public static bool NodeAffinityAllows(Pod pod, Node node)
    {
        foreach (var (key, value) in pod.Spec.NodeSelector ?? [])
            if (node.Metadata.Labels!.GetValueOrDefault(key) != value) return false;
        return pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution is not { } required || required.NodeSelectorTerms!.Exists(t => Matches(t, node));
    }

    public static string? Label(Node node, string key) => node.Metadata.Labels!.GetValueOrDefault(key);
}
