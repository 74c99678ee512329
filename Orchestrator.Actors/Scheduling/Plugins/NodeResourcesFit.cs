namespace Orchestrator.Actors.Scheduling.Plugins;

/// <summary>
/// Refuses nodes whose free allocatable amounts are below the pod's requests, naming every resource that is short, and prefers the
/// least allocated nodes (LeastAllocated over cpu and memory, weight 1 each).
/// </summary>
public sealed class NodeResourcesFit(ResourceColumns columns) : IFilterPlugin, IScorePlugin
{
    /// <summary>Statuses by shortage: bit 0 is the number of pods, bit c+1 column c; the top bit marks a shortage no eviction cures.</summary>
    private readonly Dictionary<ulong, FilterStatus> _refusals = [];

    private const ulong Unresolvable = 1UL << 63;

    /// <inheritdoc cref="IFilterPlugin.Name"/>
    public string Name => "NodeResourcesFit";

    /// <inheritdoc/>
    public long Weight => 1;

    /// <inheritdoc/>
    public ClusterChange HelpedBy => ClusterChange.NodeAdded | ClusterChange.NodeAllocatable | ClusterChange.PodLeft;

    IPodFilter? IFilterPlugin.Prepare(PodInfo pod, NodeTable nodes) => new Filter(this, pod.Requests);

    IPodScore? IScorePlugin.Prepare(PodInfo pod, NodeTable nodes) => new LeastAllocated(pod);

    private FilterStatus Refusal(ulong shortage)
    {
        if (_refusals.TryGetValue(shortage, out var status)) return status;
        var reasons = new List<string>();
        if ((shortage & 1) != 0) reasons.Add("Too many pods");
        for (var column = 0; column < 62; column++)
            if ((shortage & (1UL << (column + 1))) != 0) reasons.Add($"Insufficient {columns.NameOf(column)}");
        return _refusals[shortage] = new FilterStatus(Name, (shortage & Unresolvable) != 0, reasons);
    }

    private sealed class Filter(NodeResourcesFit owner, long[] requests) : IPodFilter
    {
        public FilterStatus? Check(NodeInfo node)
        {
            ulong shortage = node.PodCount + 1 > node.AllowedPods ? 1UL : 0;
            var allocatable = node.Allocatable;
            var requested = node.Requested;
            for (var column = 0; column < requests.Length; column++)
            {
                var wanted = requests[column];
                if (wanted == 0) continue;
                var offered = column < allocatable.Length ? allocatable[column] : 0;
                var taken = column < requested.Length ? requested[column] : 0;
                if (wanted <= offered - taken) continue;
                // A column beyond the mask shares the last bit's neighbour: 60 distinct extended resources are more than any cluster has.
                shortage |= 1UL << (Math.Min(column, 61) + 1);
                if (wanted > offered) shortage |= Unresolvable;
            }
            return shortage == 0 ? null : owner.Refusal(shortage);
        }
    }

    private sealed class LeastAllocated(PodInfo pod) : IPodScore
    {
        public long Score(NodeInfo node)
        {
            if (node.Allocatable.Length <= ResourceColumns.Memory) return 0;
            long sum = 0, weights = 0;
            Add(node.NonZeroMilliCpu + pod.NonZeroMilliCpu, node.Allocatable[ResourceColumns.MilliCpu], ref sum, ref weights);
            Add(node.NonZeroMemory + pod.NonZeroMemory, node.Allocatable[ResourceColumns.Memory], ref sum, ref weights);
            return weights == 0 ? 0 : sum / weights;
        }

        private static void Add(long requested, long capacity, ref long sum, ref long weights)
        {
            if (capacity == 0) return;
            weights++;
            // 128 bits: bytes of a large machine times 100 stay far below 2^63, but allocatable is whatever a node reports.
            if (requested <= capacity) sum += (long)((Int128)(capacity - requested) * IScorePlugin.MaxScore / capacity);
        }
    }
}
