namespace Orchestrator.Actors.Scheduling;

/// <summary>Node affinity that a profile adds to that of every pod it places (addedAffinity of NodeAffinityArgs).</summary>
/// <param name="Required">Terms, one of which must match; empty where any node may be.</param>
/// <param name="Preferred">Terms that add their weight to a node's score.</param>
public sealed record AddedAffinity(NodeTerm[] Required, (long Weight, NodeTerm Term)[] Preferred)
{
    /// <summary>None.</summary>
    public static AddedAffinity None { get; } = new([], []);

    /// <summary>Whether the node may be used at all. Allocates nothing.</summary>
    public bool Allows(NodeInfo node)
    {
        if (Required.Length == 0) return true;
        foreach (var term in Required)
            if (term.Matches(node)) return true;
        return false;
    }

    /// <summary>The required terms.</summary>
    public override string ToString() => string.Join(" or ", Required.Select(t => t.Text));
}
