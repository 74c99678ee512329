namespace Orchestrator.Engine.Actor;

/// <summary>What every reference of the engine can do beyond <see cref="IActorRef"/>.</summary>
internal abstract class InternalActorRef(ActorPath path) : IActorRef
{
    public ActorPath Path { get; } = path;

    /// <summary>The system the actor lives in, or that reaches it; null for a reference without one.</summary>
    internal virtual ActorSystem? System => null;

    /// <summary>How another system names this one: its path with the uid. Made once: it goes with every message.</summary>
    internal virtual string WireForm => field ??= Path.ToWireForm();

    public abstract void Tell(object message, IActorRef? sender);

    /// <summary>Life-cycle messages go ahead of user messages; a reference that is not an actor ignores them.</summary>
    internal virtual void SendSystemMessage(SystemMessage message)
    {
        if (message is WatchMessage watch)
            watch.Watcher.SendSystemMessage(new DeathWatchNotification(this, ExistenceConfirmed: false));
    }

    /// <summary>Whether two references with this path and no uid mean the same.</summary>
    internal virtual bool IsIdentifiedByPath => false;

    public bool Equals(IActorRef? other) =>
        ReferenceEquals(this, other) || (other is InternalActorRef actor && actor.Path.Uid == Path.Uid && (Path.Uid != 0 || (IsIdentifiedByPath && actor.IsIdentifiedByPath)) && Path.Equals(actor.Path));

    public override bool Equals(object? obj) => Equals(obj as IActorRef);

    public override int GetHashCode() => Path.Uid == 0 ? Path.GetHashCode() : Path.Uid.GetHashCode();

    public override string ToString() => $"[{Path}#{Path.Uid}]";
}

/// <summary>An actor that is not there (any more): messages are dead letters, and a watch ends at once.</summary>
internal sealed class AbsentActorRef(ActorPath path, ActorSystem system) : InternalActorRef(path)
{
    internal override ActorSystem System => system;

    public override void Tell(object message, IActorRef? sender)
    {
        if (message is Identify identify)
            sender?.Tell(new ActorIdentity(identify.MessageId, null), this);
        else
            system.DeadLetters.Tell(new DeadLetter(message, sender, this), sender);
    }
}

/// <summary>Reference to an actor of this process.</summary>
internal sealed class LocalActorRef : InternalActorRef
{
    public LocalActorRef(ActorPath path, ActorSystem system, Props props, InternalActorRef? parent, SupervisorStrategy? strategy)
        : base(path) => Cell = new ActorCell(system, this, props, parent, strategy);

    internal ActorCell Cell { get; }

    internal override ActorSystem System => Cell.System;

    public override void Tell(object message, IActorRef? sender) => Cell.SendMessage(message, sender);

    internal override void SendSystemMessage(SystemMessage message) => Cell.SendSystemMessage(message);
}
