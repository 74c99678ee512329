namespace Orchestrator.Actors.Scheduling.Plugins;

/// <summary>
/// Refuses nodes whose free allocatable amounts are below the pod's requests, naming every resource that is short, and scores nodes by how
/// full they would be, as its strategy likes it.
/// </summary>
public sealed class NodeResourcesFit(ResourceColumns columns, FitStrategy strategy) : IFilterPlugin, IScorePlugin
{
    /// <summary>Statuses by shortage: bit 0 is the number of pods, bit c+1 column c; the top bit marks a shortage no eviction cures.</summary>
    private readonly Dictionary<ulong, FilterStatus> _refusals = [];

    private const ulong Unresolvable = 1UL << 63;

    private readonly (int Column, long Weight)[] _scored = [.. strategy.Resources.Select(r => (columns.Of(r.Name), r.Weight))];

    /// <summary>With Kubernetes' default strategy: LeastAllocated over cpu and memory.</summary>
    public NodeResourcesFit(ResourceColumns columns) : this(columns, FitStrategy.Default) { }

    /// <inheritdoc cref="IFilterPlugin.Name"/>
    public string Name => "NodeResourcesFit";

    /// <inheritdoc/>
    public long Weight => 1;

    /// <inheritdoc/>
    public ClusterChange HelpedBy => ClusterChange.NodeAdded | ClusterChange.NodeAllocatable | ClusterChange.PodLeft;

    IPodFilter? IFilterPlugin.Prepare(PodInfo pod, NodeTable nodes) => new Filter(this, pod.Requests);

    IPodScore? IScorePlugin.Prepare(PodInfo pod, NodeTable nodes, ReadOnlySpan<NodeInfo> feasible) => strategy.IsDefault ? new LeastAllocatedCpuAndMemory(pod) : new Fullness(pod, strategy, _scored);

    private string Show(int column, long amount) => column switch
    {
        ResourceColumns.MilliCpu => $"cpu {amount}m",
        ResourceColumns.Memory or ResourceColumns.EphemeralStorage => $"{columns.NameOf(column)} {amount / (1024 * 1024)}Mi",
        _ => $"{columns.NameOf(column)} {amount}",
    };

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
        /// <summary>What is not asked for fits anywhere, also where more is taken than there is.</summary>
        private readonly long _milliCpu = requests.Length > ResourceColumns.MilliCpu && requests[ResourceColumns.MilliCpu] != 0 ? requests[ResourceColumns.MilliCpu] : long.MinValue;
        private readonly long _memory = requests.Length > ResourceColumns.Memory && requests[ResourceColumns.Memory] != 0 ? requests[ResourceColumns.Memory] : long.MinValue;
        private readonly bool _wantsMore = requests.AsSpan(Math.Min(requests.Length, ResourceColumns.EphemeralStorage)).ContainsAnyExcept(0);

        /// <summary>Cpu, memory and the number of pods are all that most pods ask for, and mostly they fit.</summary>
        public FilterStatus? Check(NodeInfo node) =>
            node.PodCount < node.AllowedPods && _milliCpu <= node.FreeMilliCpu && _memory <= node.FreeMemory && !_wantsMore ? null : Weigh(node);

        private FilterStatus? Weigh(NodeInfo node)
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

        public string Remedy(NodeInfo node)
        {
            var missing = new List<string>();
            if (node.PodCount + 1 > node.AllowedPods) missing.Add($"it runs {node.PodCount} of {node.AllowedPods} pods");
            for (var column = 0; column < requests.Length; column++)
            {
                var free = node.Allocatable.ElementAtOrDefault(column) - node.Requested.ElementAtOrDefault(column);
                if (requests[column] > 0 && requests[column] > free) missing.Add($"the pod asks for {owner.Show(column, requests[column])}, {owner.Show(column, Math.Max(0, free))} of {owner.Show(column, node.Allocatable.ElementAtOrDefault(column))} are free");
            }
            return string.Join("; ", missing);
        }
    }

    /// <summary>The usual strategy without a loop over resources: it runs for every feasible node of every pod.</summary>
    private sealed class LeastAllocatedCpuAndMemory(PodInfo pod) : IPodScore
    {
        private readonly long _milliCpu = pod.NonZeroMilliCpu;
        private readonly long _memory = pod.NonZeroMemory;

        public long Score(NodeInfo node)
        {
            long sum = 0, weights = 0;
            Add(node.NonZeroMilliCpu + _milliCpu, node.MilliCpu, ref sum, ref weights);
            Add(node.NonZeroMemory + _memory, node.Memory, ref sum, ref weights);
            return weights == 0 ? 0 : sum / weights;
        }

        public void ScoreAll(ReadOnlySpan<NodeInfo> nodes, Span<long> scores)
        {
            for (var i = 0; i < nodes.Length; i++) scores[i] = Score(nodes[i]);
        }

        private static void Add(long requested, long capacity, ref long sum, ref long weights)
        {
            if (capacity == 0) return;
            weights++;
            sum += FitStrategy.LeastAllocated(requested, capacity);
        }
    }

    private sealed class Fullness(PodInfo pod, FitStrategy strategy, (int Column, long Weight)[] resources) : IPodScore
    {
        public long Score(NodeInfo node)
        {
            long sum = 0, weights = 0;
            foreach (var (column, weight) in resources)
            {
                var capacity = column < node.Allocatable.Length ? node.Allocatable[column] : 0;
                var asked = column < pod.Requests.Length ? pod.Requests[column] : 0;
                // An extended resource that the pod does not use says nothing about where it should go.
                if (capacity == 0 || (asked == 0 && column > ResourceColumns.EphemeralStorage)) continue;
                var requested = column switch
                {
                    ResourceColumns.MilliCpu => node.NonZeroMilliCpu + pod.NonZeroMilliCpu,
                    ResourceColumns.Memory => node.NonZeroMemory + pod.NonZeroMemory,
                    _ => (column < node.Requested.Length ? node.Requested[column] : 0) + asked,
                };
                var score = strategy.Score(requested, capacity);
                if (score == 0 && strategy.SkipsZero) continue;
                sum += score * weight;
                weights += weight;
            }
            if (weights == 0) return 0;
            return strategy.SkipsZero ? (long)Math.Round((double)sum / weights, MidpointRounding.AwayFromZero) : sum / weights;
        }
    }
}
