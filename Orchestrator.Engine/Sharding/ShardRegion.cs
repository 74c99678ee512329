using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Cluster;
using Orchestrator.Engine.Remote;

namespace Orchestrator.Engine.Sharding;

/// <summary>
/// The region's own actor: where shards are, and hosting those that are here. Messages for entities do not pass through it (<see cref="ShardDirectory"/>).
/// <code>
///   a shard, seen from a region:  Unknown ──ShardHome──▶ Elsewhere ──BeginHandOff──▶ Moving ──ShardHome──▶ Elsewhere
///                                    └──HostShard, BeforeHosting done──▶ Here ──BeginHandOff──▶ Moving ──HandOff, all stopped──▶ (HandOffDone) ──HostShard──▶ Here …
///                                                                          └──this member is down──▶ Unknown, everything stopped at once
/// </code>
/// A message about an assignment older than the newest that was heard of is ignored.
/// </summary>
internal sealed partial class ShardRegion(ShardDirectory directory, Func<string, Props> entityProps, CoordinatorPlace place) : UntypedActor, IWithTimers
{
    /// <summary>First message: the reference the world knows this region by.</summary>
    public sealed record Attach(IActorRef Front) : IShardRegionCommand;

    /// <summary>From the directory: a message waits for this shard's home.</summary>
    public sealed record NeedHome(string Shard) : IShardRegionCommand;

    /// <summary>This member's life is over: stop every shard at once; answered with <see cref="Done"/> when nothing of them runs any more.</summary>
    public sealed record StopAllShards : IShardRegionCommand;

    private sealed record ReadyToHost(string Shard, long Epoch, Exception? Failure);

    private sealed record Retry;

