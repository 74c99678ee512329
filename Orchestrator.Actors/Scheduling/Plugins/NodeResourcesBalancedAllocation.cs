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
        private readonly long _milliCpu = pod.MilliCpu;
        private readonly long _memory = pod.Memory;

        public long Score(NodeInfo node)
        {
            var cpu = Fraction(node.MilliCpu - node.FreeMilliCpu + _milliCpu, node.MilliCpu);
            var memory = Fraction(node.Memory - node.FreeMemory + _memory, node.Memory);
            if (double.IsNaN(cpu) || double.IsNaN(memory)) return IScorePlugin.MaxScore;
            return (long)((1 - Math.Abs(cpu - memory) / 2) * IScorePlugin.MaxScore);
        }

        public void ScoreAll(ReadOnlySpan<NodeInfo> nodes, Span<long> scores)
        {
            for (var i = 0; i < nodes.Length; i++) scores[i] = Score(nodes[i]);
        }

        /// <summary>NaN where the node does not have the resource at all: there is nothing to balance then.</summary>
        private static double Fraction(long requested, long capacity) => capacity == 0 ? double.NaN : Math.Min(1, (double)requested / capacity);
    }
}
