using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Sharding;

/// <summary>
/// The region's own actor: where shards are, and hosting those that are here. Messages for entities do not pass through it (<see cref="ShardDirectory"/>).
/// <code>
///   a shard, seen from a region:  Unknown ──ShardHome──▶ Elsewhere ──BeginHandOff──▶ Moving ──ShardHome──▶ Elsewhere
///                                    └──HostShard──▶ Here ──BeginHandOff──▶ Moving ──HandOff, all stopped──▶ (HandOffDone) ──HostShard──▶ Here …
/// </code>
/// </summary>
internal sealed class ShardRegion(ShardDirectory directory, Func<string, Props> entityProps, IActorRef coordinator) : UntypedActor, IWithTimers
{
    /// <summary>First message: the reference the world knows this region by.</summary>
    public sealed record Attach(IActorRef Front) : IShardRegionCommand;

    /// <summary>From the directory: a message waits for this shard's home.</summary>
    public sealed record NeedHome(string Shard) : IShardRegionCommand;

    private sealed record Retry;

    private readonly Dictionary<string, IActorRef> _handOffs = new(StringComparer.Ordinal);
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private IActorRef _front = ActorRefs.Nobody;
    private bool _registered;
    private bool _released;
    private bool _nowhereToGo;

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PostStop() => directory.Close(_front);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Attach attach:
                _front = attach.Front;
                coordinator.Tell(new ShardCoordination.Register(_front), _front);
                Timers.StartPeriodicTimer(nameof(Retry), new Retry(), directory.Settings.RetryInterval);
                break;
            case NeedHome need:
                _asked.Add(need.Shard);
                Ask(need.Shard);
                break;
            case ShardCoordination.Registered:
                _registered = true;
                StopRetryingWhenAnswered();
                break;
            case ShardCoordination.HostShard host:
                Host(host.Shard);
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
                coordinator.Tell(new ShardCoordination.GracefulShutdownRequest(_front), _front);
                break;
            case GetShardRegionState:
                Sender.Tell(State(), _front);
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
                slot.Place = ShardPlace.Unknown;
                foreach (var entry in directory.EntriesOf(slot))
                    directory.MoveBufferToSlot(entry);
                if (slot.Buffer.Count > 0)
                    Self.Tell(new NeedHome(slot.Id), null);
            }
        }

        Context.System.EventStream.Publish(new ShardStopped(directory.TypeName, slot.Id));
        if (_handOffs.Remove(slot.Id, out var worker))
            worker.Tell(new ShardCoordination.HandOffDone(slot.Id), _front);
        StopWhenEmpty();
    }

    private void Ask(string shard)
    {
        coordinator.Tell(new ShardCoordination.GetShardHome(_front, shard), _front);
        Timers.StartPeriodicTimer(nameof(Retry), new Retry(), directory.Settings.RetryInterval);
    }

    private void OnRetry()
    {
        if (!_registered)
            coordinator.Tell(new ShardCoordination.Register(_front), _front);
        foreach (var shard in _asked)
            coordinator.Tell(new ShardCoordination.GetShardHome(_front, shard), _front);
        StopRetryingWhenAnswered();
    }

    private void StopRetryingWhenAnswered()
    {
        if (_registered && _asked.Count == 0)
            Timers.Cancel(nameof(Retry));
    }

    private void Host(string shard)
    {
        var slot = directory.Slot(shard);
        _asked.Remove(shard);
        StopRetryingWhenAnswered();
        lock (slot.Lock)
        {
            if (slot.Place == ShardPlace.Here)
                return;
            slot.Shard = Context.ActorOf(Props.Create(() => new Shard(directory, slot, entityProps)), Uri.EscapeDataString(shard));
            slot.Place = ShardPlace.Here;
            slot.Home = null;
            directory.DeliverBuffered(slot, Self);
        }

        directory.Settings.OnShardStarted?.Invoke(shard);
        Context.System.EventStream.Publish(new ShardStarted(directory.TypeName, shard));
    }

    private void OnShardHome(ShardCoordination.ShardHome home)
    {
        _asked.Remove(home.Shard);
        StopRetryingWhenAnswered();
        if (home.Region.Equals(_front))
            return;
        var slot = directory.Slot(home.Shard);
        lock (slot.Lock)
        {
            // A stale answer must not take away what is being stopped here.
            if (slot.Shard is not null)
                return;
            slot.Place = ShardPlace.Elsewhere;
            slot.Home = home.Region;
            directory.DeliverBuffered(slot, Self);
        }

        StopWhenEmpty();
    }

    private void OnBeginHandOff(ShardCoordination.BeginHandOff begin)
    {
        var slot = directory.Slot(begin.Shard);
        lock (slot.Lock)
        {
            slot.Place = ShardPlace.Moving;
            slot.Home = null;
        }

        Sender.Tell(new ShardCoordination.BeginHandOffAck(begin.Shard, _front), _front);
    }

    private void OnHandOff(ShardCoordination.HandOff handOff)
    {
        var slot = directory.Slot(handOff.Shard);
        if (slot.Shard is not { } shard)
        {
            Sender.Tell(new ShardCoordination.HandOffDone(handOff.Shard), _front);
            return;
        }

        _handOffs[handOff.Shard] = Sender;
        shard.Tell(handOff, Self);
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

/// <summary>What <c>ClusterSharding.Start</c> returns: entity messages are routed on the caller's thread, the rest goes to the region's actor.</summary>
internal sealed class ShardRegionRef(InternalActorRef region, ShardDirectory directory) : InternalActorRef(region.Path)
{
    internal override ActorSystem? System => region.System;

    public override void Tell(object message, IActorRef? sender)
    {
        switch (message)
        {
            case IShardRegionCommand or IAutoReceivedMessage:
                region.Tell(message, sender);
                break;
            case LocalOnly local:
                directory.DeliverLocally(local.Envelope, sender);
                break;
            default:
                directory.Deliver(message, sender, region);
                break;
        }
    }

    internal override void SendSystemMessage(SystemMessage message) => region.SendSystemMessage(message);
}
