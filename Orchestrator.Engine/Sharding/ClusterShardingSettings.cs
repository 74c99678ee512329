using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Sharding;

/// <summary>How one entity type is sharded.</summary>
public sealed record ClusterShardingSettings
{
    /// <summary>Stops an entity that got no message through its region for this long; null for never.</summary>
    public TimeSpan? PassivateIdleEntityAfter { get; init; }

    /// <summary>An idle entity gets this instead of being stopped, again and again, and passivates itself if it wants to; null: it is stopped. Beyond Akka.</summary>
    public object? IdleEntityMessage { get; init; }

    /// <summary>Entities that have not stopped this long after a hand-off began are stopped at once.</summary>
    public TimeSpan HandOffTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A region asks again this often where the coordinator has not answered.</summary>
    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often the coordinator looks whether shards should move.</summary>
    public TimeSpan RebalanceInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Messages per shard that wait for the shard's home; more go to dead letters.</summary>
    public int BufferSize { get; init; } = 100_000;

    /// <summary>Start every shard the extractor knows at once instead of with its first message. Beyond Akka.</summary>
    public bool StartAllShards { get; init; }

    /// <summary>What an entity gets when its shard leaves.</summary>
    public object HandOffStopMessage { get; init; } = PoisonPill.Instance;

    /// <summary>
    /// Runs before a shard starts here; nothing of the shard does before it has completed, and messages wait. With several members: wait until this one's view has
    /// everything that the shard's former home wrote. A failure is logged and tried again. Beyond Akka.
    /// </summary>
    public Func<string, CancellationToken, Task>? BeforeHosting { get; init; }

    /// <summary>Called, on the region's thread, when a shard has started here: wake what is in it. Also published as <see cref="ShardStarted"/>. Beyond Akka.</summary>
    public Action<string>? OnShardStarted { get; init; }
}
