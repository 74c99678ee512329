using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Orchestrator.Engine.Actor;

/// <summary>Publish and subscribe by type within one system: a subscriber of a class or interface gets every event assignable to it, once.</summary>
public sealed class EventStream
{
    private readonly Lock _lock = new();
    private ImmutableArray<(IActorRef Subscriber, Type Channel)> _subscriptions = [];
    private volatile ConcurrentDictionary<Type, IActorRef[]> _routes = new();

    /// <summary>From now on <paramref name="subscriber"/> gets events of type <paramref name="channel"/>; false where it already does. Ends with the subscriber's death.</summary>
    public bool Subscribe(IActorRef subscriber, Type channel)
    {
        lock (_lock)
        {
            if (_subscriptions.Contains((subscriber, channel)))
                return false;
            _subscriptions = _subscriptions.RemoveAll(static s => !IsAlive(s.Subscriber)).Add((subscriber, channel));
            _routes = new();
            return true;
        }
    }

    /// <summary>As <see cref="Subscribe(IActorRef, Type)"/>.</summary>
    public bool Subscribe<T>(IActorRef subscriber) => Subscribe(subscriber, typeof(T));

    /// <summary>Ends one subscription; false where there was none.</summary>
    public bool Unsubscribe(IActorRef subscriber, Type channel)
    {
        lock (_lock)
        {
            var without = _subscriptions.Remove((subscriber, channel));
            var changed = without.Length != _subscriptions.Length;
            _subscriptions = without;
            _routes = new();
            return changed;
        }
    }

    /// <summary>Ends all its subscriptions.</summary>
    public void Unsubscribe(IActorRef subscriber)
    {
        lock (_lock)
        {
            _subscriptions = _subscriptions.RemoveAll(s => s.Subscriber.Equals(subscriber));
            _routes = new();
        }
    }

    /// <summary>Tells the event to its subscribers.</summary>
    public void Publish(object @event)
    {
        foreach (var subscriber in _routes.GetOrAdd(@event.GetType(), Route))
        {
            if (IsAlive(subscriber))
                subscriber.Tell(@event, null);
        }
    }

    private static bool IsAlive(IActorRef subscriber) => subscriber is not LocalActorRef { Cell.IsTerminated: true };

    private IActorRef[] Route(Type type)
    {
        lock (_lock)
        {
            return [.. _subscriptions.Where(s => s.Channel.IsAssignableFrom(type) && IsAlive(s.Subscriber))
                .Select(s => s.Subscriber).Distinct()];
        }
    }
}
