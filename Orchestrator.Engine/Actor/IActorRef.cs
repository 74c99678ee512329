namespace Orchestrator.Engine.Actor;

/// <summary>
/// Handle of an actor: the only way to reach it. Equal by path and uid, so a new actor under an old name is another actor (Akka.NET's <c>IActorRef</c>).
/// </summary>
public interface IActorRef : IEquatable<IActorRef>
{
    /// <summary>Where the actor lives, with the uid of this incarnation.</summary>
    ActorPath Path { get; }

    /// <summary>
    /// Puts <paramref name="message"/> into the mailbox and returns at once; at most once, in order per pair of sender and receiver. A stopped receiver's
    /// messages go to <see cref="ActorSystem.DeadLetters"/>.
    /// </summary>
    /// <param name="message">Immutable, not null.</param>
    /// <param name="sender">What the receiver sees as <c>Sender</c>; null for none.</param>
    void Tell(object message, IActorRef? sender);
}

/// <summary>Akka.NET's implicit-sender forms.</summary>
public static class ActorRefExtensions
{
    /// <summary>Tell with the actor that runs on this thread as sender, or none outside an actor.</summary>
    public static void Tell(this IActorRef receiver, object message) => receiver.Tell(message, ActorCell.Current?.Self);

    /// <summary>Tell that keeps the sender of the message being processed.</summary>
    public static void Forward(this IActorRef receiver, object message) => receiver.Tell(message, ActorCell.Current?.CurrentSender);

    /// <summary>True for null and for <see cref="ActorRefs.Nobody"/>.</summary>
    public static bool IsNobody(this IActorRef? actor) => actor is null || ReferenceEquals(actor, ActorRefs.Nobody);
}

/// <summary>Well-known references.</summary>
public static class ActorRefs
{
    /// <summary>No sender.</summary>
    public static readonly IActorRef? NoSender;

    /// <summary>An actor that ignores everything.</summary>
    public static readonly IActorRef Nobody = new NobodyRef();

    private sealed class NobodyRef() : InternalActorRef(ActorPath.Root("nobody"))
    {
        public override void Tell(object message, IActorRef? sender)
        {
        }
    }
}
