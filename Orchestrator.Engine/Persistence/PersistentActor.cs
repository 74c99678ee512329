using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Persistence;

/// <summary>
/// The common part of persistent actors (Akka.NET's <c>Eventsourced</c>): state is what the recovered and persisted events made of it.
/// <code>
///   start ─▶ Recovering ──RecoveryCompleted──▶ Processing ──Persist──▶ Persisting (commands wait in the mailbox)
///               │ failure                          ▲  ▲ PersistAsync: writes while processing   │
///               ▼                                  │  └──────────────────────────────────────┐ │
///             stopped ◀──write failed or fenced────┼──────────── commit ─▶ handlers in order ─┘─┘
/// </code>
/// One write is in flight at a time; what one command persists is one atomic write. Stopping and restarting wait for the write in flight, so that a
/// successor recovers it.
/// </summary>
public abstract class Eventsourced : ActorBase
{
    private readonly PersistenceExtension _persistence;
    private List<PendingEvent> _queued = [];
    private List<PendingEvent>? _inFlight;
    private ValueTask<long> _write;
    private long _sequenceNr;
    private int _holding;
    private bool _handlingCommand;
    private bool _replaying = true;

    private protected Eventsourced() => _persistence = PersistenceExtension.Get(Context.System);

    /// <summary>Identifies this actor's events; the same for every incarnation, and no other actor's.</summary>
    public abstract string PersistenceId { get; }

    /// <summary>Where the state comes from.</summary>
    protected virtual Recovery Recovery => Recovery.Full;

    /// <summary>True until <see cref="RecoveryCompleted"/> has been handled.</summary>
    public bool IsRecovering { get; private set; } = true;

    /// <summary>Sequence number of the newest event that was recovered or whose handler runs or has run; 0 for none.</summary>
    public long LastSequenceNr { get; private set; }

    /// <summary>Journal ordering of the event that is being recovered or handled, afterwards of the newest such; 0 for none. Beyond Akka.</summary>
    public long LastOrdering { get; private set; }

    /// <summary>Sequence number of the newest snapshot.</summary>
    public long SnapshotSequenceNr { get; private set; }

    /// <summary>Handles one recovered event, <see cref="SnapshotOffer"/> or <see cref="RecoveryCompleted"/>; false where it does not.</summary>
    private protected abstract bool OnRecover(object message);

    /// <summary>
    /// Writes <paramref name="event"/> and then calls <paramref name="handler"/>, with the command's sender. No other command is processed in between. What one command
    /// persists is written atomically.
    /// </summary>
    protected void Persist<TEvent>(TEvent @event, Action<TEvent> handler)
        where TEvent : notnull => Add(@event, handler, holdsCommands: true);

    /// <summary>As <see cref="Persist{TEvent}"/> for several; <paramref name="onComplete"/> runs after the last handler.</summary>
    protected void PersistAll<TEvent>(IEnumerable<TEvent> events, Action<TEvent> handler, Action? onComplete = null)
        where TEvent : notnull => AddAll(events, handler, onComplete, holdsCommands: true);

    /// <summary>As <see cref="Persist{TEvent}"/>, but commands go on meanwhile. Handlers run in the order of the calls.</summary>
    protected void PersistAsync<TEvent>(TEvent @event, Action<TEvent> handler)
        where TEvent : notnull => Add(@event, handler, holdsCommands: false);

    /// <summary>As <see cref="PersistAll{TEvent}"/>, but commands go on meanwhile.</summary>
    protected void PersistAllAsync<TEvent>(IEnumerable<TEvent> events, Action<TEvent> handler, Action? onComplete = null)
        where TEvent : notnull => AddAll(events, handler, onComplete, holdsCommands: false);

    /// <summary>Number of the last event that was given to the journal, whether or not it is committed yet. Any thread.</summary>
    protected long NewestSequenceNr => Volatile.Read(ref _sequenceNr);

    /// <summary>Calls <paramref name="handler"/> after the handlers of everything persisted before; writes nothing.</summary>
    protected void DeferAsync<TEvent>(TEvent @event, Action<TEvent> handler)
        where TEvent : notnull => Enqueue(new PendingEvent(@event, e => handler((TEvent)e), null, HoldsCommands: false, Cell.CurrentEnvelope));

