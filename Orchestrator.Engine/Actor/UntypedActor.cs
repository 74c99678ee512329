namespace Orchestrator.Engine.Actor;

/// <summary>Handles one message of an <see cref="UntypedActor"/>.</summary>
public delegate void UntypedReceive(object message);

/// <summary>Actor with one <see cref="OnReceive"/>; the leanest form. Call <see cref="ActorBase.Unhandled"/> for what it does not know.</summary>
public abstract class UntypedActor : ActorBase
{
    private UntypedReceive? _behaviour;
    private Stack<UntypedReceive?>? _stack;

    /// <inheritdoc/>
    protected sealed override bool Receive(object message)
    {
        if (_behaviour is null)
            OnReceive(message);
        else
            _behaviour(message);
        return true;
    }

    /// <summary>Handles one message.</summary>
    protected abstract void OnReceive(object message);

    /// <summary>Replaces the current behaviour.</summary>
    protected void Become(UntypedReceive receive) => _behaviour = receive;

    /// <summary>Puts a behaviour on top of the current one.</summary>
    protected void BecomeStacked(UntypedReceive receive)
    {
        (_stack ??= new()).Push(_behaviour);
        _behaviour = receive;
    }

    /// <summary>Returns to the behaviour below; on the lowest, to <see cref="OnReceive"/>.</summary>
    protected void UnbecomeStacked() => _behaviour = _stack is { Count: > 0 } ? _stack.Pop() : null;
}
