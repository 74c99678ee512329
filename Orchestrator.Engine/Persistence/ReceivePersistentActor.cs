using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Persistence;

/// <summary>Persistent actor whose constructor declares its handlers with <c>Command</c> and <c>Recover</c>.</summary>
public abstract class ReceivePersistentActor : Eventsourced
{
    private readonly HandlerTable _recover = new();
    private HandlerTable _commands = new();
    private HandlerTable? _building;
    private Stack<HandlerTable>? _stack;

    /// <summary>Declares the initial handlers' home.</summary>
    protected ReceivePersistentActor() => _building = _commands;

    /// <summary>Handles a command for which <paramref name="shouldHandle"/> (where given) is true.</summary>
    protected void Command<T>(Action<T> handler, Predicate<T>? shouldHandle = null) => Building.Add(handler, shouldHandle);

    /// <summary>Handles a command; one that returns false passes it on to the next handler.</summary>
    protected void Command<T>(Func<T, bool> handler) => Building.Add(handler);

    /// <summary>Handles a command asynchronously: no other is processed until it is done and what it persisted is written.</summary>
    protected void CommandAsync<T>(Func<T, Task> handler, Predicate<T>? shouldHandle = null) => Building.Add(handler, shouldHandle);

    /// <summary>Handles whatever no handler above took.</summary>
    protected void CommandAny(Action<object> handler) => Building.Add(handler, null);

    /// <summary>Handles a recovered event, <see cref="SnapshotOffer"/> or <see cref="RecoveryCompleted"/>.</summary>
    protected void Recover<T>(Action<T> handler, Predicate<T>? shouldHandle = null) => _recover.Add(handler, shouldHandle);

    /// <summary>Handles whatever is recovered and no handler above took.</summary>
    protected void RecoverAny(Action<object> handler) => _recover.Add(handler, null);

    /// <summary>Replaces the command handlers by those that <paramref name="configure"/> declares.</summary>
    protected void Become(Action configure) => _commands = Build(configure);

    /// <summary>Puts the command handlers that <paramref name="configure"/> declares on top of the current ones.</summary>
    protected void BecomeStacked(Action configure)
    {
        var commands = Build(configure);
        (_stack ??= new()).Push(_commands);
        _commands = commands;
    }

    /// <summary>Returns to the command handlers below the current ones.</summary>
    protected void UnbecomeStacked()
    {
        if (_stack is { Count: > 0 })
            _commands = _stack.Pop();
    }

    /// <inheritdoc/>
    protected sealed override bool Receive(object message) => _commands.Handle(Cell, message);

    private protected sealed override bool OnRecover(object message) => _recover.Handle(Cell, message);

    private HandlerTable Building => _building ?? throw new IllegalActorStateException("Handlers are declared in the constructor or within Become.");

    private HandlerTable Build(Action configure)
    {
        var outer = _building;
        _building = new HandlerTable();
        try
        {
            configure();
            return _building;
        }
        finally
        {
            _building = outer;
        }
    }
}

/// <summary>Persistent actor with one <see cref="OnCommand"/> and one <see cref="OnRecovered"/>; the leanest form.</summary>
public abstract class UntypedPersistentActor : Eventsourced
{
    private UntypedReceive? _behaviour;

    /// <summary>Handles a command.</summary>
    protected abstract void OnCommand(object message);

    /// <summary>Handles a recovered event, <see cref="SnapshotOffer"/> or <see cref="RecoveryCompleted"/>.</summary>
    protected abstract void OnRecovered(object message);

    /// <summary>Replaces <see cref="OnCommand"/>.</summary>
    protected void Become(UntypedReceive receive) => _behaviour = receive;

    /// <inheritdoc/>
    protected sealed override bool Receive(object message)
    {
        if (_behaviour is null)
            OnCommand(message);
        else
            _behaviour(message);
        return true;
    }

    private protected sealed override bool OnRecover(object message)
    {
        OnRecovered(message);
        return true;
    }
}
