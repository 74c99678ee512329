using Orchestrator.Actors.Scheduling.Topology;

namespace Orchestrator.Actors.Scheduling.Plugins;

/// <summary>
/// Keeps pods spread over topology domains: no domain may have more than maxSkew pods above the emptiest one (DoNotSchedule), or should (ScheduleAnyway). Pods
/// without constraints of their own get the profile's default ones, over the pods that their Services and controller select.
/// </summary>
public sealed class PodTopologySpread(SpreadDefaults defaults) : IFilterPlugin, IScorePlugin
{
    private const string Hostname = "kubernetes.io/hostname";

    private static readonly FilterStatus MissingLabel = new("PodTopologySpread", true, "node(s) didn't match pod topology spread constraints (missing required label)");
    private static readonly FilterStatus Skewed = new("PodTopologySpread", false, "node(s) didn't match pod topology spread constraints");

    private int[] _seen = [];
    private int _round;

    /// <summary>With Kubernetes' built-in defaults.</summary>
    public PodTopologySpread() : this(SpreadDefaults.System) { }

    /// <inheritdoc cref="IFilterPlugin.Name"/>
    public string Name => "PodTopologySpread";

    /// <inheritdoc/>
    public long Weight => 2;

    /// <inheritdoc/>
    public ClusterChange HelpedBy => ClusterChange.NodeAdded | ClusterChange.NodeLabels | ClusterChange.NodeTaints | ClusterChange.PodCame | ClusterChange.PodLeft;

    /// <inheritdoc/>
    public bool LooksBeyondTheNode => true;

    /// <inheritdoc/>
    public bool MayHelp(in ClusterEvent change, PodInfo pod, NodeTable nodes)
    {
        foreach (var constraint in Constraints(pod, nodes, hard: true))
        {
            if (change.Pod is { } other ? nodes.Topology.Means(constraint.Pods, other) : (change.Change & ~ClusterChange.NodeTaints) != 0 || constraint.HonorTaints) return true;
        }
        return false;
    }

    IPodFilter? IFilterPlugin.Prepare(PodInfo pod, NodeTable nodes)
    {
        var constraints = Constraints(pod, nodes, hard: true);
        if (constraints.Length == 0) return null;
        var limits = new Limit[constraints.Length];
        for (var i = 0; i < limits.Length; i++)
        {
            var constraint = constraints[i];
            limits[i] = new Limit(constraint, Counter(pod, constraint, constraints, true, nodes.Topology), constraint.MeansItself ? 1 : 0);
        }
        return new Filter(limits);
    }

    IPodScore? IScorePlugin.Prepare(PodInfo pod, NodeTable nodes, ReadOnlySpan<NodeInfo> feasible)
    {
        var constraints = Constraints(pod, nodes, hard: false);
        if (constraints.Length == 0) return null;
        var strict = pod.SpreadConstraints.Length > 0 || !defaults.AreSystem;
        var keys = Array.ConvertAll(constraints, c => nodes.Topology.Key(c.TopologyKey));
        var counted = 0;
        foreach (var node in feasible)
            if (!strict || HasAll(keys, node)) counted++;
        var wishes = new Wish[constraints.Length];
        for (var i = 0; i < wishes.Length; i++)
        {
            var constraint = constraints[i];
            // A host's own pods are what counts there, and every host is one.
            wishes[i] = constraint.TopologyKey == Hostname
                ? new Wish(keys[i], nodes.Topology.Counter([constraint.Pods], false, nodes.Topology.EachNode, nodes.Topology.AllNodes), Math.Log(counted + 2), constraint.MaxSkew)
                : new Wish(keys[i], Counter(pod, constraint, constraints, strict, nodes.Topology), Math.Log(DomainsAmong(feasible, keys[i], strict ? keys : []) + 2), constraint.MaxSkew);
        }
        return new Preference(wishes, strict ? keys : []);
    }

    private SpreadConstraint[] Constraints(PodInfo pod, NodeTable nodes, bool hard)
    {
        if (pod.SpreadConstraints.Length > 0) return Array.FindAll(pod.SpreadConstraints, c => c.Hard == hard);
        return defaults.Has(hard) && nodes.Selectors.PodsLike(pod) is { } pods ? defaults.Over(pods, hard) : [];
    }

