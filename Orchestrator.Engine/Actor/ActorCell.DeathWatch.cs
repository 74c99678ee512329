namespace Orchestrator.Engine.Actor;

/// <summary>Death watch: who is watched, who watches.</summary>
internal sealed partial class ActorCell
{
    private Dictionary<IActorRef, WatchState>? _watching;

    // The one watcher (of most actors their parent), or a set of several.
    private object? _watchedBy;

    private readonly record struct WatchState(object? Message, bool Queued);

    public IActorRef Watch(IActorRef subject) => AddWatch(subject, null);

    public IActorRef WatchWith(IActorRef subject, object message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return AddWatch(subject, message);
    }

    public IActorRef Unwatch(IActorRef subject)
    {
        if (_watching is not null && _watching.Remove(subject) && subject is InternalActorRef actor)
            actor.SendSystemMessage(new UnwatchMessage(_self));
        return subject;
    }

    private IActorRef AddWatch(IActorRef subject, object? message)
    {
        if (subject.Equals(_self))
            return subject;
        _watching ??= [];
        if (_watching.TryGetValue(subject, out var known))
        {
            if (!Equals(known.Message, message))
                throw new IllegalActorStateException($"{_self} already watches {subject} with another message; Unwatch first.");
            return subject;
        }

        _watching.Add(subject, new WatchState(message, Queued: false));
        if (subject is InternalActorRef actor)
            actor.SendSystemMessage(new WatchMessage(_self));
        return subject;
    }

    private void AddWatcher(InternalActorRef watcher)
    {
        if (_watchedBy is HashSet<InternalActorRef> several)
            several.Add(watcher);
        else if (_watchedBy is null)
            _watchedBy = watcher;
        else if (!_watchedBy.Equals(watcher))
            _watchedBy = new HashSet<InternalActorRef> { (InternalActorRef)_watchedBy, watcher };
    }

    private void RemoveWatcher(InternalActorRef watcher)
    {
        if (_watchedBy is HashSet<InternalActorRef> several)
            several.Remove(watcher);
        else if (watcher.Equals(_watchedBy))
            _watchedBy = null;
    }

    private void OnDeathWatchNotification(DeathWatchNotification notification)
    {
        if (_watching is not null && _watching.TryGetValue(notification.Actor, out var state) && !state.Queued)
        {
            // Through the mailbox, so that it comes after what the dead actor sent before.
            _watching[notification.Actor] = state with { Queued = true };
            SendMessage(new Terminated(notification.Actor, notification.ExistenceConfirmed), notification.Actor);
        }

        RemoveChild(notification.Actor);
    }

    private void ReceivedTerminated(Terminated terminated)
    {
        if (_watching is null || !_watching.Remove(terminated.ActorRef, out var state))
            return;
        DeliverUnwrapped(state.Message ?? terminated);
    }

    private void UnwatchAll()
    {
        if (_watching is null)
            return;
        foreach (var subject in _watching.Keys)
        {
            if (subject is InternalActorRef actor)
                actor.SendSystemMessage(new UnwatchMessage(_self));
        }

        _watching = null;
    }

    private void NotifyWatchers()
    {
        var watchers = _watchedBy switch
        {
            null => [],
            HashSet<InternalActorRef> several => several,
            var one => (IReadOnlyCollection<InternalActorRef>)[(InternalActorRef)one],
        };
        foreach (var watcher in watchers)
        {
            // The parent is told anyway.
            if (!ReferenceEquals(watcher, _parent))
                watcher.SendSystemMessage(new DeathWatchNotification(_self, ExistenceConfirmed: true));
        }

        _watchedBy = null;
    }
}
