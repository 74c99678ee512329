namespace Orchestrator.Actors.Scheduling.Plugins;

/// <summary>
/// spec.nodeSelector and required node affinity filter (both must match); preferred terms score by the sum of their weights.
/// </summary>
public sealed class NodeAffinity : IFilterPlugin, IScorePlugin
{
    private static readonly FilterStatus Refusal = new("NodeAffinity", true, "node(s) didn't match Pod's node affinity/selector");

    /// <inheritdoc cref="IFilterPlugin.Name"/>
    public string Name => "NodeAffinity";

    /// <inheritdoc/>
    public long Weight => 2;

    /// <inheritdoc/>
    public ClusterChange HelpedBy => ClusterChange.NodeAdded | ClusterChange.NodeLabels;

    IPodFilter? IFilterPlugin.Prepare(PodInfo pod, NodeTable nodes) =>
        pod.NodeSelector is null && pod.RequiredNodeTerms is null ? null : new Filter(pod);

    IPodScore? IScorePlugin.Prepare(PodInfo pod, NodeTable nodes) => pod.PreferredNodeTerms.Length == 0 ? null : new Preference(pod.PreferredNodeTerms);

    private sealed class Filter(PodInfo pod) : IPodFilter
    {
        public FilterStatus? Check(NodeInfo node)
        {
            if (pod.NodeSelector is { } selector)
                foreach (var (key, value) in selector)
                    if (!node.Labels.TryGetValue(key, out var actual) || actual != value) return Refusal;
            return pod.RequiredNodeTerms is { } terms && !AnyMatches(terms, node) ? Refusal : null;
        }

        private static bool AnyMatches(NodeTerm[] terms, NodeInfo node)
        {
            foreach (var term in terms)
                if (term.Matches(node)) return true;
            return false;
        }
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
