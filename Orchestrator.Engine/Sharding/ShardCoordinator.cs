using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Sharding;

/// <summary>
/// Decides which region hosts which shard of one type; exactly one runs in a cluster. Its state is what the regions have registered and been given.
/// <code>
///   a shard:  unallocated ──GetShardHome──▶ allocated ──rebalance or leaving region──▶ moving (a HandOffWorker) ──done──▶ allocated
///                 ▲──────────────── its region is gone ─────────┘
/// </code>
/// </summary>
internal sealed class ShardCoordinator(string typeName, IMessageExtractor extractor, ClusterShardingSettings settings, IShardAllocationStrategy strategy) : UntypedActor, IWithTimers
{
    private sealed record RebalanceTick;

    private readonly Dictionary<IActorRef, List<string>> _regions = [];
    private readonly HashSet<IActorRef> _leaving = [];
    private readonly Dictionary<string, IActorRef> _homes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _moving = new(StringComparer.Ordinal);

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Timers.StartPeriodicTimer(nameof(RebalanceTick), new RebalanceTick(), settings.RebalanceInterval);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ShardCoordination.Register register:
                OnRegister(register.Region);
                break;
            case ShardCoordination.GetShardHome get:
                OnGetShardHome(get);
                break;
            case ShardCoordination.GracefulShutdownRequest request:
                OnLeaving(request.Region);
                break;
            case HandOffWorker.Finished finished:
                OnMoved(finished.Shard);
                break;
            case RebalanceTick:
                OnRebalance();
                break;
            case Terminated terminated:
                OnRegionGone(terminated.ActorRef);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void OnRegister(IActorRef region)
    {
        if (_regions.TryAdd(region, []))
            Context.Watch(region);
        region.Tell(new ShardCoordination.Registered());
        if (!settings.StartAllShards)
            return;
        foreach (var shard in extractor.ShardIds)
        {
            if (!_homes.ContainsKey(shard) && !_moving.Contains(shard))
                Allocate(region, shard);
        }
    }

    private void OnGetShardHome(ShardCoordination.GetShardHome get)
    {
        // A shard on the move: the region is told when it has arrived.
        if (_moving.Contains(get.Shard))
            return;
        if (!_homes.TryGetValue(get.Shard, out var home))
            home = Allocate(get.Region, get.Shard);
        if (home is null)
            return;
        if (home.Equals(get.Region))
            home.Tell(new ShardCoordination.HostShard(get.Shard));
        else
            get.Region.Tell(new ShardCoordination.ShardHome(get.Shard, home));
    }

    private IActorRef? Allocate(IActorRef requester, string shard)
    {
        var candidates = Candidates();
        if (candidates.Count == 0)
        {
            foreach (var region in _leaving)
                region.Tell(new ShardCoordination.NoOtherRegion());
            return null;
        }

        var home = strategy.AllocateShard(requester, shard, candidates);
        _homes[shard] = home;
        _regions[home].Add(shard);
        home.Tell(new ShardCoordination.HostShard(shard));
        return home;
    }

    private Dictionary<IActorRef, IReadOnlyList<string>> Candidates() =>
        _regions.Where(region => !_leaving.Contains(region.Key)).ToDictionary(region => region.Key, region => (IReadOnlyList<string>)region.Value);

    private void OnRebalance()
    {
        foreach (var shard in strategy.Rebalance(Candidates(), _moving))
            Move(shard);
    }

    private void OnLeaving(IActorRef region)
    {
        if (!_regions.TryGetValue(region, out var shards) || !_leaving.Add(region))
            return;
        foreach (var shard in shards.ToList())
            Move(shard);
        ReleaseWhenEmpty(region);
    }

    private void ReleaseWhenEmpty(IActorRef region)
    {
        if (_leaving.Contains(region) && _regions.TryGetValue(region, out var shards) && shards.Count == 0)
            region.Tell(new ShardCoordination.Released());
    }

    private void Move(string shard)
    {
        if (!_homes.TryGetValue(shard, out var home) || !_moving.Add(shard))
            return;
        var regions = _regions.Keys.ToList();
        Context.ActorOf(Props.Create(() => new HandOffWorker(typeName, shard, home, regions, settings.HandOffTimeout)));
    }

    private void OnMoved(string shard)
    {
        if (!_moving.Remove(shard))
            return;
        _homes.TryGetValue(shard, out var old);
        Unallocate(shard);
        if (Allocate(Sender, shard) is { } home)
            Announce(shard, home);
        if (old is not null)
            ReleaseWhenEmpty(old);
    }

    private void OnRegionGone(IActorRef region)
    {
        _leaving.Remove(region);
        if (!_regions.Remove(region, out var shards))
            return;
        foreach (var shard in shards)
        {
            _homes.Remove(shard);
            if (!_moving.Contains(shard) && Allocate(region, shard) is { } home)
                Announce(shard, home);
        }
    }

    private void Announce(string shard, IActorRef home)
    {
        foreach (var region in _regions.Keys)
            region.Tell(new ShardCoordination.ShardHome(shard, home));
    }

    private void Unallocate(string shard)
    {
        if (_homes.Remove(shard, out var home) && _regions.TryGetValue(home, out var shards))
            shards.Remove(shard);
    }
}