    private readonly Dictionary<string, HashSet<IActorRef>> _handOffs = new(StringComparer.Ordinal);
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private readonly HashSet<string> _stopping = new(StringComparer.Ordinal);
    private readonly HashSet<string> _hostWhenStopped = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CancellationTokenSource> _preparing = new(StringComparer.Ordinal);
    private readonly List<IActorRef> _whenStopped = [];
    private IActorRef _front = ActorRefs.Nobody;
    private IActorRef? _coordinator = place.Fixed;
    private bool _registered;
    private bool _leaving;
    private bool _released;
    private bool _nowhereToGo;
    private bool _down;

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PostStop()
    {
        if (place.IsClustered)
            Cluster.Cluster.Get(Context.System).Unsubscribe(Self);
        foreach (var shard in _preparing.Keys.ToList())
            StopPreparing(shard);
        directory.Close(_front);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Attach attach:
                _front = attach.Front;
                if (place.IsClustered)
                {
                    Cluster.Cluster.Get(Context.System).Subscribe(Self);
                    Context.System.EventStream.Subscribe<UnsentMessage>(Self);
                }

                Register();
                break;
            case NeedHome need:
                Ask(need.Shard);
                break;
            case ShardCoordination.RegisterAgain:
                Register();
                break;
            case ShardCoordination.Registered:
                OnRegistered();
                break;
            case ShardCoordination.HostShard host:
                OnHostShard(host);
                break;
            case ReadyToHost ready:
                OnReadyToHost(ready);
                break;
            case ShardCoordination.ShardHome home:
                OnShardHome(home);
                break;
            case ShardCoordination.BeginHandOff begin:
                OnBeginHandOff(begin);
                break;
            case ShardCoordination.HandOff handOff:
                OnHandOff(handOff);
                break;
            case ShardCoordination.Released:
                _released = true;
                StopWhenEmpty();
                break;
            case ShardCoordination.NoOtherRegion:
                _nowhereToGo = true;
                StopWhenEmpty();
                break;
            case Retry:
                OnRetry();
                break;
            case GracefulShutdown:
                _leaving = true;
                SayThatWeLeave();
                break;
            case UnsentMessage unsent:
                OnUnsent(unsent);
                break;
            case StopAllShards:
                OnStopAllShards();
                break;
            case GetShardRegionState:
                Sender.Tell(State(), _front);
                break;
            case ClusterEvent.CurrentClusterState state:
                LeaderIs(state.Leader);
                break;
            case ClusterEvent.LeaderChanged change:
                LeaderIs(change.Leader);
                break;
            case ClusterEvent.IMemberEvent change:
                OnMember(change.Member);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    internal override void ChildStopped(IActorRef child)
    {
        var slot = directory.Slot(Uri.UnescapeDataString(child.Path.Name));
        lock (slot.Lock)
        {
            slot.Shard = null;

            // Without a hand-off the shard's actor has failed for good: the next message asks for a home again.
            if (slot.Place == ShardPlace.Here)
            {
                foreach (var entry in directory.EntriesOf(slot))
                    directory.MoveBufferToSlot(entry);
                directory.LoseHome(slot, Self);
            }
        }

        _stopping.Remove(slot.Id);
        Context.System.EventStream.Publish(new ShardStopped(directory.TypeName, slot.Id));
        if (_handOffs.Remove(slot.Id, out var workers))
        {
            foreach (var worker in workers)
                worker.Tell(new ShardCoordination.HandOffDone(slot.Id), _front);
        }

        if (_hostWhenStopped.Remove(slot.Id))
            OnHostShard(slot.Id, slot.Epoch);
        if (_whenStopped.Count > 0 && Context.GetChildren().Count == 0)
        {
            foreach (var asker in _whenStopped)
                asker.Tell(Done.Instance, _front);
            _whenStopped.Clear();
        }

        StopWhenEmpty();
    }

    private void LeaderIs(Member? leader)
    {
        _coordinator = leader is null ? null : place.Of(leader, Context.System);
        _registered = false;
        Register();
    }

    private void OnMember(Member member)
    {
        var self = Cluster.Cluster.Get(Context.System).SelfMember;
        if (member.Id != self.Id)
        {
            if (member.Status is MemberStatus.Down or MemberStatus.Removed)
                LoseHomesOn(member);
        }
        else if (member.Status == MemberStatus.Down)
        {
            StopEverything();
        }
        else if (member.Status == MemberStatus.Up)
        {
            _down = false;
            _registered = false;
            Register();
        }
    }

    private void Register()
    {
        if (_down)
            return;
        var hosted = directory.Slots.Where(slot => slot.Place == ShardPlace.Here || _preparing.ContainsKey(slot.Id)).Select(slot => new ShardAssignment(slot.Id, place.Owner(Context.System), slot.Epoch)).ToList();
        _coordinator?.Tell(new ShardCoordination.Register(_front, place.Owner(Context.System), place.MemberEpoch(Context.System), hosted), _front);
        RetryUntilAnswered();
    }

    private void OnRegistered()
    {
        _registered = true;
        if (_leaving)
            SayThatWeLeave();
        foreach (var shard in _asked)
            AskCoordinator(shard);
        StopRetryingWhenAnswered();
    }

    private void SayThatWeLeave()
    {
        _coordinator?.Tell(new ShardCoordination.GracefulShutdownRequest(place.Owner(Context.System)), _front);
        RetryUntilAnswered();
    }

    private void Ask(string shard)
    {
        if (_asked.Add(shard))
            AskCoordinator(shard);
        RetryUntilAnswered();
    }

    private void AskCoordinator(string shard) => _coordinator?.Tell(new ShardCoordination.GetShardHome(_front, place.Owner(Context.System), shard), _front);

    private void RetryUntilAnswered()
    {
        if (!Timers.IsTimerActive(nameof(Retry)))
            Timers.StartPeriodicTimer(nameof(Retry), new Retry(), directory.Settings.RetryInterval);
    }

    private void OnRetry()
    {
        if (!_registered)
            Register();
        else if (_leaving && !_released)
            SayThatWeLeave();
        foreach (var shard in _asked)
            AskCoordinator(shard);
        StopRetryingWhenAnswered();
    }

    private void StopRetryingWhenAnswered()
    {
        if (_registered && _asked.Count == 0 && !_leaving)
            Timers.Cancel(nameof(Retry));
    }

    private void OnShardHome(ShardCoordination.ShardHome home)
    {
        var slot = directory.Slot(home.Shard);
        if (home.Epoch < slot.Epoch || home.Region.Equals(_front))
            return;

        // What is being stopped here, or is about to start, is not taken away by a late answer; but a newer home means that this one was declared dead.
        if (home.Epoch == slot.Epoch && (slot.Shard is not null || _preparing.ContainsKey(home.Shard)))
            return;
        _asked.Remove(home.Shard);
        StopRetryingWhenAnswered();
        StopPreparing(home.Shard);
        _hostWhenStopped.Remove(home.Shard);
        lock (slot.Lock)
        {
            slot.Epoch = home.Epoch;
            StopShard(slot);
            slot.Place = ShardPlace.Elsewhere;
            slot.Home = place.AnyLifeOf(home.Region, Context.System);
            directory.DeliverBuffered(slot, Self);
        }

        StopWhenEmpty();
    }

    private void OnBeginHandOff(ShardCoordination.BeginHandOff begin)
    {
        var slot = directory.Slot(begin.Shard);
        if (begin.Epoch >= slot.Epoch)
        {
            lock (slot.Lock)
            {
                slot.Epoch = begin.Epoch;
                slot.Place = ShardPlace.Moving;
                slot.Home = null;
            }

            // The move may never end, if the coordinator's life does: the next one is asked.
            StopPreparing(begin.Shard);
            _asked.Add(begin.Shard);
            RetryUntilAnswered();
        }

        Sender.Tell(new ShardCoordination.BeginHandOffAck(begin.Shard, _front), _front);
    }

    private void OnHandOff(ShardCoordination.HandOff handOff)
    {
        var slot = directory.Slot(handOff.Shard);
        if (handOff.Epoch >= slot.Epoch)
        {
            slot.HandedOff = handOff.Epoch;
            StopPreparing(handOff.Shard);
        }

        if (handOff.Epoch < slot.Epoch || slot.Shard is not { } shard)
        {
            Sender.Tell(new ShardCoordination.HandOffDone(handOff.Shard), _front);
            return;
        }

        lock (slot.Lock)
            slot.Place = ShardPlace.Moving;
        _stopping.Add(handOff.Shard);
        if (!_handOffs.TryGetValue(handOff.Shard, out var workers))
            _handOffs.Add(handOff.Shard, workers = []);
        workers.Add(Sender);
        shard.Tell(handOff, Self);
    }

    /// <summary>Fenced: others may host these shards any moment, so nothing is waited for and nothing handed over. What waits goes on waiting.</summary>
    private void StopEverything()
    {
        _down = true;
        _registered = false;
        _hostWhenStopped.Clear();
        foreach (var shard in _preparing.Keys.ToList())
            StopPreparing(shard);
        var stopped = 0;
        foreach (var slot in directory.Slots)
        {
            lock (slot.Lock)
            {
                if (slot.Shard is null && slot.Place != ShardPlace.Moving)
                    continue;
                stopped += slot.Shard is null ? 0 : 1;
                StopShard(slot);
                directory.LoseHome(slot, Self);
            }
        }

        if (stopped > 0)
            Context.System.Log.ShardsStopped(directory.TypeName, stopped);
    }

    private void OnStopAllShards()
    {
        if (!_down)
            StopEverything();
        if (Context.GetChildren().Count == 0)
            Sender.Tell(Done.Instance, _front);
        else
            _whenStopped.Add(Sender);
    }

    /// <summary>The member it was for has gone before it was sent.</summary>
    private void OnUnsent(UnsentMessage unsent)
    {
        if (unsent.Message is ShardMessage routed && unsent.Recipient.Path.ToStringWithoutAddress() == _front.Path.ToStringWithoutAddress())
            directory.Reroute(routed.Message, unsent.Sender, unsent.Recipient, Self);
    }

    private void LoseHomesOn(Member member)
    {
        foreach (var slot in directory.Slots)
        {
            lock (slot.Lock)
            {
                if (slot.Place == ShardPlace.Elsewhere && slot.Home!.Path.Address.ToString() == member.Address)
                    directory.LoseHome(slot, Self);
            }
        }
    }

    /// <summary>Under the slot's lock: without a hand-off. What waits for its entities waits for the shard.</summary>
    private void StopShard(ShardSlot slot)
    {
        if (slot.Shard is not { } shard)
            return;
        slot.Place = ShardPlace.Moving;
        _stopping.Add(slot.Id);
        foreach (var entry in directory.EntriesOf(slot))
            directory.MoveBufferToSlot(entry);
        Context.Stop(shard);
    }

    private void StopWhenEmpty()
    {
        if (_released && Context.GetChildren().Count == 0 && (_nowhereToGo || !directory.HasBuffered))
            Context.Stop(Self);
    }

    private CurrentShardRegionState State()
    {
        var state = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var slot in directory.Slots)
        {
            lock (slot.Lock)
            {
                if (slot.Place == ShardPlace.Here)
                    state.Add(slot.Id, directory.EntitiesOf(slot));
            }
        }

        return new CurrentShardRegionState(state);
    }
}
