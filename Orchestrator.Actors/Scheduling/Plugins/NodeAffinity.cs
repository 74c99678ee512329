namespace Orchestrator.Actors.Scheduling.Plugins;

/// <summary>
/// spec.nodeSelector and required node affinity filter (both must match); preferred terms score by the sum of their weights. A profile's added affinity counts
/// beside that of every pod.
/// </summary>
public sealed class NodeAffinity(AddedAffinity added) : IFilterPlugin, IScorePlugin
{
    private static readonly FilterStatus Enforced = new("NodeAffinity", true, "node(s) didn't match scheduler-enforced node affinity");
    private static readonly FilterStatus Refusal = new("NodeAffinity", true, "node(s) didn't match Pod's node affinity/selector");

    /// <summary>Without added affinity.</summary>
    public NodeAffinity() : this(AddedAffinity.None) { }

    /// <inheritdoc cref="IFilterPlugin.Name"/>
    public string Name => "NodeAffinity";

    /// <inheritdoc/>
    public long Weight => 2;

    /// <inheritdoc/>
    public ClusterChange HelpedBy => ClusterChange.NodeAdded | ClusterChange.NodeLabels;

    IPodFilter? IFilterPlugin.Prepare(PodInfo pod, NodeTable nodes) =>
        pod.NodeSelector is null && pod.RequiredNodeTerms is null && added.Required.Length == 0 ? null : new Filter(pod, added);

    IPodScore? IScorePlugin.Prepare(PodInfo pod, NodeTable nodes, ReadOnlySpan<NodeInfo> feasible) =>
        pod.PreferredNodeTerms.Length + added.Preferred.Length == 0 ? null : new Preference([.. pod.PreferredNodeTerms, .. added.Preferred]);

    /// <summary>Whether the pod's nodeSelector and required node affinity allow the node. Allocates nothing.</summary>
    public static bool Allows(PodInfo pod, NodeInfo node)
    {
        if (pod.NodeSelector is { } selector)
            foreach (var (key, value) in selector)
                if (!node.Labels.TryGetValue(key, out var actual) || actual != value) return false;
        if (pod.RequiredNodeTerms is not { } terms) return true;
        foreach (var term in terms)
            if (term.Matches(node)) return true;
        return false;
    }

    private sealed class Filter(PodInfo pod, AddedAffinity added) : IPodFilter
    {
        /// <summary>DaemonSets pin each of their pods to a node by name: such a pod need not ask thousands of others.</summary>
        public IReadOnlyCollection<string>? OnlyNodes =>
            pod.RequiredNodeTerms is { Length: > 0 } terms && Array.TrueForAll(terms, t => t.Names is not null) ? terms.SelectMany(t => t.Names!).ToHashSet(StringComparer.Ordinal) : null;

        public FilterStatus? Check(NodeInfo node) => !added.Allows(node) ? Enforced : Allows(pod, node) ? null : Refusal;

        public string Remedy(NodeInfo node) => !added.Allows(node) ? $"the node's labels must match the profile's added affinity: {added}" : $"the node's labels must match the pod's {(pod.NodeSelector is null ? "required node affinity" : "nodeSelector" + (pod.RequiredNodeTerms is null ? "" : " and required node affinity"))}: {pod.NodeAffinityKey.Replace("\n", " ", StringComparison.Ordinal)}";
    }

    private sealed class Preference((long Weight, NodeTerm Term)[] terms) : IPodScore
    {
        public long Score(NodeInfo node)
        {
            long sum = 0;
            foreach (var (weight, term) in terms)
                if (term.Matches(node)) sum += weight;
            return sum;
        }

        public void Normalize(Span<long> scores) => ScoreNormalization.ToHundred(scores, reverse: false);
    }
}
