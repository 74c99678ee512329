namespace Orchestrator.Engine.Actor;

/// <summary>
/// Actor whose constructor declares its handlers: <c>Receive&lt;Scale&gt;(OnScale)</c>. Handlers are tried in the order they were declared; a message
/// matches a handler of its class or of a base class or interface.
/// </summary>
public abstract class ReceiveActor : ActorBase
{
    private HandlerTable _handlers = new();
    private Stack<HandlerTable>? _stack;
    private HandlerTable? _building;

    /// <summary>Declares the initial handlers' home; see <see cref="Become"/> for others.</summary>
    protected ReceiveActor() => _building = _handlers;

    /// <inheritdoc/>
    protected sealed override bool Receive(object message) => _handlers.Handle(Cell, message);

    /// <summary>Handles a <typeparamref name="T"/> for which <paramref name="shouldHandle"/> (where given) is true.</summary>
    protected void Receive<T>(Action<T> handler, Predicate<T>? shouldHandle = null) => Building.Add(handler, shouldHandle);

    /// <summary>Handles a <typeparamref name="T"/> for which <paramref name="shouldHandle"/> is true.</summary>
    protected void Receive<T>(Predicate<T> shouldHandle, Action<T> handler) => Building.Add(handler, shouldHandle);

    /// <summary>Handles a <typeparamref name="T"/>; a handler that returns false passes the message on to the next one.</summary>
    protected void Receive<T>(Func<T, bool> handler) => Building.Add(handler);

    /// <summary>Handles a <typeparamref name="T"/> asynchronously: no other message is processed until the task is done; Sender and Self stay valid after an await.</summary>
    protected void ReceiveAsync<T>(Func<T, Task> handler, Predicate<T>? shouldHandle = null) => Building.Add(handler, shouldHandle);

    /// <summary>Handles whatever no handler above took.</summary>
    protected void ReceiveAny(Action<object> handler) => Building.Add(handler, null);

    /// <summary>Handles whatever no handler above took, asynchronously.</summary>
    protected void ReceiveAnyAsync(Func<object, Task> handler) => Building.Add(handler, null);

    /// <summary>Replaces the handlers by those that <paramref name="configure"/> declares.</summary>
    protected void Become(Action configure) => _handlers = Build(configure);

    /// <summary>Puts the handlers that <paramref name="configure"/> declares on top of the current ones.</summary>
    protected void BecomeStacked(Action configure)
    {
        var handlers = Build(configure);
        (_stack ??= new()).Push(_handlers);
        _handlers = handlers;
    }

    /// <summary>Returns to the handlers below the current ones.</summary>
    protected void UnbecomeStacked()
    {
        if (_stack is { Count: > 0 })
            _handlers = _stack.Pop();
    }

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
