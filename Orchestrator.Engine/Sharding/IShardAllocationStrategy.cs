using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Sharding;

/// <summary>Decides where shards live. Pure: it sees the allocation and answers.</summary>
public interface IShardAllocationStrategy
{
    /// <summary>The region for a new shard; one of the keys of <paramref name="current"/>, which is not empty.</summary>
    IActorRef AllocateShard(IActorRef requester, string shard, IReadOnlyDictionary<IActorRef, IReadOnlyList<string>> current);

    /// <summary>The shards that should move now; those in <paramref name="inProgress"/> are moving already.</summary>
    IReadOnlyList<string> Rebalance(IReadOnlyDictionary<IActorRef, IReadOnlyList<string>> current, IReadOnlySet<string> inProgress);
}

/// <summary>New shards go to the region with the fewest; shards move from the fullest to the emptiest while they differ by more than the threshold.</summary>
/// <param name="rebalanceThreshold">A difference up to this is left alone; at least 1.</param>
/// <param name="maxSimultaneousRebalance">Shards that move at a time.</param>
public sealed class LeastShardAllocationStrategy(int rebalanceThreshold = 1, int maxSimultaneousRebalance = 3) : IShardAllocationStrategy
{
    /// <inheritdoc/>
    public IActorRef AllocateShard(IActorRef requester, string shard, IReadOnlyDictionary<IActorRef, IReadOnlyList<string>> current) =>
        current.MinBy(region => region.Value.Count).Key;

    /// <inheritdoc/>
    public IReadOnlyList<string> Rebalance(IReadOnlyDictionary<IActorRef, IReadOnlyList<string>> current, IReadOnlySet<string> inProgress)
    {
        if (inProgress.Count >= maxSimultaneousRebalance || current.Count < 2)
            return [];
        var least = current.Min(region => region.Value.Count);
        var fullest = current.MaxBy(region => region.Value.Count(shard => !inProgress.Contains(shard))).Value.Where(shard => !inProgress.Contains(shard)).ToList();
        var surplus = fullest.Count - least;
        if (surplus <= rebalanceThreshold)
            return [];

        // Half the difference evens them out.
        var moves = Math.Min(Math.Max(surplus / 2, 1), maxSimultaneousRebalance - inProgress.Count);
        return [.. fullest.Take(moves)];
    }
}
