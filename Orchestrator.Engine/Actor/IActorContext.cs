namespace Orchestrator.Engine.Actor;

/// <summary>Who can create and stop actors.</summary>
public interface IActorRefFactory
{
    /// <summary>
    /// Creates a child; it starts asynchronously, messages sent meanwhile wait in its mailbox. Throws <see cref="InvalidActorNameException"/> where the name
    /// is malformed or still taken (a stopping child keeps its name until it is gone).
    /// </summary>
    /// <param name="props">How to make it.</param>
    /// <param name="name">Unique among the siblings; null for a generated one.</param>
    IActorRef ActorOf(Props props, string? name = null);

    /// <summary>Stops an actor after the message it is processing; returns at once.</summary>
    void Stop(IActorRef actor);
}

/// <summary>An actor's surroundings. Not thread-safe: only from within the actor's own messages.</summary>
public interface IActorContext : IActorRefFactory
{
    /// <summary>This actor.</summary>
    IActorRef Self { get; }

    /// <summary>Sender of the current message, or dead letters.</summary>
    IActorRef Sender { get; }

    /// <summary>The supervisor.</summary>
    IActorRef Parent { get; }

    /// <summary>The system.</summary>
    ActorSystem System { get; }

    /// <summary>The recipe this actor was made from.</summary>
    Props Props { get; }

    /// <summary>The time without messages after which <see cref="Actor.ReceiveTimeout"/> comes; null for never.</summary>
    TimeSpan? ReceiveTimeout { get; }

    /// <summary>The child of that name, or <see cref="ActorRefs.Nobody"/>.</summary>
    IActorRef Child(string name);

    /// <summary>The children, stopping ones included.</summary>
    IReadOnlyCollection<IActorRef> GetChildren();

    /// <summary>From now on <see cref="Terminated"/> comes when <paramref name="subject"/> is gone (also where it is gone already). Returns it.</summary>
    IActorRef Watch(IActorRef subject);

    /// <summary>Like <see cref="Watch"/>, with a message of one's own instead of <see cref="Terminated"/>.</summary>
    IActorRef WatchWith(IActorRef subject, object message);

    /// <summary>No notification comes any more, not even one that is already in the mailbox. Returns the subject.</summary>
    IActorRef Unwatch(IActorRef subject);

    /// <summary>Sends <see cref="Actor.ReceiveTimeout"/> after this long without a message, again and again; null switches it off.</summary>
    void SetReceiveTimeout(TimeSpan? timeout);
}
