namespace Orchestrator.Actors.Scheduling.Plugins;

/// <summary>
/// Prefers nodes whose cpu and memory would be used in the same proportion: 100 × (1 − standard deviation of the two fractions).
/// A pod that requests neither changes no proportion, so it has no opinion.
/// </summary>
public sealed class NodeResourcesBalancedAllocation : IScorePlugin
{
    /// <inheritdoc/>
    public string Name => "NodeResourcesBalancedAllocation";

    /// <inheritdoc/>
    public long Weight => 1;

    /// <inheritdoc/>
    public IPodScore? Prepare(PodInfo pod, NodeTable nodes, ReadOnlySpan<NodeInfo> feasible) => pod.MilliCpu == 0 && pod.Memory == 0 ? null : new Balance(pod);

    private sealed class Balance(PodInfo pod) : IPodScore
    {
        public long Score(NodeInfo node)
        {
            if (node.Allocatable.Length <= ResourceColumns.Memory) return 0;
            var requested = node.Requested;
            var cpu = Fraction((requested.Length > 0 ? requested[ResourceColumns.MilliCpu] : 0) + pod.MilliCpu, node.Allocatable[ResourceColumns.MilliCpu]);
            var memory = Fraction((requested.Length > 1 ? requested[ResourceColumns.Memory] : 0) + pod.Memory, node.Allocatable[ResourceColumns.Memory]);
            if (double.IsNaN(cpu) || double.IsNaN(memory)) return IScorePlugin.MaxScore;
            return (long)((1 - Math.Abs(cpu - memory) / 2) * IScorePlugin.MaxScore);
        }

        /// <summary>NaN where the node does not have the resource at all: there is nothing to balance then.</summary>
        private static double Fraction(long requested, long capacity) => capacity == 0 ? double.NaN : Math.Min(1, (double)requested / capacity);
    }
}
