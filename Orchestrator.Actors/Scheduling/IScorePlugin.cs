namespace Orchestrator.Actors.Scheduling;

/// <summary>Kubernetes' PreScore, Score and NormalizeScore points. As with filters, only <see cref="Prepare"/> may allocate.</summary>
public interface IScorePlugin
{
    /// <summary>The highest score a node can have from one plugin; the lowest is 0.</summary>
    const long MaxScore = 100;

    /// <summary>The plugin's name in Kubernetes.</summary>
    string Name { get; }

    /// <summary>The factor of this plugin's scores in the sum, where a profile says nothing else; Kubernetes' default.</summary>
    long Weight { get; }

    /// <summary>The pod's view of the nodes it can go to, or null where all nodes would score the same.</summary>
    IPodScore? Prepare(PodInfo pod, NodeTable nodes, ReadOnlySpan<NodeInfo> feasible);
}

/// <summary>One pod's opinion of nodes.</summary>
public interface IPodScore
{
    /// <summary>A raw score of any range. Allocates nothing.</summary>
    long Score(NodeInfo node);

    /// <summary>The raw scores of many nodes. Plugins that have an opinion for most pods answer in a loop of their own.</summary>
    void ScoreAll(ReadOnlySpan<NodeInfo> nodes, Span<long> scores)
    {
        for (var i = 0; i < nodes.Length; i++) scores[i] = Score(nodes[i]);
    }

    /// <summary>Brings the raw scores of all feasible nodes to 0…100. The default leaves them.</summary>
    void Normalize(Span<long> scores) { }
}
