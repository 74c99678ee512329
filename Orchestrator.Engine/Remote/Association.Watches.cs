using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Remote;

/// <summary>
/// Death watch across systems. Nothing is counted or acknowledged: who watches is repeated after each reconnect, and a watch of somebody who is not there is
/// answered at once, so no loss on the way can hide a death.
/// </summary>
internal sealed partial class Association
{
    /// <summary>Actors over there that are watched from here, by their name there.</summary>
    private readonly Dictionary<string, (RemoteActorRef Subject, HashSet<InternalActorRef> Watchers)> _watched = new(StringComparer.Ordinal);

    /// <summary>Actors here that are watched from there.</summary>
    private readonly Dictionary<string, RemoteWatcher> _watchers = new(StringComparer.Ordinal);

    private bool HasWatches
    {
        get
        {
            lock (_lock)
                return _watched.Count > 0;
        }
    }

    public void Watch(RemoteActorRef subject, InternalActorRef watcher)
    {
        lock (_lock)
        {
            if (!_watched.TryGetValue(subject.WireForm, out var watch))
                _watched.Add(subject.WireForm, watch = (subject, []));
            watch.Watchers.Add(watcher);
        }

        SendControl(new OutboundText(FrameKind.Watch, subject.WireForm));
    }

    public void Unwatch(RemoteActorRef subject, InternalActorRef watcher)
    {
        lock (_lock)
        {
            if (!_watched.TryGetValue(subject.WireForm, out var watch) || !watch.Watchers.Remove(watcher) || watch.Watchers.Count > 0)
                return;
            _watched.Remove(subject.WireForm);
        }

        SendControl(new OutboundText(FrameKind.Unwatch, subject.WireForm));
    }

    /// <summary>From there: the subject is gone.</summary>
    public void OnTerminated(string subject, bool existed)
    {
        (RemoteActorRef Subject, HashSet<InternalActorRef> Watchers) watch;
        lock (_lock)
        {
            if (!_watched.Remove(subject, out watch))
                return;
        }

        foreach (var watcher in watch.Watchers)
            watcher.SendSystemMessage(new DeathWatchNotification(watch.Subject, existed));
    }

    /// <summary>From there: watch one of ours.</summary>
    public void OnWatch(string subject, InternalActorRef actor)
    {
        RemoteWatcher watcher;
        lock (_lock)
        {
            if (_watchers.ContainsKey(subject))
                return;
            _watchers.Add(subject, watcher = new RemoteWatcher(this, subject, actor));
        }

        actor.SendSystemMessage(new WatchMessage(watcher));
    }

    /// <summary>From there: no longer.</summary>
    public void OnUnwatch(string subject)
    {
        RemoteWatcher? watcher;
        lock (_lock)
        {
            if (!_watchers.Remove(subject, out watcher))
                return;
        }

        watcher.Subject.SendSystemMessage(new UnwatchMessage(watcher));
    }

    private void SubjectStopped(RemoteWatcher watcher, bool existed)
    {
        lock (_lock)
        {
            if (!_watchers.TryGetValue(watcher.Name, out var current) || !ReferenceEquals(current, watcher))
                return;
            _watchers.Remove(watcher.Name);
        }

        // Behind what the dead actor has sent.
        SendInOrder(new OutboundTerminated(watcher.Name, existed));
    }

    private void RepeatWatches()
    {
        List<string> names;
        lock (_lock)
            names = [.. _watched.Keys];
        foreach (var name in names)
            _queue.AddControl(new OutboundText(FrameKind.Watch, name));
    }

    /// <summary>For those here who watch somebody over there, everything there is gone.</summary>
    private void EndWatched()
    {
        List<(RemoteActorRef Subject, HashSet<InternalActorRef> Watchers)> ended;
        lock (_lock)
        {
            ended = [.. _watched.Values];
            _watched.Clear();
        }

        foreach (var (subject, watchers) in ended)
        {
            foreach (var watcher in watchers)
                watcher.SendSystemMessage(new DeathWatchNotification(subject, ExistenceConfirmed: false));
        }
    }

    /// <summary>Nobody over there watches any more.</summary>
    private void EndWatchers()
    {
        List<RemoteWatcher> watchers;
        lock (_lock)
        {
            watchers = [.. _watchers.Values];
            _watchers.Clear();
        }

        foreach (var watcher in watchers)
            watcher.Subject.SendSystemMessage(new UnwatchMessage(watcher));
    }

    /// <summary>Stands here for everybody over there who watches one of our actors.</summary>
    private sealed class RemoteWatcher(Association association, string name, InternalActorRef subject)
        : InternalActorRef(association.RootPath.Child("watcher", association.System.NextUid()))
    {
        public string Name => name;

        public InternalActorRef Subject => subject;

        internal override ActorSystem System => association.System;

        public override void Tell(object message, IActorRef? sender) => association.System.DeadLetters.Tell(message, sender);

        internal override void SendSystemMessage(SystemMessage message)
        {
            if (message is DeathWatchNotification gone)
                association.SubjectStopped(this, gone.ExistenceConfirmed);
        }
    }
}