    /// <summary>Counts on the nodes that have every key of the constraints (unless the built-in defaults are looser), and that the policies let in.</summary>
    private static DomainCounter Counter(PodInfo pod, SpreadConstraint constraint, SpreadConstraint[] together, bool strict, TopologyIndex topology)
    {
        var labels = strict ? Array.ConvertAll(together, c => c.TopologyKey) : [];
        var honorAffinity = constraint.HonorAffinity && (pod.NodeSelector is not null || pod.RequiredNodeTerms is not null);
        var key = $"{string.Join(',', labels)}\n{(honorAffinity ? pod.NodeAffinityKey : "")}\n{(constraint.HonorTaints ? "taints " + pod.TolerationsKey : "")}";
        var subset = topology.Subset(key, node =>
            Array.TrueForAll(labels, node.Labels.ContainsKey) && (!honorAffinity || NodeAffinity.Allows(pod, node)) && (!constraint.HonorTaints || Tolerations.Tolerate(pod.Tolerations, node.Taints)));
        return topology.Counter([constraint.Pods], false, topology.Key(constraint.TopologyKey), subset);
    }

    private static bool HasAll(TopologyKey[] keys, NodeInfo node)
    {
        foreach (var key in keys)
            if (key.DomainOf(node) == TopologyKey.None) return false;
        return true;
    }

    private int DomainsAmong(ReadOnlySpan<NodeInfo> nodes, TopologyKey key, TopologyKey[] needed)
    {
        Slots.Reach(ref _seen, key.Bound + 1, 0);
        _round++;
        var domains = 0;
        foreach (var node in nodes)
        {
            if (!HasAll(needed, node)) continue;
            ref var seen = ref _seen[key.DomainOf(node) + 1]; // nodes without the label are one domain, at 0
            if (seen == _round) continue;
            seen = _round;
            domains++;
        }
        return domains;
    }

    private readonly record struct Limit(SpreadConstraint Constraint, DomainCounter Pods, int Self);

    private sealed class Filter(Limit[] limits) : IPodFilter
    {
        public FilterStatus? Check(NodeInfo node)
        {
            foreach (var limit in limits)
            {
                var domain = limit.Pods.Key.DomainOf(node);
                if (domain == TopologyKey.None) return MissingLabel;
                var least = limit.Pods.Domains < limit.Constraint.MinDomains ? 0 : limit.Pods.Least;
                if ((long)limit.Pods.In(domain) + limit.Self - least > limit.Constraint.MaxSkew) return Skewed;
            }
            return null;
        }

        public string Remedy(NodeInfo node)
        {
            foreach (var (constraint, pods, self) in limits)
            {
                var domain = pods.Key.DomainOf(node);
                if (domain == TopologyKey.None) return $"the node needs the label {constraint.TopologyKey}";
                var few = pods.Domains < constraint.MinDomains;
                if ((long)pods.In(domain) + self - (few ? 0 : pods.Least) > constraint.MaxSkew)
                    return $"its domain of {constraint.TopologyKey} has {pods.In(domain)} of the pods, the emptiest {(few ? $"counts as 0 (fewer than {constraint.MinDomains} domains)" : $"has {pods.Least}")}: the emptier ones must be able to take pods first, or maxSkew {constraint.MaxSkew} must grow";
            }
            return "";
        }
    }

    private readonly record struct Wish(TopologyKey Label, DomainCounter Pods, double Weight, int MaxSkew);

    private sealed class Preference(Wish[] wishes, TopologyKey[] needed) : IPodScore
    {
        /// <summary>A node that lacks a label gets no points at all, rather than the most for its lack of pods.</summary>
        private const long Ignored = -1;

        public long Score(NodeInfo node)
        {
            if (!HasAll(needed, node)) return Ignored;
            double sum = 0;
            foreach (var wish in wishes)
                if (wish.Label.DomainOf(node) != TopologyKey.None) sum += wish.Pods.At(node) * wish.Weight + (wish.MaxSkew - 1);
            return (long)Math.Round(sum, MidpointRounding.AwayFromZero);
        }

        public void Normalize(Span<long> scores)
        {
            long lowest = long.MaxValue, highest = long.MinValue;
            foreach (var score in scores)
                if (score != Ignored) (lowest, highest) = (Math.Min(lowest, score), Math.Max(highest, score));
            foreach (ref var score in scores)
                score = score == Ignored ? 0 : highest <= 0 ? IScorePlugin.MaxScore : IScorePlugin.MaxScore * (highest + lowest - score) / highest;
        }
    }
}
