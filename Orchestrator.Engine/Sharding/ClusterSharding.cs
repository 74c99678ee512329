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
        Cluster.Cluster.Get(system).AddBeforeRejoin(() => Task.WhenAll(_regions.Values.Select(region => region.Ask<Done>(new ShardRegion.StopAllShards()))));
    }

    /// <summary>The system's.</summary>
    public static ClusterSharding Get(ActorSystem system) => system.GetOrAddExtension(static s => new ClusterSharding(s));

    /// <summary>
    /// With several members: what keeps the allocation. Set it before the first <see cref="Start"/>; from then on the members of <see cref="Cluster.Cluster"/> share the shards, and the
    /// leader's coordinator decides. Null for a system that is alone.
    /// </summary>
    public IShardStore? ShardStore { get; set; }

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
            var place = CoordinatorPlace.OnLeader(name);
            var coordinatorName = place.RegionName + "-coordinator";
            if (ShardStore is { } store)
            {
                var onLeader = Props.Create(() => new ShardCoordinator(name, messageExtractor, settings, strategy, store, member => place.RegionOf(member, _system)));
                _system.SystemActorOf(Props.Create(() => new ShardCoordinatorManager(onLeader, settings.RetryInterval)), coordinatorName);
            }
            else
            {
                var coordinator = _system.SystemActorOf(Props.Create(() => new ShardCoordinator(name, messageExtractor, settings, strategy, new MemoryShardStore(null), null)), coordinatorName);
                place = CoordinatorPlace.At(coordinator, name, CoordinatorPlace.NameOf(name));
            }

            return StartRegion(_system, name, entityPropsFactory, settings, messageExtractor, place);
        });
    }

    /// <summary>The region of a type that was started here. Throws <see cref="ArgumentException"/> for an unknown one.</summary>
    public IActorRef ShardRegion(string typeName) => _regions.TryGetValue(typeName, out var region)
        ? region
        : throw new ArgumentException($"Shard type {typeName} has not been started.", nameof(typeName));

    /// <summary>A region whose coordinator is at that place.</summary>
    internal static IActorRef StartRegion(ActorSystem system, string typeName, Func<string, Props> entityProps, ClusterShardingSettings settings, IMessageExtractor extractor, CoordinatorPlace place)
    {
        var directory = new ShardDirectory(typeName, extractor, settings, system);
        var region = (InternalActorRef)system.SystemActorOf(Props.Create(() => new ShardRegion(directory, entityProps, place)), place.RegionName);
        var front = new ShardRegionRef(region, directory);

        // Other systems' messages, too, come in through the front.
        system.References.Register(front);
        region.Tell(new ShardRegion.Attach(front), null);
        return front;
    }

    private async Task StopRegions(CancellationToken cancel)
    {
        foreach (var region in _regions.Values)
            await region.GracefulStop(Timeout.InfiniteTimeSpan, GracefulShutdown.Instance).WaitAsync(cancel);
    }
}
