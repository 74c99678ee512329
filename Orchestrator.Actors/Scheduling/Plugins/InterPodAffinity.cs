using Orchestrator.Actors.Scheduling.Topology;

namespace Orchestrator.Actors.Scheduling.Plugins;

/// <summary>
/// Pods that want to be, or not to be, where certain other pods are; and pods on nodes that do not want the new one near. Required terms filter; preferred ones
/// score by weight, in both directions, and a required affinity of a pod that is there counts with <paramref name="hardWeight"/>.
/// </summary>
/// <param name="hardWeight">hardPodAffinityWeight, 0 to 100.</param>
public sealed class InterPodAffinity(int hardWeight = 1) : IFilterPlugin, IScorePlugin
{
    private static readonly FilterStatus NotTogether = new("InterPodAffinity", true, "node(s) didn't match pod affinity rules");
    private static readonly FilterStatus NotApart = new("InterPodAffinity", false, "node(s) didn't match pod anti-affinity rules");
    private static readonly FilterStatus Unwelcome = new("InterPodAffinity", false, "node(s) didn't satisfy existing pods anti-affinity rules");

    /// <inheritdoc cref="IFilterPlugin.Name"/>
    public string Name => "InterPodAffinity";

    /// <inheritdoc/>
    public long Weight => 2;

    /// <inheritdoc/>
    public ClusterChange HelpedBy => ClusterChange.NodeAdded | ClusterChange.NodeLabels | ClusterChange.PodCame | ClusterChange.PodLeft | ClusterChange.NamespaceLabels;

    /// <inheritdoc/>
    public bool LooksBeyondTheNode => true;

    /// <inheritdoc/>
    public bool MayHelp(in ClusterEvent change, PodInfo pod, NodeTable nodes)
    {
        if (change.Pod is not { } other) return true;
        if (change.Change == ClusterChange.PodCame) return Any(pod, AffinityRule.Required, other, nodes);
        // Also the last of the pods it wants to be with: where none is left, the pod may be the first of its kind anywhere.
        return Any(pod, AffinityRule.RequiredApart, other, nodes) || Any(other, AffinityRule.RequiredApart, pod, nodes) || Any(pod, AffinityRule.Required, other, nodes);
    }

    private static bool Any(PodInfo holder, AffinityRule rule, PodInfo meant, NodeTable nodes)
    {
        foreach (var term in holder.AffinityTerms)
            if (term.Rule == rule && nodes.Topology.Means(term.Pods, meant)) return true;
        return false;
    }

    IPodFilter? IFilterPlugin.Prepare(PodInfo pod, NodeTable nodes)
    {
        var topology = nodes.Topology;
        List<DomainCounter>? unwelcome = null;
        foreach (var held in topology.TermsAbout(pod))
            if (held.Term.Rule == AffinityRule.RequiredApart) (unwelcome ??= []).Add(held.Holders);
        var together = Array.FindAll(pod.AffinityTerms, t => t.Rule == AffinityRule.Required);
        var apart = Array.FindAll(pod.AffinityTerms, t => t.Rule == AffinityRule.RequiredApart);
        if (unwelcome is null && together.Length + apart.Length == 0) return null;
        // Only pods that all terms of the affinity mean count for it; a term of anti-affinity stands for itself.
        var all = Array.ConvertAll(together, t => t.Pods);
        return new Filter(
            Array.ConvertAll(together, t => topology.Counter(all, true, topology.Key(t.TopologyKey), topology.AllNodes)),
            together.Length > 0 && Array.TrueForAll(all, t => topology.Means(t, pod)),
            Array.ConvertAll(apart, t => topology.Counter([t.Pods], true, topology.Key(t.TopologyKey), topology.AllNodes)),
            unwelcome?.ToArray() ?? []);
    }

    IPodScore? IScorePlugin.Prepare(PodInfo pod, NodeTable nodes, ReadOnlySpan<NodeInfo> feasible)
    {
        var topology = nodes.Topology;
        List<(DomainCounter, long)>? opinions = null;
        foreach (var term in pod.AffinityTerms)
        {
            if (term.Rule is not (AffinityRule.Preferred or AffinityRule.PreferredApart)) continue;
            Add(topology.Counter([term.Pods], true, topology.Key(term.TopologyKey), topology.AllNodes), term.Rule == AffinityRule.Preferred ? term.Weight : -term.Weight);
        }
        foreach (var held in topology.TermsAbout(pod))
            Add(held.Holders, held.Term.Rule switch
            {
                AffinityRule.Preferred => held.Term.Weight,
                AffinityRule.PreferredApart => -held.Term.Weight,
                AffinityRule.Required => hardWeight,
                _ => 0,
            });
        return opinions is null ? null : new Preference([.. opinions]);

        void Add(DomainCounter counter, long weight)
        {
            if (weight != 0 && counter.Total > 0) (opinions ??= []).Add((counter, weight));
        }
    }

    private sealed class Filter(DomainCounter[] together, bool meansItself, DomainCounter[] apart, DomainCounter[] unwelcome) : IPodFilter
    {
        public FilterStatus? Check(NodeInfo node)
        {
            if (!IsTogether(node)) return NotTogether;
            foreach (var counter in apart)
                if (counter.At(node) > 0) return NotApart;
            foreach (var counter in unwelcome)
                if (counter.At(node) > 0) return Unwelcome;
            return null;
        }

        public string Remedy(NodeInfo node)
        {
            var verdict = Check(node);
            if (verdict == NotTogether) return "a pod that the required pod affinity selects must run in the node's topology domain";
            return verdict == NotApart
                ? "the pods that the required pod anti-affinity selects must leave the node's topology domain"
                : "the pods in the node's topology domain whose anti-affinity selects this pod must leave";
        }

        private bool IsTogether(NodeInfo node)
        {
            var missing = false;
            foreach (var counter in together)
            {
                var domain = counter.Key.DomainOf(node);
                if (domain == TopologyKey.None) return false;
                missing |= counter.In(domain) == 0;
            }
            return !missing || (meansItself && IsFirst());
        }

        /// <summary>The first of a group of pods that want to be together may go anywhere.</summary>
        private bool IsFirst()
        {
            foreach (var counter in together)
                if (counter.Total > 0) return false;
            return true;
        }
    }

    private sealed class Preference((DomainCounter Pods, long Weight)[] opinions) : IPodScore
    {
        public long Score(NodeInfo node)
        {
            long sum = 0;
            foreach (var (pods, weight) in opinions) sum += weight * pods.At(node);
            return sum;
        }

        public void Normalize(Span<long> scores) => ScoreNormalization.Stretch(scores);
    }
}