    /// <summary>Stores a snapshot of the state after <see cref="LastSequenceNr"/>; <see cref="SaveSnapshotSuccess"/> or <see cref="SaveSnapshotFailure"/> comes back as a message.</summary>
    protected void SaveSnapshot(object snapshot)
    {
        var store = _persistence.SnapshotStore ?? throw new InvalidOperationException("The system has no snapshot store.");
        var metadata = new SnapshotMetadata(PersistenceId, LastSequenceNr, Context.System.TimeProvider.GetUtcNow());
        SnapshotSequenceNr = LastSequenceNr;
        store.SaveAsync(metadata, snapshot).AsTask().PipeTo(Self, Self, () => new SaveSnapshotSuccess(metadata), cause => new SaveSnapshotFailure(metadata, cause));
    }

    /// <summary>The write failed (fencing included): called once per event before the actor stops. <c>Sender</c> is the command's; nothing of the atomic write is in the journal unless the failure leaves that open.</summary>
    protected virtual void OnPersistFailure(Exception cause, object @event, long sequenceNr)
    {
    }

    /// <summary>The event could not be serialized: nothing was written, its handler is not called, and the actor goes on.</summary>
    protected virtual void OnPersistRejected(Exception cause, object @event, long sequenceNr) => Context.System.Log.PersistRejected(PersistenceId, sequenceNr, cause);

    /// <summary>Recovery failed, in the journal or in a handler: called before the actor stops.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="message">The event whose handler threw, if it was that.</param>
    protected virtual void OnRecoveryFailure(Exception reason, object? message = null) => Context.System.Log.RecoveryFailed(PersistenceId, LastSequenceNr, reason);

    /// <inheritdoc/>
    protected internal sealed override bool AroundReceive(object message)
    {
        var queued = _queued.Count;
        var sequenceNr = _sequenceNr;
        var holding = _holding;
        _handlingCommand = true;
        bool handled;
        try
        {
            handled = Receive(message);
        }
        catch
        {
            // A command that failed half-way decided nothing: what it wanted to persist is dropped, also where the supervisor resumes.
            _queued.RemoveRange(queued, _queued.Count - queued);
            _sequenceNr = sequenceNr;
            _holding = holding;
            Cell.HoldsMessages = holding > 0;
            throw;
        }
        finally
        {
            _handlingCommand = false;
        }

        Flush();
        return handled;
    }

    internal sealed override void AfterAsyncHandler() => Flush();

    internal sealed override void AroundPreStart()
    {
        base.AroundPreStart();
        StartRecovery();
    }

    internal sealed override void AroundPostRestart(Exception reason)
    {
        base.AroundPostRestart(reason);
        StartRecovery();
    }

    private void StartRecovery()
    {
        Cell.HoldsMessages = true;
        var replay = new Replay(this, _persistence, Recovery);
        replay.Start();
    }

    /// <summary>One recovered row; false where the recovery has failed.</summary>
    internal bool Recovered(JournalRow row)
    {
        object? @event = null;
        try
        {
            LastSequenceNr = row.SequenceNr;
            LastOrdering = row.Ordering;
            @event = _persistence.Serializer.Deserialize(row);
            if (!OnRecover(@event))
                Unhandled(@event);
            return true;
        }
        catch (Exception cause)
        {
            RecoveryFailed(cause, @event);
            return false;
        }
    }

    /// <summary>The snapshot to start from; false where the recovery has failed.</summary>
    internal bool Recovered(SnapshotOffer offer)
    {
        try
        {
            LastSequenceNr = SnapshotSequenceNr = offer.Metadata.SequenceNr;
            if (!OnRecover(offer))
                Unhandled(offer);
            return true;
        }
        catch (Exception cause)
        {
            RecoveryFailed(cause, offer);
            return false;
        }
    }

    /// <summary>Numbering goes on after this row, whose event is not recovered.</summary>
    internal void Continue(JournalRow? last)
    {
        LastSequenceNr = last?.SequenceNr ?? 0;
        LastOrdering = last?.Ordering ?? 0;
    }

    internal void RecoveryFailed(Exception cause, object? @event)
    {
        OnRecoveryFailure(cause, @event);
        Context.Stop(Self);
    }

    internal void RecoverySucceeded()
    {
        _sequenceNr = LastSequenceNr;
        _replaying = false;
        OnRecover(RecoveryCompleted.Instance);
        IsRecovering = false;
        Cell.HoldsMessages = _holding > 0;
        Flush();
    }

