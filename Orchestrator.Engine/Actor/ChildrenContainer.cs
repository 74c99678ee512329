using System.Globalization;

namespace Orchestrator.Engine.Actor;

/// <summary>A child with what its supervisor remembers about its restarts.</summary>
internal sealed class ChildStats(InternalActorRef child)
{
    private long _windowStart;
    private bool _windowOpen;
    private int _restarts;

    public InternalActorRef Child { get; } = child;

    public bool Stopping { get; set; }

    /// <summary>
    /// Whether one more restart is allowed: at most <paramref name="maxRetries"/> (negative: any number; 0: none) within <paramref name="within"/>
    /// (null: ever). With only a time range, one restart per range.
    /// </summary>
    public bool RequestRestart(int maxRetries, TimeSpan? within, TimeProvider time)
    {
        if (maxRetries == 0)
            return false;
        if (within is not { } window || window <= TimeSpan.Zero)
            return maxRetries < 0 || ++_restarts <= maxRetries;
        var allowed = maxRetries < 0 ? 1 : maxRetries;
        var now = time.GetTimestamp();
        if (!_windowOpen)
        {
            _windowOpen = true;
            _windowStart = now;
        }

        if (time.GetElapsedTime(_windowStart, now) <= window)
            return ++_restarts <= allowed;
        _windowStart = now;
        _restarts = 1;
        return true;
    }
}

/// <summary>
/// The children of one cell by name. Locked because the guardian's children are created from any thread; a name stays taken until its actor is gone.
/// </summary>
internal sealed class ChildrenContainer
{
    private readonly Dictionary<string, ChildStats> _byName = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private long _generated;
    private int _stopping;
    private bool _closed;

    public bool IsEmpty
    {
        get
        {
            lock (_lock)
                return _byName.Count == 0;
        }
    }

    public bool HasStopping
    {
        get
        {
            lock (_lock)
                return _stopping > 0;
        }
    }

    public LocalActorRef Add(ActorCell parent, Props props, string? name)
    {
        LocalActorRef child;
        lock (_lock)
        {
            if (_closed)
                throw new IllegalActorStateException($"{parent.Self} is stopping and cannot create children.");
            name ??= "$" + (_generated++).ToString("x", CultureInfo.InvariantCulture);
            if (_byName.ContainsKey(name))
                throw new InvalidActorNameException($"{parent.Self.Path} already has a child named \"{name}\".");
            child = new LocalActorRef(parent.Self.Path.Child(name, parent.System.NextUid()), parent.System, props, (InternalActorRef)parent.Self, null);
            _byName.Add(name, new ChildStats(child));
        }

        child.Cell.Start();
        return child;
    }

    public ChildStats? Find(string name)
    {
        lock (_lock)
            return _byName.GetValueOrDefault(name);
    }

    public InternalActorRef[] Refs()
    {
        lock (_lock)
        {
            var refs = new InternalActorRef[_byName.Count];
            var i = 0;
            foreach (var stats in _byName.Values)
                refs[i++] = stats.Child;
            return refs;
        }
    }

    public ChildStats[] All()
    {
        lock (_lock)
            return [.. _byName.Values];
    }

    public void MarkStopping(IActorRef child)
    {
        lock (_lock)
        {
            if (_byName.TryGetValue(child.Path.Name, out var stats) && stats.Child.Equals(child) && !stats.Stopping)
            {
                stats.Stopping = true;
                _stopping++;
            }
        }
    }

    /// <summary>Stops every child and takes no new ones while any is left.</summary>
    public void StopAll(bool close)
    {
        InternalActorRef[] refs;
        lock (_lock)
        {
            _closed = close;
            refs = new InternalActorRef[_byName.Count];
            var i = 0;
            foreach (var stats in _byName.Values)
            {
                refs[i++] = stats.Child;
                if (!stats.Stopping)
                {
                    stats.Stopping = true;
                    _stopping++;
                }
            }
        }

        foreach (var child in refs)
            child.SendSystemMessage(new TerminateMessage());
    }

    public bool Remove(IActorRef child)
    {
        lock (_lock)
        {
            if (!_byName.TryGetValue(child.Path.Name, out var stats) || !stats.Child.Equals(child))
                return false;
            if (stats.Stopping)
                _stopping--;
            return _byName.Remove(child.Path.Name);
        }
    }
}
