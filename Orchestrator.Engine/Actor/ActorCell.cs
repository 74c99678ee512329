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

    private void Deliver(object message)
    {
        var actor = _actor!;
        if (message is ITimerTick tick)
        {
            if (!tick.TryAccept(this, out message!))
                return;
        }

        if (!actor.AroundReceive(message))
            actor.InvokeUnhandled(message);
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
            case Identify identify:
                Sender.Tell(new ActorIdentity(identify.MessageId, Self), Self);
                break;
            default:
                Deliver(message);
                break;
        }
    }
}
