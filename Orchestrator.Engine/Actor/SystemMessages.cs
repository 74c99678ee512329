namespace Orchestrator.Engine.Actor;

/// <summary>Life-cycle message of the engine; processed ahead of user messages, also while the mailbox is suspended.</summary>
internal abstract class SystemMessage : QueueNode<SystemMessage>;

/// <summary>First message of a cell: make the actor.</summary>
internal sealed class CreateMessage : SystemMessage;

/// <summary>Stop: children first, then PostStop.</summary>
internal sealed class TerminateMessage : SystemMessage;

/// <summary>Process no user message until resumed; counted.</summary>
internal sealed class SuspendMessage : SystemMessage;

/// <summary>Undo one suspension.</summary>
internal sealed class ResumeMessage(bool causedByFailure) : SystemMessage
{
    public bool CausedByFailure { get; } = causedByFailure;
}

/// <summary>Restart because of <paramref name="cause"/>.</summary>
internal sealed class RecreateMessage(Exception cause) : SystemMessage
{
    public Exception Cause { get; } = cause;
}

/// <summary>A child failed and waits, suspended, for its supervisor's verdict.</summary>
internal sealed class FailedMessage(InternalActorRef child, Exception cause) : SystemMessage
{
    public InternalActorRef Child { get; } = child;

    public Exception Cause { get; } = cause;
}

/// <summary>Tell <paramref name="watcher"/> when the receiver stops.</summary>
internal sealed class WatchMessage(InternalActorRef watcher) : SystemMessage
{
    public InternalActorRef Watcher { get; } = watcher;
}

/// <summary>Undo a watch.</summary>
internal sealed class UnwatchMessage(InternalActorRef watcher) : SystemMessage
{
    public InternalActorRef Watcher { get; } = watcher;
}

/// <summary><paramref name="Actor"/> is gone; sent to its watchers and to its parent.</summary>
internal sealed class DeathWatchNotification(IActorRef Actor, bool ExistenceConfirmed) : SystemMessage
{
    public IActorRef Actor { get; } = Actor;

    public bool ExistenceConfirmed { get; } = ExistenceConfirmed;
}

/// <summary>Something for the running instance; waits while the actor is suspended and is dropped with the instance.</summary>
internal abstract class InstanceMessage : SystemMessage;

/// <summary>A continuation of an asynchronous handler comes back to its actor.</summary>
internal sealed class ContinueMessage(AsyncHandlerScope scope, SendOrPostCallback callback, object? state) : InstanceMessage
{
    public AsyncHandlerScope Scope { get; } = scope;

    public void Run() => callback(state);
}

/// <summary>An asynchronous handler has finished.</summary>
internal sealed class AsyncHandlerCompleted(AsyncHandlerScope scope, Task task) : InstanceMessage
{
    public AsyncHandlerScope Scope { get; } = scope;

    public Task Task { get; } = task;
}

/// <summary>An operation that <paramref name="owner"/> began has finished; the cell neither stops nor restarts before (see <see cref="ActorCell.BeginOperation"/>).</summary>
internal sealed class OperationCompleted(ActorBase owner, Action proceed) : InstanceMessage
{
    public ActorBase Owner { get; } = owner;

    /// <summary>Set once the cell has counted it off.</summary>
    public bool Counted { get; set; }

    public void Run() => proceed();
}
