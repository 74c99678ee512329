using System.Collections.Concurrent;

namespace Orchestrator.Engine.Actor;

/// <summary>
/// The handlers of one behaviour. An instance keeps only its delegates; which of them a message type may go to is worked out once per sequence of declared
/// types and shared by all actors that declare the same (<see cref="HandlerShape"/>).
/// </summary>
internal sealed class HandlerTable
{
    private HandlerShape _shape = HandlerShape.Empty;
    private object[] _handlers = [];

    public void Add<T>(Action<T> handler, Predicate<T>? shouldHandle)
    {
        if (shouldHandle is null)
            Add(handler, HandlerInvoker.Action<T>.Instance);
        else
            Add(new HandlerInvoker.Guarded<Action<T>, T>(shouldHandle, handler), HandlerInvoker.GuardedAction<T>.Instance);
    }

    public void Add<T>(Func<T, bool> handler) => Add(handler, HandlerInvoker.Function<T>.Instance);

    public void Add<T>(Func<T, Task> handler, Predicate<T>? shouldHandle)
    {
        if (shouldHandle is null)
            Add(handler, HandlerInvoker.Async<T>.Instance);
        else
            Add(new HandlerInvoker.Guarded<Func<T, Task>, T>(shouldHandle, handler), HandlerInvoker.GuardedAsync<T>.Instance);
    }

    /// <summary>Gives the message to the first handler that takes it; false where none does.</summary>
    public bool Handle(ActorCell cell, object message)
    {
        foreach (var candidate in _shape.Candidates(message.GetType()))
        {
            if (candidate.Invoker.Invoke(cell, _handlers[candidate.Index], message))
                return true;
        }

        return false;
    }

    private void Add(object handler, HandlerInvoker invoker)
    {
        var index = _shape.Count;
        _shape = _shape.Append(invoker);
        if (index == _handlers.Length)
            Array.Resize(ref _handlers, index + 4);
        _handlers[index] = handler;
    }
}

/// <summary>A sequence of declared handler forms; a node of a tree whose root is <see cref="Empty"/>, so equal sequences are one object.</summary>
internal sealed class HandlerShape
{
    private readonly HandlerShape? _parent;
    private readonly HandlerInvoker? _invoker;
    private readonly ConcurrentDictionary<HandlerInvoker, HandlerShape> _longer = new();
    private readonly ConcurrentDictionary<Type, Candidate[]> _candidates = new();

    private HandlerShape(HandlerShape? parent, HandlerInvoker? invoker)
    {
        _parent = parent;
        _invoker = invoker;
        Count = parent is null ? 0 : parent.Count + 1;
    }

    public readonly record struct Candidate(int Index, HandlerInvoker Invoker);

    public static HandlerShape Empty { get; } = new(null, null);

    public int Count { get; }

    public HandlerShape Append(HandlerInvoker invoker) => _longer.GetOrAdd(invoker, static (next, shape) => new HandlerShape(shape, next), this);

    public Candidate[] Candidates(Type messageType) => _candidates.TryGetValue(messageType, out var found)
        ? found
        : _candidates.GetOrAdd(messageType, static (type, shape) => shape.Match(type), this);

    private Candidate[] Match(Type messageType)
    {
        var matches = new List<Candidate>();
        for (var shape = this; shape._invoker is not null; shape = shape._parent!)
        {
            if (shape._invoker.MessageType.IsAssignableFrom(messageType))
                matches.Add(new Candidate(shape.Count - 1, shape._invoker));
        }

        matches.Reverse();
        return [.. matches];
    }
}

/// <summary>Calls a handler of one form; a singleton per form and message type.</summary>
internal abstract class HandlerInvoker(Type messageType)
{
    public Type MessageType { get; } = messageType;

    /// <summary>False where the handler declines the message.</summary>
    public abstract bool Invoke(ActorCell cell, object handler, object message);

    public sealed record Guarded<THandler, T>(Predicate<T> ShouldHandle, THandler Handler);

    public sealed class Action<T>() : HandlerInvoker(typeof(T))
    {
        public static readonly Action<T> Instance = new();

        public override bool Invoke(ActorCell cell, object handler, object message)
        {
            ((System.Action<T>)handler)((T)message);
            return true;
        }
    }

    public sealed class GuardedAction<T>() : HandlerInvoker(typeof(T))
    {
        public static readonly GuardedAction<T> Instance = new();

        public override bool Invoke(ActorCell cell, object handler, object message)
        {
            var guarded = (Guarded<System.Action<T>, T>)handler;
            if (!guarded.ShouldHandle((T)message))
                return false;
            guarded.Handler((T)message);
            return true;
        }
    }

    public sealed class Function<T>() : HandlerInvoker(typeof(T))
    {
        public static readonly Function<T> Instance = new();

        public override bool Invoke(ActorCell cell, object handler, object message) => ((Func<T, bool>)handler)((T)message);
    }

    public sealed class Async<T>() : HandlerInvoker(typeof(T))
    {
        public static readonly Async<T> Instance = new();

        public override bool Invoke(ActorCell cell, object handler, object message)
        {
            cell.RunAsync((Func<T, Task>)handler, (T)message);
            return true;
        }
    }

    public sealed class GuardedAsync<T>() : HandlerInvoker(typeof(T))
    {
        public static readonly GuardedAsync<T> Instance = new();

        public override bool Invoke(ActorCell cell, object handler, object message)
        {
            var guarded = (Guarded<Func<T, Task>, T>)handler;
            if (!guarded.ShouldHandle((T)message))
                return false;
            cell.RunAsync(guarded.Handler, (T)message);
            return true;
        }
    }
}
