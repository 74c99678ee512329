namespace Orchestrator.Actors.Scheduling;

/// <summary>Kubernetes' PreScore, Score and NormalizeScore points. As with filters, only <see cref="Prepare"/> may allocate.</summary>
public interface IScorePlugin
{
    /// <summary>The highest score a node can have from one plugin; the lowest is 0.</summary>
    const long MaxScore = 100;

    /// <summary>The plugin's name in Kubernetes.</summary>
    string Name { get; }

    /// <summary>The factor of this plugin's scores in the sum; Kubernetes' default profile.</summary>
    long Weight { get; }

    /// <summary>The pod's view of nodes, or null where all nodes would score the same.</summary>
    IPodScore? Prepare(PodInfo pod, NodeTable nodes);
}

/// <summary>One pod's opinion of nodes.</summary>
public interface IPodScore
{
    /// <summary>A raw score of any range. Allocates nothing.</summary>
    long Score(NodeInfo node);

    /// <summary>Brings the raw scores of all feasible nodes to 0…100. The default leaves them.</summary>
    void Normalize(Span<long> scores) { }
}

/// <summary>Kubernetes' default normalisation.</summary>
internal static class ScoreNormalization
{
    /// <summary>Scales so that the highest raw score becomes 100; with <paramref name="reverse"/>, high raw scores become low ones.</summary>
    public static void ToHundred(Span<long> scores, bool reverse)
    {
        long highest = 0;
        foreach (var score in scores) highest = Math.Max(highest, score);
        if (highest == 0)
        {
            if (reverse) scores.Fill(IScorePlugin.MaxScore);
            return;
        }
        foreach (ref var score in scores)
        {
            score = score * IScorePlugin.MaxScore / highest;
            if (reverse) score = IScorePlugin.MaxScore - score;
        }
    }
}
