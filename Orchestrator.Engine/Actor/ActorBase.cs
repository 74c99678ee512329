namespace Orchestrator.Engine.Actor;

/// <summary>
/// An actor: state that only its own messages touch, one message at a time. Construct it only through <see cref="Props"/>.
/// Life cycle and hooks are Akka.NET's: PreStart → messages → PostStop; a restart is PreRestart on the old instance, PostRestart on the new one.
/// </summary>
public abstract class ActorBase
{
    private readonly ActorCell _cell;

    /// <summary>Throws <see cref="ActorInitializationException"/> where the actor is made with <c>new</c> outside a <see cref="Props"/> factory.</summary>
    protected ActorBase() => _cell = ActorCell.ClaimForConstruction() ?? throw new ActorInitializationException(null, $"{GetType().Name} must be created by ActorOf(Props), not with new.");

    /// <summary>The actor's surroundings. Use only from the actor's own messages.</summary>
    protected IActorContext Context => _cell;

    /// <summary>This actor's reference; stays the same across restarts.</summary>
    protected IActorRef Self => _cell.Self;

    /// <summary>Who sent the message being processed; dead letters where nobody did.</summary>
    protected IActorRef Sender => _cell.Sender;

    internal ActorCell Cell => _cell;

    /// <summary>How this actor answers to failures of its children.</summary>
    protected internal virtual SupervisorStrategy SupervisorStrategy() => Actor.SupervisorStrategy.DefaultStrategy;

    /// <summary>Handles one message; false where it is not handled.</summary>
    protected abstract bool Receive(object message);

    /// <summary>Everything passes here on its way to <see cref="Receive"/>.</summary>
    protected internal virtual bool AroundReceive(object message) => Receive(message);

    /// <summary>Before the first message of the first incarnation (and, by default, of each later one).</summary>
    protected virtual void PreStart()
    {
    }

    /// <summary>After the last message, when all children are gone.</summary>
    protected virtual void PostStop()
    {
    }

    /// <summary>On the failed instance before a restart. By default stops all children and calls <see cref="PostStop"/>.</summary>
    protected virtual void PreRestart(Exception reason, object? message)
    {
        foreach (var child in _cell.GetChildren())
        {
            _cell.Unwatch(child);
            _cell.Stop(child);
        }

        PostStop();
    }

    /// <summary>On the new instance after a restart. By default calls <see cref="PreStart"/>.</summary>
    protected virtual void PostRestart(Exception reason) => PreStart();

    /// <summary>Called for a message without handler: publishes <see cref="UnhandledMessage"/>; a <see cref="Terminated"/> throws <see cref="DeathPactException"/>.</summary>
    protected virtual void Unhandled(object message)
    {
        if (message is Terminated terminated)
            throw new DeathPactException(terminated.ActorRef);
        _cell.System.EventStream.Publish(new UnhandledMessage(message, _cell.CurrentSender, Self));
    }

    /// <summary>A child is gone; for the engine's own actors, cheaper than watching it.</summary>
    internal virtual void ChildStopped(IActorRef child)
    {
    }

    /// <summary>A child has failed and its verdict is about to be carried out.</summary>
    internal virtual void ChildFailed(IActorRef child)
    {
    }

    /// <summary>An asynchronous handler has completed successfully.</summary>
    internal virtual void AfterAsyncHandler()
    {
    }

    internal virtual void AroundPreStart() => PreStart();

    internal virtual void AroundPostStop() => PostStop();

    internal virtual void AroundPreRestart(Exception reason, object? message) => PreRestart(reason, message);

    internal virtual void AroundPostRestart(Exception reason) => PostRestart(reason);

    internal void InvokeUnhandled(object message) => Unhandled(message);
}
