namespace Orchestrator.Engine.Actor;

/// <summary>What every reference of the engine can do beyond <see cref="IActorRef"/>.</summary>
internal abstract class InternalActorRef(ActorPath path) : IActorRef
{
    public ActorPath Path { get; } = path;

    /// <summary>The system the actor lives in; null for a reference without one.</summary>
    internal virtual ActorSystem? System => null;

    public abstract void Tell(object message, IActorRef? sender);

    /// <summary>Life-cycle messages go ahead of user messages; a reference that is not an actor ignores them.</summary>
    internal virtual void SendSystemMessage(SystemMessage message)
    {
        if (message is WatchMessage watch)
            watch.Watcher.SendSystemMessage(new DeathWatchNotification(this, ExistenceConfirmed: false));
    }

    public bool Equals(IActorRef? other) => ReferenceEquals(this, other) || (other is not null && Path.Uid != 0 && other.Path.Uid == Path.Uid && Path.Equals(other.Path));

    public override bool Equals(object? obj) => Equals(obj as IActorRef);

    public override int GetHashCode() => Path.Uid == 0 ? Path.GetHashCode() : Path.Uid.GetHashCode();

    public override string ToString() => $"[{Path}#{Path.Uid}]";
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
