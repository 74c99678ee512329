namespace Orchestrator.Engine.Actor;

/// <summary>Base of what the engine throws.</summary>
public abstract class AkkaException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>The actor's constructor, its factory or PreStart threw. The default strategy stops the actor.</summary>
public class ActorInitializationException(IActorRef? actor, string message, Exception? cause = null) : AkkaException(message, cause)
{
    /// <summary>The actor that could not start.</summary>
    public IActorRef? Actor { get; } = actor;
}

/// <summary>The new instance's constructor, its factory or PostRestart threw.</summary>
public sealed class PostRestartException(IActorRef actor, Exception cause, Exception original)
    : ActorInitializationException(actor, $"{actor} failed again while restarting: {cause.Message}", cause)
{
    /// <summary>Why it was restarted.</summary>
    public Exception OriginalCause { get; } = original;
}

/// <summary>The actor received <see cref="Kill"/>.</summary>
public sealed class ActorKilledException(string message) : AkkaException(message);

/// <summary>A watched actor died and the watcher did not handle <see cref="Terminated"/>.</summary>
public sealed class DeathPactException(IActorRef deadActor) : AkkaException($"Monitored actor {deadActor} terminated")
{
    /// <summary>Who died.</summary>
    public IActorRef DeadActor { get; } = deadActor;
}

/// <summary>The name is malformed or taken by a sibling.</summary>
public sealed class InvalidActorNameException(string message) : AkkaException(message);

/// <summary>No answer came in time.</summary>
public sealed class AskTimeoutException(string message) : AkkaException(message);

/// <summary>An actor's API was used where it may not be, e.g. ActorOf of a stopping actor.</summary>
public sealed class IllegalActorStateException(string message) : AkkaException(message);

/// <summary>The stash holds as many messages as it may, or the same message twice.</summary>
public sealed class StashOverflowException(string message) : AkkaException(message);