    private void Add<TEvent>(TEvent @event, Action<TEvent> handler, bool holdsCommands)
        where TEvent : notnull
    {
        if (_replaying)
            throw new IllegalActorStateException("Nothing can be persisted while events are being recovered; do it at RecoveryCompleted.");
        ReadOnlyMemory<byte> payload;
        string operation;
        if (@event is IJournalEvent raw)
        {
            operation = raw.Operation;
            payload = raw.Payload;
        }
        else
        {
            try
            {
                (operation, payload) = _persistence.Serializer.Serialize(@event);
            }
            catch (Exception cause)
            {
                OnPersistRejected(cause, @event, _sequenceNr + 1);
                return;
            }
        }

        Enqueue(new PendingEvent(@event, e => handler((TEvent)e), new JournalWrite(PersistenceId, ++_sequenceNr, operation, payload), holdsCommands, Cell.CurrentEnvelope));
    }

    private void AddAll<TEvent>(IEnumerable<TEvent> events, Action<TEvent> handler, Action? onComplete, bool holdsCommands)
        where TEvent : notnull
    {
        foreach (var @event in events)
            Add(@event, handler, holdsCommands);
        if (onComplete is not null)
            Enqueue(new PendingEvent(string.Empty, _ => onComplete(), null, holdsCommands, Cell.CurrentEnvelope));
    }

    private void Enqueue(PendingEvent pending)
    {
        _queued.Add(pending);
        if (pending.HoldsCommands)
        {
            _holding++;
            Cell.HoldsMessages = true;
        }
    }

    /// <summary>Starts the next write, if none is in flight and the command is done.</summary>
    private void Flush()
    {
        while (_inFlight is null && !_handlingCommand && !IsRecovering && _queued.Count > 0)
        {
            var batch = _queued;
            _queued = [];
            var rows = Rows(batch);
            if (rows.Length == 0)
            {
                RunHandlers(batch, 0);
                continue;
            }

            _inFlight = batch;
            _write = _persistence.Journal.WriteAsync(rows);
            if (_write.IsCompleted)
                Settle();
            else
                SettleLater();
        }
    }

    private void SettleLater()
    {
        Cell.BeginOperation();
        var activity = Context.System.Activity;
        activity?.Begin();
        var settled = new OperationCompleted(this, () =>
        {
            Settle();
            Flush();
        });
        _write.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(() =>
        {
            Cell.SendSystemMessage(settled);
            activity?.End();
        });
    }

    private void Settle()
    {
        var batch = _inFlight!;
        _inFlight = null;
        long ordering;
        try
        {
            ordering = _write.GetAwaiter().GetResult();
        }
        catch (Exception cause)
        {
            WriteFailed(batch, cause);
            return;
        }

        RunHandlers(batch, ordering);
    }

    private void RunHandlers(List<PendingEvent> batch, long ordering)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            var pending = batch[i];
            if (pending.HoldsCommands)
                _holding--;
            if (pending.Row is { } row)
            {
                LastSequenceNr = row.SequenceNr;
                LastOrdering = ordering++;
            }

            try
            {
                Cell.RunAs(pending.Cause, () => pending.Handler(pending.Event));
            }
            catch when (i + 1 < batch.Count)
            {
                // The rest is committed, too: its handlers run if the supervisor resumes this instance.
                var rest = batch.GetRange(i + 1, batch.Count - i - 1);
                Cell.SendSystemMessage(new OperationCompleted(this, () =>
                {
                    RunHandlers(rest, ordering);
                    Flush();
                })
                { Counted = true });
                throw;
            }
        }

        Cell.HoldsMessages = _holding > 0;
    }

    private void WriteFailed(List<PendingEvent> batch, Exception cause)
    {
        Context.System.Log.PersistFailed(PersistenceId, batch[0].Row?.SequenceNr ?? _sequenceNr, cause);
        if (cause is FencedException fenced)
            Context.System.EventStream.Publish(new Fenced(PersistenceId, fenced));
        var lost = batch.Concat(_queued).ToList();
        _queued = [];
        foreach (var pending in lost)
        {
            if (pending.Row is { } row)
                Cell.RunAs(pending.Cause, () => OnPersistFailure(cause, pending.Event, row.SequenceNr));
        }

        // What comes before the stop must not be processed on a state that the journal does not know.
        Cell.HoldsMessages = true;
        Context.Stop(Self);
    }

    private static JournalWrite[] Rows(List<PendingEvent> batch)
    {
        var count = 0;
        foreach (var pending in batch)
            count += pending.Row is null ? 0 : 1;
        if (count == 0)
            return [];
        var rows = new JournalWrite[count];
        var i = 0;
        foreach (var pending in batch)
        {
            if (pending.Row is { } row)
                rows[i++] = row;
        }

        return rows;
    }
}
