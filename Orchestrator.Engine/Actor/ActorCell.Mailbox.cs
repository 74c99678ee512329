namespace Orchestrator.Engine.Actor;

/// <summary>
/// The mailbox. A cell is queued on the thread pool (or its dispatcher) when its first message arrives, runs a batch, and queues itself again while there is work:
/// <code>
///   Idle ──message──▶ Scheduled ──batch done, nothing left──▶ Idle
///                        │  ▲└─batch done, more left─┘
///                        └──stopped──▶ Closed (everything goes to dead letters)
/// </code>
/// </summary>
internal sealed partial class ActorCell : IThreadPoolWorkItem
{
    private const int Idle = 0;
    private const int Scheduled = 1;
    private const int Closed = 2;

    /// <summary>User messages per turn on a pool thread: enough to amortise the hop, few enough to stay fair.</summary>
    private const int Throughput = 64;

    private MpscQueue<Envelope> _messages;
    private MpscQueue<SystemMessage> _systemMessages;
    private int _state;
    private int _suspensions;

    internal bool IsTerminated => Volatile.Read(ref _state) == Closed;

    /// <summary>User messages wait while set: the actor is busy with something that must finish first (recovery, a persist). Own thread only.</summary>
    internal bool HoldsMessages { get; set; }

    /// <summary>Whether no user message waits, stashed ones aside. Own thread only.</summary>
    internal bool IsMailboxEmpty => _messages.IsEmpty;

    private bool MayReceive => _suspensions == 0 && !HoldsMessages && _asyncScope is null && _actor is not null;

    private bool HasWork => !_systemMessages.IsEmpty || (MayReceive && !_messages.IsEmpty);

    public void SendMessage(object message, IActorRef? sender)
    {
        ArgumentNullException.ThrowIfNull(message);
        _messages.Enqueue(new Envelope(message, sender));
        Schedule();
    }

    public void SendSystemMessage(SystemMessage message)
    {
        _systemMessages.Enqueue(message);
        Schedule();
    }

    void IThreadPoolWorkItem.Execute()
    {
        _current = this;
        var meter = System.Meter;
        var (type, began) = meter is null ? default : (_actor?.GetType(), ActorMeter.Thread());
        ProcessSystemMessages();
        for (var left = Throughput; left > 0 && MayReceive && _state != Closed; left--)
        {
            var envelope = _messages.Dequeue();
            if (envelope is null)
                break;
            Invoke(envelope);
            if (!_systemMessages.IsEmpty)
                ProcessSystemMessages();
        }

        _current = null;
        if (meter is not null && (type ?? _actor?.GetType()) is { } metered)
            meter.Add(metered, began);
        FinishTurn();
    }

    private void FinishTurn()
    {
        if (_state != Closed)
        {
            if (HasWork)
            {
                QueueTurn();
                return;
            }

            // The exchange is a full fence: whoever enqueued before it is seen below, whoever enqueues after it sees Idle.
            Interlocked.Exchange(ref _state, Idle);
            if (HasWork)
                Schedule();
        }

        System.Activity?.End();
    }

    private void Schedule()
    {
        var state = Volatile.Read(ref _state);
        if (state == Scheduled)
            return;
        if (state == Idle)
        {
            state = Interlocked.CompareExchange(ref _state, Scheduled, Idle);
            if (state == Idle)
            {
                System.Activity?.Begin();
                QueueTurn();
                return;
            }
        }

        if (state == Closed)
            DropArrivals();
    }

    private void QueueTurn()
    {
        if (_props.IsInternal)
            InternalDispatcher.Shared.Queue(this);
        else
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    private void ProcessSystemMessages()
    {
        while (_state != Closed && _systemMessages.Dequeue() is { } message)
            Handle(message);
    }

    private void CloseMailbox()
    {
        Interlocked.Exchange(ref _state, Closed);
        while (_messages.Dequeue() is { } envelope)
            DeadLetter(envelope);
        while (_systemMessages.Dequeue() is { } message)
            HandleAfterDeath(message);
    }

    private void DropArrivals()
    {
        for (var envelope = _messages.TakeArrivals(); envelope is not null; envelope = envelope.Next)
            DeadLetter(envelope);
        for (var message = _systemMessages.TakeArrivals(); message is not null; message = message.Next)
            HandleAfterDeath(message);
    }

    private void DeadLetter(Envelope envelope)
    {
        if (envelope.Message is Identify identify)
        {
            envelope.Sender?.Tell(new ActorIdentity(identify.MessageId, null), _self);
            return;
        }

        var message = envelope.Message is AcceptedMessage accepted ? accepted.Message : envelope.Message;
        System.DeadLetters.Tell(new DeadLetter(message, envelope.Sender, _self), envelope.Sender);
    }

    private void HandleAfterDeath(SystemMessage message)
    {
        switch (message)
        {
            case WatchMessage watch:
                watch.Watcher.SendSystemMessage(new DeathWatchNotification(_self, ExistenceConfirmed: true));
                break;
            case ContinueMessage continuation:
                continuation.Scope.RunDetached(continuation);
                break;
            case FailedMessage failed:
                failed.Child.SendSystemMessage(new TerminateMessage());
                break;
        }
    }
}
