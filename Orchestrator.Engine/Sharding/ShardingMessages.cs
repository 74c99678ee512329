using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote;
using Orchestrator.Engine.Remote.Serialization;

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
/// A message for an entity on its way from one region to another. <paramref name="Hops"/> counts the regions it went through: two that each believe the other
/// to be the home would pass it to and fro until they hear better.
/// </summary>
[WireName("sharding.message.v1")]
internal sealed record ShardMessage(object Message, int Hops) : IReroutedWhenUnsent
{
    /// <summary>From then on it waits for news of the home.</summary>
    public const int MaxHops = 3;
}

/// <summary>
/// Between regions and their coordinator. A shard moves in these steps, each acknowledged: BeginHandOff to every region (they buffer), HandOff to the old
/// home (it stops the entities), HandOffDone back, the new assignment is stored, HostShard to the new home, ShardHome to every region. Whatever is lost on the way is said again,
/// and every message carries the epoch of the assignment it is about, so that one that comes late is recognised.
/// </summary>
internal static class ShardCoordination
{
    /// <summary>Region → coordinator: I am here, and host these shards.</summary>
    /// <param name="Region">Where its messages go.</param>
    /// <param name="Owner">Id of its member.</param>
    /// <param name="MemberEpoch">The life of its member.</param>
    /// <param name="Hosted">What it hosts, with the epochs it was told.</param>
    [WireName("sharding.register.v1")]
    public sealed record Register(IActorRef Region, string Owner, long MemberEpoch, IReadOnlyList<ShardAssignment> Hosted) : IControlMessage;

    /// <summary>Coordinator → region: you are known.</summary>
    [WireName("sharding.registered.v1")]
    public sealed record Registered : IShardRegionCommand, IControlMessage;

    /// <summary>Coordinator → region: I have just begun; who are you?</summary>
    [WireName("sharding.register-again.v1")]
    public sealed record RegisterAgain : IShardRegionCommand, IControlMessage;

    /// <summary>Coordinator → leaving region: none of your shards is left, and none will come.</summary>
    [WireName("sharding.released.v1")]
    public sealed record Released : IShardRegionCommand, IControlMessage;

    /// <summary>Coordinator → leaving region: there is no other region; what waits cannot be delivered.</summary>
    [WireName("sharding.no-other-region.v1")]
    public sealed record NoOtherRegion : IShardRegionCommand, IControlMessage;

    /// <summary>Region → coordinator: I am about to stop; move my shards.</summary>
    [WireName("sharding.leave.v1")]
    public sealed record GracefulShutdownRequest(string Owner) : IControlMessage;

    /// <summary>Region → coordinator: who has it?</summary>
    [WireName("sharding.get-home.v1")]
    public sealed record GetShardHome(IActorRef Region, string Owner, string Shard) : IControlMessage;

    /// <summary>Coordinator → region: that region has it.</summary>
    [WireName("sharding.home.v1")]
    public sealed record ShardHome(string Shard, IActorRef Region, long Epoch) : IShardRegionCommand, IControlMessage;

    /// <summary>
    /// Coordinator → region: start it. The answer is <see cref="ShardHosted"/>, or <see cref="ShardHandedOff"/>. It is for one life of the member only: the shards of a life that is over go
    /// to others, whatever the next life hears of it.
    /// </summary>
    /// <param name="Shard">The shard.</param>
    /// <param name="Epoch">Its assignment's.</param>
    /// <param name="MemberEpoch">The life of the member; 0 from one that does not tell, and where regions come by themselves.</param>
    [WireName("sharding.host.v1")]
    public sealed record HostShard(string Shard, long Epoch, long MemberEpoch) : IShardRegionCommand, IControlMessage;

    /// <summary>
    /// Region → coordinator: it was handed off under this assignment, for which it does not start again. Who says so does not know how the move ended, or is too late: where it is still the
    /// newest assignment, there has to be another.
    /// </summary>
    [WireName("sharding.handed-off.v1")]
    public sealed record ShardHandedOff(string Shard, long Epoch, string Owner) : IControlMessage;

    /// <summary>Region → coordinator: it runs here.</summary>
    [WireName("sharding.hosted.v1")]
    public sealed record ShardHosted(string Shard, long Epoch, string Owner) : IControlMessage;

    /// <summary>Coordinator → region: keep its messages back. The answer is <see cref="BeginHandOffAck"/>.</summary>
    [WireName("sharding.begin-hand-off.v1")]
    public sealed record BeginHandOff(string Shard, long Epoch) : IShardRegionCommand, IControlMessage;

    /// <summary>Region → hand-off: I keep them back.</summary>
    [WireName("sharding.begin-hand-off-ack.v1")]
    public sealed record BeginHandOffAck(string Shard, IActorRef Region) : IControlMessage;

    /// <summary>Coordinator → home: stop it. The answer is <see cref="HandOffDone"/>.</summary>
    [WireName("sharding.hand-off.v1")]
    public sealed record HandOff(string Shard, long Epoch) : IShardRegionCommand, IControlMessage;

    /// <summary>Home → hand-off: all its entities have stopped (Akka's ShardStopped).</summary>
    [WireName("sharding.hand-off-done.v1")]
    public sealed record HandOffDone(string Shard) : IControlMessage;
}
