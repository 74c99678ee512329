using System.Collections.Concurrent;
using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Sharding;

/// <summary>
/// Spreads the actors of a type ("entities") over the members of a cluster and keeps at most one of each running: send to the region, and the entity is
/// wherever it is, started by its first message. With one member everything is here; the protocol is the one several members use.
/// </summary>
public sealed class ClusterSharding
{
    private readonly ActorSystem _system;
    private readonly ConcurrentDictionary<string, IActorRef> _regions = new(StringComparer.Ordinal);

    private ClusterSharding(ActorSystem system)
    {
        _system = system;
        CoordinatedShutdown.Get(system).AddTask(CoordinatedShutdown.PhaseClusterShardingShutdownRegion, "stop-regions", StopRegions);
    }

    /// <summary>The system's.</summary>
    public static ClusterSharding Get(ActorSystem system) => system.GetOrAddExtension(static s => new ClusterSharding(s));

    /// <summary>
    /// Starts the region of a type on this member and returns it; at a second call, the one that runs.
    /// Messages for its entities are sent to it, from any thread.
    /// </summary>
    /// <param name="typeName">Names the entity type across the cluster.</param>
    /// <param name="entityPropsFactory">Makes an entity's props from its id.</param>
    /// <param name="settings">Passivation, time limits, what to call when a shard starts.</param>
    /// <param name="messageExtractor">Reads from a message which entity it is for.</param>
    /// <param name="allocationStrategy">Where shards go; default: where there are fewest.</param>
    public IActorRef Start(string typeName, Func<string, Props> entityPropsFactory, ClusterShardingSettings settings, IMessageExtractor messageExtractor,
        IShardAllocationStrategy? allocationStrategy = null)
    {
        var strategy = allocationStrategy ?? new LeastShardAllocationStrategy();
        return _regions.GetOrAdd(typeName, name =>
        {
            var coordinator = _system.SystemActorOf(Props.Create(() => new ShardCoordinator(name, messageExtractor, settings, strategy)), $"sharding-{Uri.EscapeDataString(name)}-coordinator");
            return StartRegion(_system, name, $"sharding-{Uri.EscapeDataString(name)}", entityPropsFactory, settings, messageExtractor, coordinator);
        });
    }

    /// <summary>The region of a type that was started here. Throws <see cref="ArgumentException"/> for an unknown one.</summary>
    public IActorRef ShardRegion(string typeName) => _regions.TryGetValue(typeName, out var region)
        ? region
        : throw new ArgumentException($"Shard type {typeName} has not been started.", nameof(typeName));

    /// <summary>A region that is coordinated by <paramref name="coordinator"/>, wherever that runs.</summary>
    internal static IActorRef StartRegion(ActorSystem system, string typeName, string actorName, Func<string, Props> entityProps, ClusterShardingSettings settings,
        IMessageExtractor extractor, IActorRef coordinator)
    {
        var directory = new ShardDirectory(typeName, extractor, settings, system);
        var region = (InternalActorRef)system.SystemActorOf(Props.Create(() => new ShardRegion(directory, entityProps, coordinator)), actorName);
        var front = new ShardRegionRef(region, directory);
        region.Tell(new ShardRegion.Attach(front), null);
        return front;
    }

    private async Task StopRegions(CancellationToken cancel)
    {
        foreach (var region in _regions.Values)
            await region.GracefulStop(Timeout.InfiniteTimeSpan, GracefulShutdown.Instance).WaitAsync(cancel);
    }
}
