using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Sharding;

/// <summary>
/// Parent of a shard's entities: starts them, passivates them, and stops them all when the shard moves.
/// <code>
///   an entity:  Starting ──created──▶ Active ──Passivate──▶ Passivating ──stopped, messages waited──▶ Starting
///                                        └──stopped─────────────┴──stopped, nothing waited──▶ gone
///   the shard:  Running ──HandOff──▶ HandingOff (every entity told to stop) ──last one gone──▶ stopped
/// </code>
/// </summary>
internal sealed class Shard(ShardDirectory directory, ShardSlot slot, Func<string, Props> entityProps) : UntypedActor, IWithTimers
{
    /// <summary>From the directory: create this entity's actor.</summary>
    public sealed record StartEntity(EntityEntry Entry);

    private sealed record StopIdleEntities;

    private sealed record HandOffTimeout;

    private bool _handingOff;

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        lock (slot.Lock)
            slot.StartEntity = Start;
        if (directory.Settings.PassivateIdleEntityAfter is { } idle)
            Timers.StartPeriodicTimer(nameof(StopIdleEntities), new StopIdleEntities(), idle / 2);
    }

    protected override void PostStop()
    {
        lock (slot.Lock)
            slot.StartEntity = null;
    }

    /// <summary>Entities survive a failure of their shard: it holds nothing that they need.</summary>
    protected override void PreRestart(Exception reason, object? message)
    {
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case StartEntity start:
                Start(start.Entry);
                break;
            case Passivate passivate:
                OnPassivate(passivate);
                break;
            case ShardCoordination.HandOff:
                OnHandOff();
                break;
            case StopIdleEntities:
                OnStopIdleEntities();
                break;
            case HandOffTimeout:
                foreach (var child in Context.GetChildren())
                    Context.Stop(child);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    internal override void ChildStopped(IActorRef child)
    {
        if (Entry(child) is not { } entry)
            return;
        bool restart;
        lock (slot.Lock)
        {
            restart = !_handingOff && entry.Buffer is { Count: > 0 };
            entry.Actor = null;
            if (restart)
                entry.Phase = EntityPhase.Starting;
            else if (_handingOff)
                directory.MoveBufferToSlot(entry);
            else
                directory.Remove(entry);
        }

        if (restart)
            Start(entry);
        StopWhenHandedOff();
    }

    /// <summary>Any thread: children may be made from any, and the slot's lock orders what happens to the entry.</summary>
    private void Start(EntityEntry entry)
    {
        lock (slot.Lock)
        {
            if (entry.Phase != EntityPhase.Starting)
                return;
        }

        IActorRef actor;
        try
        {
            actor = Cell.ActorOf(entityProps(entry.Id), Uri.EscapeDataString(entry.Id));
        }
        catch (Exception cause)
        {
            Abandon(entry, cause);
            return;
        }

        lock (slot.Lock)
            directory.Activate(entry, actor);
    }

    /// <summary>The factory failed: as with a constructor that fails, the messages are dead letters and the next one tries again.</summary>
    private void Abandon(EntityEntry entry, Exception cause)
    {
        Cell.System.Log.EntityNotStarted(directory.TypeName, entry.Id, cause);
        lock (slot.Lock)
        {
            foreach (var (message, sender) in entry.TakeBuffer())
                Cell.System.DeadLetters.Tell(message, sender);
            directory.Remove(entry);
        }
    }

    private void OnPassivate(Passivate passivate)
    {
        if (Entry(Sender) is { } entry)
            Stop(entry, passivate.StopMessage);
    }

    private void OnStopIdleEntities()
    {
        var time = Context.System.TimeProvider;
        var idle = directory.Settings.PassivateIdleEntityAfter!.Value;
        foreach (var child in Context.GetChildren())
        {
            if (Entry(child) is not { } entry || time.GetElapsedTime(entry.LastUsed) < idle)
                continue;
            if (directory.Settings.IdleEntityMessage is { } ask)
                child.Tell(ask, Self);
            else
                Stop(entry, directory.Settings.HandOffStopMessage);
        }
    }

    private void OnHandOff()
    {
        if (_handingOff)
            return;
        _handingOff = true;
        foreach (var entry in directory.EntriesOf(slot))
        {
            lock (slot.Lock)
            {
                if (entry.Phase == EntityPhase.Starting)
                    directory.MoveBufferToSlot(entry);
            }

            Stop(entry, directory.Settings.HandOffStopMessage);
        }

        Timers.StartSingleTimer(nameof(HandOffTimeout), new HandOffTimeout(), directory.Settings.HandOffTimeout);
        StopWhenHandedOff();
    }

    private void Stop(EntityEntry entry, object stopMessage)
    {
        lock (slot.Lock)
        {
            if (entry.Phase != EntityPhase.Active)
                return;
            entry.Phase = EntityPhase.Passivating;
            entry.Actor!.Tell(stopMessage, Self);
        }
    }

    /// <summary>On the entity's thread. Messages are put into its mailbox under the lock, so none can come between the look and the stop.</summary>
    internal bool StopIfIdle(ActorCell entity)
    {
        lock (slot.Lock)
        {
            if (!entity.IsMailboxEmpty || Entry(entity.Self) is not { Phase: EntityPhase.Active } entry)
                return false;
            entry.Phase = EntityPhase.Passivating;
        }

        entity.Stop(entity.Self);
        return true;
    }

    private void StopWhenHandedOff()
    {
        if (_handingOff && Context.GetChildren().Count == 0)
            Context.Stop(Self);
    }

    private EntityEntry? Entry(IActorRef child)
    {
        var entry = directory.Entity(Uri.UnescapeDataString(child.Path.Name));
        return entry is not null && child.Equals(entry.Actor) ? entry : null;
    }
}
