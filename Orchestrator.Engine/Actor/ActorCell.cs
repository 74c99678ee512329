namespace Orchestrator.Engine.Actor;

/// <summary>
/// One actor's place in the tree: mailbox, current instance, children, watches. Survives restarts of the instance. Split by concern over several files;
/// this one holds the state and message delivery.
/// </summary>
internal sealed partial class ActorCell : IActorContext
{
    [ThreadStatic]
    private static ActorCell? _current;

    [ThreadStatic]
    private static ActorCell? _constructing;

    private readonly LocalActorRef _self;
    private readonly InternalActorRef? _parent;
    private readonly SupervisorStrategy? _strategyOverride;
    private Props _props;
    private ActorBase? _actor;
    private Envelope? _currentEnvelope;
    private object? _unwrapped;

    public ActorCell(ActorSystem system, LocalActorRef self, Props props, InternalActorRef? parent, SupervisorStrategy? strategy)
    {
        System = system;
        _self = self;
        _props = props;
        _parent = parent;
        _strategyOverride = strategy ?? props.SupervisorStrategy;
    }

    /// <summary>The cell whose messages run on this thread.</summary>
    public static ActorCell? Current => _current;

    public ActorSystem System { get; }

    public IActorRef Self => _self;

    public IActorRef Parent => _parent ?? ActorRefs.Nobody;

    public Props Props => _props;

    public IActorRef Sender => _currentEnvelope?.Sender ?? System.DeadLetters;

    /// <summary>As <see cref="Sender"/>, but null for none.</summary>
    public IActorRef? CurrentSender => _currentEnvelope?.Sender;

    internal Envelope? CurrentEnvelope => _currentEnvelope;

    /// <summary>The message as the actor saw it: what a timer tick stood for, not the tick.</summary>
    internal object? CurrentMessage => _unwrapped ?? _currentEnvelope?.Message;

    internal ActorBase? Actor => _actor;

    /// <summary>The cell that a constructor running on this thread belongs to; each factory call may claim it once.</summary>
    public static ActorCell? ClaimForConstruction()
    {
        var cell = _constructing;
        _constructing = null;
        return cell;
    }

    private void Invoke(Envelope envelope)
    {
        _currentEnvelope = envelope;
        try
        {
            var message = envelope.Message;
            if (message is IAutoReceivedMessage)
                AutoReceive(message);
            else
                Deliver(message);
            if (_receiveTimeout is not null)
                _receiveTimeout.OnMessage(message);
            if (_asyncScope is null)
                _currentEnvelope = null;
        }
        catch (Exception cause)
        {
            HandleFailure(cause);
        }
    }

    /// <summary>Runs <paramref name="action"/> as if it handled <paramref name="envelope"/>: its sender is the sender.</summary>
    internal void RunAs(Envelope? envelope, Action action)
    {
        var outer = _currentEnvelope;
        _currentEnvelope = envelope;
        try
        {
            action();
        }
        finally
        {
            _currentEnvelope = outer;
        }
    }

    private void Deliver(object message)
    {
        if (!_actor!.AroundReceive(message))
            _actor!.InvokeUnhandled(message);
    }

    /// <summary>Delivers what an engine message stood for; <see cref="CurrentMessage"/> is then that.</summary>
    private void DeliverUnwrapped(object message)
    {
        _unwrapped = message;
        Deliver(message);
        if (_asyncScope is null)
            _unwrapped = null;
    }

    private void AutoReceive(object message)
    {
        switch (message)
        {
            case PoisonPill:
                _self.SendSystemMessage(new TerminateMessage());
                break;
            case Kill:
                throw new ActorKilledException("Kill");
            case Terminated terminated:
                ReceivedTerminated(terminated);
                break;
            case ITimerTick tick:
                if (tick.TryAccept(this, out var due))
                    DeliverUnwrapped(due!);
                break;
            case AcceptedMessage accepted:
                DeliverUnwrapped(accepted.Message);
                break;
            case Identify identify:
                Sender.Tell(new ActorIdentity(identify.MessageId, Self), Self);
                break;
            default:
                Deliver(message);
                break;
        }
    }
}
