namespace Orchestrator.Actors.Workloads;

/// <summary>
/// Spreads a change of spec.replicas over the ReplicaSets of a rollout in flight, in proportion to their sizes, so that a scale-up
/// neither speeds the rollout up nor puts all new pods on a version that may be broken.
/// </summary>
internal static class ProportionalScaling
{
    /// <summary>The new size of every active set; together they fill replicas + maxSurge (nothing, for zero replicas).</summary>
    /// <param name="active">Sets with pods, oldest first.</param>
    /// <param name="limits">The new numbers.</param>
    /// <param name="lastKnownPods">status.replicas: stands in where a set does not say for which maximum it was scaled.</param>
    public static IEnumerable<(PlannedReplicaSet ReplicaSet, int Size)> Sizes(IReadOnlyList<PlannedReplicaSet> active, RolloutLimits limits, int lastKnownPods)
    {
        var toAdd = (limits.Replicas > 0 ? limits.MaxPods : 0) - active.Sum(rs => rs.Replicas);
        if (toAdd == 0) return active.Select(rs => (rs, rs.Replicas));
        // Larger sets first; among equals the newer one grows first and the older one shrinks first.
        var newerFirst = toAdd > 0 ? active.Reverse() : active;
        var ordered = newerFirst.OrderByDescending(rs => rs.Replicas).ToList();
        var sizes = new int[ordered.Count];
        var added = 0;
        for (var i = 0; i < ordered.Count; i++)
        {
            var share = Share(ordered[i], limits, lastKnownPods, toAdd - added);
            sizes[i] = ordered[i].Replicas + share;
            added += share;
        }
        // What rounding left over goes to the largest set.
        sizes[0] = Math.Max(0, sizes[0] + toAdd - added);
        return ordered.Select((rs, i) => (rs, sizes[i]));
    }

    private static int Share(PlannedReplicaSet rs, RolloutLimits limits, int lastKnownPods, int left)
    {
        if (left == 0) return 0;
        if (limits.Replicas == 0) return -Math.Min(rs.Replicas, -left);
        var before = RolloutAnnotations.CountOf(rs.Annotations, RolloutAnnotations.MaxReplicas) is > 0 and var max ? max : lastKnownPods;
        if (before == 0) return 0;
        var scaled = (int)Math.Round((double)((long)rs.Replicas * limits.MaxPods) / before, MidpointRounding.AwayFromZero);
        var share = scaled - rs.Replicas;
        return left > 0 ? Math.Min(share, left) : Math.Max(share, left);
    }
}
