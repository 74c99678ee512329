using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Sharding;

/// <summary>What a region handles itself instead of routing it.</summary>
public interface IShardRegionCommand;

/// <summary>
/// From an entity to its parent: stop me with <paramref name="StopMessage"/>. Messages that come meanwhile are kept for the next incarnation, which they start.
/// </summary>
public sealed record Passivate(object StopMessage);

/// <summary>To a region: deliver <paramref name="Envelope"/>, starting the entity if need be, but only where its shard is hosted on this member; otherwise drop it. Beyond Akka.</summary>
public sealed record LocalOnly(object Envelope);

/// <summary>Published on the event stream: a shard has started on this member.</summary>
public sealed record ShardStarted(string TypeName, string ShardId);

/// <summary>Published on the event stream: a shard has stopped on this member.</summary>
public sealed record ShardStopped(string TypeName, string ShardId);

/// <summary>To a region: hand off all shards, then stop.</summary>
public sealed class GracefulShutdown : IShardRegionCommand
{
    private GracefulShutdown()
    {
    }

    /// <summary>The only instance.</summary>
    public static GracefulShutdown Instance { get; } = new();
}

/// <summary>To a region: answer with <see cref="CurrentShardRegionState"/>.</summary>
public sealed class GetShardRegionState : IShardRegionCommand
{
    private GetShardRegionState()
    {
    }

    /// <summary>The only instance.</summary>
    public static GetShardRegionState Instance { get; } = new();
}

/// <summary>The shards hosted here with their running entities.</summary>
public sealed record CurrentShardRegionState(IReadOnlyDictionary<string, IReadOnlyList<string>> EntitiesByShard);

/// <summary>
/// Between regions and their coordinator. A shard moves in these steps, each acknowledged: BeginHandOff to every region (they buffer), HandOff to the old
/// home (it stops the entities), ShardStopped back, HostShard to the new home, ShardHome to every region.
/// </summary>
internal static class ShardCoordination
{
    /// <summary>Region → coordinator: I am here.</summary>
    public sealed record Register(IActorRef Region);

    /// <summary>Coordinator → region: you are known.</summary>
    public sealed class Registered : IShardRegionCommand;

    /// <summary>Coordinator → leaving region: none of your shards is left, and none will come.</summary>
    public sealed class Released : IShardRegionCommand;

    /// <summary>Coordinator → leaving region: there is no other region; what waits cannot be delivered.</summary>
    public sealed class NoOtherRegion : IShardRegionCommand;

    /// <summary>Region → coordinator: I am about to stop; move my shards.</summary>
    public sealed record GracefulShutdownRequest(IActorRef Region);

    /// <summary>Region → coordinator: who has it?</summary>
    public sealed record GetShardHome(IActorRef Region, string Shard);

    /// <summary>Coordinator → region: that region has it.</summary>
    public sealed record ShardHome(string Shard, IActorRef Region) : IShardRegionCommand;

    /// <summary>Coordinator → region: start it.</summary>
    public sealed record HostShard(string Shard) : IShardRegionCommand;

    /// <summary>Coordinator → region: keep its messages back. The answer is <see cref="BeginHandOffAck"/>.</summary>
    public sealed record BeginHandOff(string Shard) : IShardRegionCommand;

    /// <summary>Region → hand-off: I keep them back.</summary>
    public sealed record BeginHandOffAck(string Shard, IActorRef Region);

    /// <summary>Coordinator → home: stop it. The answer is <see cref="HandOffDone"/>.</summary>
    public sealed record HandOff(string Shard) : IShardRegionCommand;

    /// <summary>Home → hand-off: all its entities have stopped (Akka's ShardStopped).</summary>
    public sealed record HandOffDone(string Shard);
}
