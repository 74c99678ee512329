namespace Orchestrator.Engine.Actor;

/// <summary>Messages that the engine handles itself before the actor sees them.</summary>
public interface IAutoReceivedMessage;

/// <summary>Messages that do not reset the receive timeout.</summary>
public interface INotInfluenceReceiveTimeout;

/// <summary>Messages that may be buffered by an actor but are not worth a dead-letter record.</summary>
public interface IDeadLetterSuppression;

/// <summary>Stops the actor once the messages before it are processed.</summary>
public sealed class PoisonPill : IAutoReceivedMessage, IDeadLetterSuppression
{
    private PoisonPill()
    {
    }

    /// <summary>The only instance.</summary>
    public static PoisonPill Instance { get; } = new();
}

/// <summary>Makes the actor throw <see cref="ActorKilledException"/>, so that its supervisor decides.</summary>
public sealed class Kill : IAutoReceivedMessage
{
    private Kill()
    {
    }

    /// <summary>The only instance.</summary>
    public static Kill Instance { get; } = new();
}

/// <summary>A watched actor is gone. Not handling it throws <see cref="DeathPactException"/>.</summary>
public sealed record Terminated(IActorRef ActorRef, bool ExistenceConfirmed) : IAutoReceivedMessage, IDeadLetterSuppression;

/// <summary>No message came for the time set with <see cref="IActorContext.SetReceiveTimeout"/>.</summary>
public sealed class ReceiveTimeout
{
    private ReceiveTimeout()
    {
    }

    /// <summary>The only instance.</summary>
    public static ReceiveTimeout Instance { get; } = new();
}

/// <summary>Asks any actor for its <see cref="ActorIdentity"/>.</summary>
public sealed record Identify(object? MessageId) : IAutoReceivedMessage;

/// <summary>Answer to <see cref="Identify"/>; <paramref name="Subject"/> is null where nobody lives.</summary>
public sealed record ActorIdentity(object? MessageId, IActorRef? Subject);

/// <summary>Answers that <c>Ask</c> understands: a failure fails the task.</summary>
public abstract record Status
{
    private Status()
    {
    }

    /// <summary>It worked.</summary>
    public sealed record Success(object? Value) : Status;

    /// <summary>It failed with <paramref name="Cause"/>.</summary>
    public sealed record Failure(Exception Cause, object? State = null) : Status;
}

/// <summary>"Nothing more to say", for replies and shutdown tasks.</summary>
public sealed class Done
{
    private Done()
    {
    }

    /// <summary>The only instance.</summary>
    public static Done Instance { get; } = new();
}

/// <summary>A message whose receiver is gone; published on the <see cref="ActorSystem.EventStream"/>.</summary>
public sealed record DeadLetter(object Message, IActorRef? Sender, IActorRef Recipient);

/// <summary>A message the receiver had no handler for; published on the <see cref="ActorSystem.EventStream"/>.</summary>
public sealed record UnhandledMessage(object Message, IActorRef? Sender, IActorRef Recipient);
