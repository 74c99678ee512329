using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Cluster;

namespace Orchestrator.Engine.Sharding;

/// <summary>
/// Decides which region hosts which shard of one type; the leader's is the one that does. What it decides is stored before anybody hears of it, and the store takes nothing
/// from a member that no longer leads: this actor then stops.
/// <code>
///   a shard:  unassigned ──asked for, or all wanted──▶ assigning ──stored──▶ assigned ──rebalance or leaving region──▶ moving (a HandOffWorker)
///                 ▲                                        ▲                    │                                         │
///                 └──────── its member is down ────────────┼────────────────────┘                                         │
///                                                          └──────────────────────── old home has stopped it ─────────────┘
/// </code>
/// </summary>
/// <param name="typeName">The entity type.</param>
/// <param name="extractor">Knows every shard.</param>
/// <param name="settings">Times.</param>
/// <param name="strategy">Where shards go.</param>
/// <param name="store">What outlives this actor.</param>
/// <param name="regionOf">With several members: what reaches the region of a member. Null for regions that come by themselves and are gone when their actor is.</param>
internal sealed class ShardCoordinator(string typeName, IMessageExtractor extractor, ClusterShardingSettings settings, IShardAllocationStrategy strategy, IShardStore store,
    Func<Member, IActorRef>? regionOf = null) : UntypedActor, IWithTimers, IWithStash
{
    private sealed record RebalanceTick;

    private sealed record RetryTick;

    private sealed record Loaded(IReadOnlyList<ShardAssignment> Assignments);

    private sealed record Assigned(IReadOnlyList<ShardAssignment> Assignments);

    private sealed record AssignFailed(IReadOnlyCollection<string> Shards, Exception Cause);

    private sealed record Region(IActorRef Ref, long MemberEpoch)
    {
        public bool Leaving { get; set; }
    }

    private readonly Dictionary<string, Region> _regions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Member> _members = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ShardAssignment> _homes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _assigning = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _movedFrom = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IActorRef> _moving = new(StringComparer.Ordinal);
    private readonly HashSet<string> _confirmed = new(StringComparer.Ordinal);
    private bool _loaded;

    public ITimerScheduler Timers { get; set; } = null!;

    public IStash Stash { get; set; } = null!;

    private bool IsClustered => regionOf is not null;

    protected override void PreStart()
    {
        // First, so that the members are known when the assignments are.
        if (IsClustered)
            Cluster.Cluster.Get(Context.System).Subscribe(Self);
        store.LoadAsync(typeName).AsTask().PipeTo(Self, null, assignments => new Loaded(assignments));
        Timers.StartPeriodicTimer(nameof(RebalanceTick), new RebalanceTick(), settings.RebalanceInterval);
    }

    protected override void PostStop()
    {
        if (IsClustered)
            Cluster.Cluster.Get(Context.System).Unsubscribe(Self);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Loaded loaded:
                OnLoaded(loaded.Assignments);
                break;
            case Status.Failure failure when !_loaded:
                throw new InvalidOperationException($"The shards of {typeName} could not be read: {failure.Cause.Message}", failure.Cause);
            case ClusterEvent.CurrentClusterState state:
                foreach (var member in state.Members)
                    _members[member.Id] = member;
                break;
            case ClusterEvent.IMemberEvent change:
                OnMember(change.Member);
                break;
            case ClusterEvent.LeaderChanged:
                break;
            case var _ when !_loaded:
                Stash.Stash();
                break;
            case ShardCoordination.Register register:
                OnRegister(register);
                break;
            case ShardCoordination.GetShardHome get:
                OnGetShardHome(get);
                break;
            case ShardCoordination.ShardHosted hosted:
                if (_homes.TryGetValue(hosted.Shard, out var home) && home.Epoch == hosted.Epoch)
                    _confirmed.Add(hosted.Shard);
                break;
            case ShardCoordination.ShardHandedOff handedOff:
                OnHandedOff(handedOff);
                break;
            case ShardCoordination.GracefulShutdownRequest request:
                OnLeaving(request.Owner);
                break;
            case Assigned assigned:
                OnAssigned(assigned.Assignments);
                break;
            case AssignFailed failed:
                OnAssignFailed(failed);
                break;
            case HandOffWorker.Finished finished:
                OnMoved(finished);
                break;
            case RebalanceTick:
                OnRebalance();
                break;
            case RetryTick:
                OnRetry();
                break;
            case Terminated terminated:
                OnRegionGone(terminated.ActorRef);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void OnLoaded(IReadOnlyList<ShardAssignment> assignments)
    {
        _loaded = true;
        foreach (var assignment in assignments)
            _homes[assignment.Shard] = assignment;
        Timers.StartPeriodicTimer(nameof(RetryTick), new RetryTick(), settings.RetryInterval);
        AskForRegistrations();
        Stash.UnstashAll();
    }

    private void OnMember(Member member)
    {
        if (_members.TryGetValue(member.Id, out var known) && known.Epoch > member.Epoch)
            return;
        if (member.Status == MemberStatus.Removed)
            _members.Remove(member.Id);
        else
            _members[member.Id] = member;
        if (!_loaded)
            return;
        if (!IsAlive(member.Id))
        {
            // Not where it has come back before its death was heard of.
            if (_regions.TryGetValue(member.Id, out var region) && region.MemberEpoch <= member.Epoch)
                _regions.Remove(member.Id);
            foreach (var shard in ShardsOf(member.Id))
            {
                if (_moving.TryGetValue(shard, out var worker))
                    worker.Tell(new HandOffWorker.HomeIsDown());
            }

            AssignOrphans();
        }
        else if (member.Status == MemberStatus.Up)
        {
            AskForRegistrations();
            AssignOrphans();
            OnRebalance();
        }
    }

    /// <summary>Whether its member may still host what it was given. Where regions come by themselves: whether the region is there.</summary>
    private bool IsAlive(string owner) => IsClustered
        ? _members.TryGetValue(owner, out var member) && member.Status is not (MemberStatus.Down or MemberStatus.Removed)
        : _regions.ContainsKey(owner);

    private bool IsCandidate(string owner) => _regions.TryGetValue(owner, out var region) && !region.Leaving
        && (!IsClustered || (_members.TryGetValue(owner, out var member) && member.Status == MemberStatus.Up && member.Epoch == region.MemberEpoch));

    /// <summary>
    /// A life of a member that has not been heard of yet has to wait: what its former life had is given to others when the end of that is heard of, so it must not be told to host it.
    /// </summary>
    private void OnRegister(ShardCoordination.Register register)
    {
        if (IsClustered && (!_members.TryGetValue(register.Owner, out var member) || member.Epoch != register.MemberEpoch))
            return;
        if (!_regions.TryGetValue(register.Owner, out var known) || !known.Ref.Equals(register.Region) || known.MemberEpoch != register.MemberEpoch)
        {
            _regions[register.Owner] = new Region(register.Region, register.MemberEpoch) { Leaving = known is { Leaving: true } && known.Ref.Equals(register.Region) };
            Context.Watch(register.Region);
        }

        register.Region.Tell(new ShardCoordination.Registered());
        foreach (var hosted in register.Hosted)
        {
            if (_homes.TryGetValue(hosted.Shard, out var home) && home == hosted)
                _confirmed.Add(hosted.Shard);
        }

        foreach (var (shard, home) in _homes)
        {
            if (_moving.ContainsKey(shard) || _assigning.ContainsKey(shard))
                continue;
            if (home.Owner == register.Owner)
                Announce(home);
            else if (_regions.TryGetValue(home.Owner, out var other))
                register.Region.Tell(new ShardCoordination.ShardHome(shard, other.Ref, home.Epoch));
        }

        AssignOrphans();
        OnRebalance();
    }

    /// <summary>Gives a home to shards that had one which is gone, and to all others where all are wanted.</summary>
    private void AssignOrphans()
    {
        if (Candidates().Count == 0)
        {
            TellLeavingRegionsThatNobodyIsLeft();
            return;
        }

        Assign([.. (settings.StartAllShards ? extractor.ShardIds : [.. _homes.Keys]).Where(shard => !_homes.TryGetValue(shard, out var home) || !IsAlive(home.Owner))]);
    }

    private void OnGetShardHome(ShardCoordination.GetShardHome get)
    {
        // On the move or being assigned: the region is told when it has arrived.
        if (_moving.ContainsKey(get.Shard) || _assigning.ContainsKey(get.Shard))
            return;
        if (!_homes.TryGetValue(get.Shard, out var home) || !IsAlive(home.Owner))
            Assign([get.Shard]);
        else if (!_regions.TryGetValue(home.Owner, out var region))
            return;
        else if (home.Owner == get.Owner)
            region.Ref.Tell(new ShardCoordination.HostShard(get.Shard, home.Epoch, region.MemberEpoch));
        else
            get.Region.Tell(new ShardCoordination.ShardHome(get.Shard, region.Ref, home.Epoch));
    }

    /// <summary>Chooses homes and stores them; nobody is told before that.</summary>
    private void Assign(IReadOnlyList<string> shards)
    {
        var candidates = Candidates();
        if (candidates.Count == 0)
        {
            TellLeavingRegionsThatNobodyIsLeft();
            return;
        }

        var chosen = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        var load = candidates.ToDictionary(region => region.Key, region => region.Value.ToList());
        var view = load.ToDictionary(region => region.Key, region => (IReadOnlyList<string>)region.Value);
        foreach (var shard in shards)
        {
            if (_moving.ContainsKey(shard) || _assigning.ContainsKey(shard))
                continue;
            var home = strategy.AllocateShard(Self, shard, view);
            load[home].Add(shard);
            var owner = OwnerOf(home);
            _assigning[shard] = owner;
            _confirmed.Remove(shard);
            if (!chosen.TryGetValue(owner, out var list))
                chosen.Add(owner, list = []);
            list.Add(shard);
        }

        foreach (var (owner, given) in chosen)
            store.AssignAsync(typeName, given, owner).AsTask().PipeTo(Self, null, assigned => new Assigned(assigned), cause => new AssignFailed(given, cause));
    }

    private void OnAssigned(IReadOnlyList<ShardAssignment> assignments)
    {
        foreach (var assignment in assignments)
        {
            _assigning.Remove(assignment.Shard);
            _movedFrom.Remove(assignment.Shard);
            _homes[assignment.Shard] = assignment;
            Announce(assignment);
        }

        // Its member may have died meanwhile.
        AssignOrphans();
        ReleaseEmptyRegions();
    }

    private void OnAssignFailed(AssignFailed failed)
    {
        if (failed.Cause is NotLeaderException)
        {
            Context.Stop(Self);
            return;
        }

        // Whether it was stored is not known: the next retry assigns again, at a higher epoch.
        Context.System.Log.ShardsNotAssigned(typeName, failed.Cause);
        foreach (var shard in failed.Shards)
        {
            _assigning.Remove(shard);
            _movedFrom.Remove(shard);
            _homes.Remove(shard);
        }

        ReleaseEmptyRegions();
    }

    /// <summary>Tells the home to start it and everybody where it is.</summary>
    private void Announce(ShardAssignment home)
    {
        if (!_regions.TryGetValue(home.Owner, out var region))
            return;
        region.Ref.Tell(new ShardCoordination.HostShard(home.Shard, home.Epoch, region.MemberEpoch));
        foreach (var other in _regions.Values)
        {
            if (!ReferenceEquals(other, region))
                other.Ref.Tell(new ShardCoordination.ShardHome(home.Shard, region.Ref, home.Epoch));
        }
    }

    private void OnRetry()
    {
        AskForRegistrations();
        if (settings.StartAllShards)
            AssignOrphans();
        foreach (var (shard, home) in _homes)
        {
            if (!_confirmed.Contains(shard) && !_moving.ContainsKey(shard) && !_assigning.ContainsKey(shard) && _regions.TryGetValue(home.Owner, out var region))
                region.Ref.Tell(new ShardCoordination.HostShard(shard, home.Epoch, region.MemberEpoch));
        }
    }

    private void AskForRegistrations()
    {
        if (regionOf is null)
            return;
        foreach (var member in _members.Values)
        {
            if (IsAlive(member.Id) && member.Status != MemberStatus.Joining && (!_regions.TryGetValue(member.Id, out var region) || region.MemberEpoch != member.Epoch))
                regionOf(member).Tell(new ShardCoordination.RegisterAgain(), Self);
        }
    }

    private Dictionary<IActorRef, IReadOnlyList<string>> Candidates()
    {
        var shards = _regions.Keys.Where(IsCandidate).ToDictionary(owner => owner, _ => new List<string>(), StringComparer.Ordinal);
        foreach (var (shard, home) in _homes)
        {
            if (!_assigning.ContainsKey(shard) && shards.TryGetValue(home.Owner, out var list))
                list.Add(shard);
        }

        foreach (var (shard, owner) in _assigning)
        {
            if (shards.TryGetValue(owner, out var list))
                list.Add(shard);
        }

        return shards.ToDictionary(owner => _regions[owner.Key].Ref, owner => (IReadOnlyList<string>)owner.Value);
    }

    private string OwnerOf(IActorRef region) => _regions.First(entry => entry.Value.Ref.Equals(region)).Key;

    private void OnRebalance()
    {
        if (!_loaded)
            return;
        foreach (var shard in strategy.Rebalance(Candidates(), _moving.Keys.Concat(_assigning.Keys).ToHashSet(StringComparer.Ordinal)))
            Move(shard);
    }

    private void OnLeaving(string owner)
    {
        if (!_regions.TryGetValue(owner, out var region))
            return;
        region.Leaving = true;
        foreach (var shard in ShardsOf(owner).ToList())
            Move(shard);
        ReleaseEmptyRegions();
    }

    private IEnumerable<string> ShardsOf(string owner) => _homes.Values.Where(home => home.Owner == owner).Select(home => home.Shard);

    private void ReleaseEmptyRegions()
    {
        foreach (var (owner, region) in _regions)
        {
            // Not before it was told where its last shard is: what is still on its way to it has to be passed on.
            if (region.Leaving && !ShardsOf(owner).Any() && !_assigning.ContainsValue(owner) && !_movedFrom.ContainsValue(owner))
                region.Ref.Tell(new ShardCoordination.Released());
        }
    }

    private void TellLeavingRegionsThatNobodyIsLeft()
    {
        foreach (var region in _regions.Values.Where(region => region.Leaving))
            region.Ref.Tell(new ShardCoordination.NoOtherRegion());
    }

    private void Move(string shard)
    {
        if (_assigning.ContainsKey(shard) || !_homes.TryGetValue(shard, out var home) || !_regions.TryGetValue(home.Owner, out var region) || _moving.ContainsKey(shard))
            return;
        var regions = _regions.Values.Select(r => r.Ref).ToList();
        _moving[shard] = Context.ActorOf(Props.Create(() => new HandOffWorker(typeName, home, region.Ref, regions, settings)));
    }

    private void OnMoved(HandOffWorker.Finished finished)
    {
        if (!_moving.Remove(finished.Shard))
            return;
        if (!finished.Stopped)
        {
            // Somebody did not answer; nothing was stopped, so everything stays as it was.
            if (_homes.TryGetValue(finished.Shard, out var home))
                Announce(home);
            return;
        }

        AssignAgain(finished.Shard);
        ReleaseEmptyRegions();
        OnRebalance();
    }

    /// <summary>A move whose end this coordinator has not seen, because it began under another: the old home has stopped it.</summary>
    private void OnHandedOff(ShardCoordination.ShardHandedOff handedOff)
    {
        if (!_moving.ContainsKey(handedOff.Shard) && !_assigning.ContainsKey(handedOff.Shard) && _homes.TryGetValue(handedOff.Shard, out var home)
            && home.Epoch == handedOff.Epoch && home.Owner == handedOff.Owner)
            AssignAgain(handedOff.Shard);
    }

    private void AssignAgain(string shard)
    {
        var had = _homes.Remove(shard, out var former);
        Assign([shard]);
        if (had && _assigning.ContainsKey(shard))
            _movedFrom[shard] = former.Owner;
    }

    private void OnRegionGone(IActorRef region)
    {
        if (_regions.FirstOrDefault(entry => entry.Value.Ref.Equals(region)) is not { Key: { } owner })
            return;
        _regions.Remove(owner);

        // Where membership decides, it decides whether the member's shards may go to others.
        if (!IsClustered)
            AssignOrphans();
    }
}
