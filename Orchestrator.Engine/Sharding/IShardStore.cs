namespace Orchestrator.Engine.Sharding;

/// <summary>Where one shard lives: the <paramref name="Owner"/>'s member id, and a number that grows with every assignment of that shard.</summary>
public readonly record struct ShardAssignment(string Shard, string Owner, long Epoch);

/// <summary>This member no longer leads: it must not place shards any more.</summary>
public sealed class NotLeaderException(string message) : Exception(message);

/// <summary>
/// The allocation of shards as it outlives the coordinator (DESIGN §4's table <c>shards</c>). Only the holder of the leader lease may change it; the
/// store checks that in the same transaction, so that a leader that slept through its lease assigns nothing.
/// </summary>
public interface IShardStore
{
    /// <summary>Every stored assignment of an entity type.</summary>
    ValueTask<IReadOnlyList<ShardAssignment>> LoadAsync(string typeName, CancellationToken cancel = default);

    /// <summary>
    /// Gives the shards to <paramref name="owner"/>, each at its next epoch, and returns them so. Throws <see cref="NotLeaderException"/> where this member does not hold the
    /// leader lease now; nothing is changed then.
    /// </summary>
    ValueTask<IReadOnlyList<ShardAssignment>> AssignAsync(string typeName, IReadOnlyCollection<string> shards, string owner, CancellationToken cancel = default);
}
