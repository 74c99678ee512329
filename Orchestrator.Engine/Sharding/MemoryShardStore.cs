namespace Orchestrator.Engine.Sharding;

/// <summary>Keeps the allocation in memory: for a cluster of one, where a restart starts everything anew. Thread-safe.</summary>
/// <param name="mayAssign">Whether the caller leads; null where it always does.</param>
public sealed class MemoryShardStore(Func<bool>? mayAssign = null) : IShardStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Type, string Shard), ShardAssignment> _assignments = [];

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ShardAssignment>> LoadAsync(string typeName, CancellationToken cancel = default)
    {
        lock (_lock)
            return ValueTask.FromResult<IReadOnlyList<ShardAssignment>>([.. _assignments.Where(entry => entry.Key.Type == typeName).Select(entry => entry.Value)]);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ShardAssignment>> AssignAsync(string typeName, IReadOnlyCollection<string> shards, string owner, CancellationToken cancel = default)
    {
        lock (_lock)
        {
            if (mayAssign is not null && !mayAssign())
                return ValueTask.FromException<IReadOnlyList<ShardAssignment>>(new NotLeaderException("this member does not lead"));
            var assigned = new List<ShardAssignment>(shards.Count);
            foreach (var shard in shards)
            {
                var epoch = _assignments.TryGetValue((typeName, shard), out var former) ? former.Epoch + 1 : 1;
                assigned.Add(_assignments[(typeName, shard)] = new ShardAssignment(shard, owner, epoch));
            }

            return ValueTask.FromResult<IReadOnlyList<ShardAssignment>>(assigned);
        }
    }
}
