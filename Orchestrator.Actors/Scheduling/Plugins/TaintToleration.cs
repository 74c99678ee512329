using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Scheduling.Plugins;

/// <summary>
/// Refuses nodes with a NoSchedule or NoExecute taint the pod does not tolerate, and prefers nodes with few untolerated
/// PreferNoSchedule taints. Verdicts are kept per <see cref="TaintSet"/>.
/// </summary>
public sealed class TaintToleration : IFilterPlugin, IScorePlugin
{
    private readonly Dictionary<(string Key, string Value), FilterStatus> _refusals = [];

    /// <inheritdoc cref="IFilterPlugin.Name"/>
    public string Name => "TaintToleration";

    /// <inheritdoc/>
    public long Weight => 3;

    /// <inheritdoc/>
    public ClusterChange HelpedBy => ClusterChange.NodeAdded | ClusterChange.NodeTaints;

    IPodFilter? IFilterPlugin.Prepare(PodInfo pod, NodeTable nodes) => new Filter(this, pod.Tolerations);

    IPodScore? IScorePlugin.Prepare(PodInfo pod, NodeTable nodes, ReadOnlySpan<NodeInfo> feasible) => nodes.SoftlyTainted == 0 ? null : new Preference(pod.Tolerations);

    private FilterStatus? Judge(TaintSet set, IReadOnlyList<Toleration> tolerations)
    {
        foreach (var taint in set.Taints)
        {
            if (taint.Effect is not ("NoSchedule" or "NoExecute") || Tolerations.Tolerate(tolerations, taint)) continue;
            var key = (taint.Key, taint.Value ?? "");
            if (!_refusals.TryGetValue(key, out var refusal))
                _refusals[key] = refusal = new FilterStatus(Name, true, $"node(s) had untolerated taint {{{key.Key}: {key.Item2}}}");
            return refusal;
        }
        return null;
    }

    private sealed class Filter(TaintToleration owner, IReadOnlyList<Toleration> tolerations) : IPodFilter
    {
        private readonly PerTaintSet<FilterStatus?> _verdicts = new(set => owner.Judge(set, tolerations));

        public FilterStatus? Check(NodeInfo node) => ReferenceEquals(node.Taints, TaintSet.None) ? null : _verdicts.Of(node.Taints);

        public string Remedy(NodeInfo node)
        {
            var missing = node.Taints.Taints.Where(t => t.Effect is "NoSchedule" or "NoExecute" && !Tolerations.Tolerate(tolerations, t)).ToList();
            return $"tolerate {string.Join(" and ", missing.Select(t => string.IsNullOrEmpty(t.Value) ? $"{t.Key}:{t.Effect}" : $"{t.Key}={t.Value}:{t.Effect}"))}, or remove the taint{(missing.Count == 1 ? "" : "s")} from the node";
        }
    }

    private sealed class Preference(IReadOnlyList<Toleration> tolerations) : IPodScore
    {
        private readonly PerTaintSet<long> _counts = new(set =>
            set.Taints.Count(taint => taint.Effect == "PreferNoSchedule"
                && !tolerations.Any(t => t.Effect is null or "" or "PreferNoSchedule" && Tolerations.Tolerates(t, taint))));

        public long Score(NodeInfo node) => ReferenceEquals(node.Taints, TaintSet.None) ? 0 : _counts.Of(node.Taints);

        public void Normalize(Span<long> scores) => ScoreNormalization.ToHundred(scores, reverse: true);
    }

    /// <summary>A value per taint list; neighbours in the table mostly have the same list, so the last one is kept at hand.</summary>
    private sealed class PerTaintSet<T>(Func<TaintSet, T> compute)
    {
        private readonly Dictionary<TaintSet, T> _known = new(ReferenceEqualityComparer.Instance);
        private TaintSet? _lastSet;
        private T _lastValue = default!;

        public T Of(TaintSet set)
        {
            if (ReferenceEquals(set, _lastSet)) return _lastValue;
            if (!_known.TryGetValue(set, out var value)) _known[set] = value = compute(set);
            _lastSet = set;
            return _lastValue = value;
        }
    }
}
