namespace Orchestrator.Actors.Caching;

/// <summary>The entries and the watch window of one resource. Written by the fold alone, read from any thread.</summary>
internal sealed class ResourceTable
{
    private readonly Queue<ResourceChange> _window = new();
    private readonly List<ResourceChange> _staged = [];
    private SortedEntries.Editor? _editor;
    private volatile State _state;
    private long _windowStart;
    private TaskCompletionSource _moved = NewSignal();

    /// <param name="origin">A placeholder at the start of the chain.</param>
    public ResourceTable(ResourceChange origin) => _state = new State(SortedEntries.Empty, origin);

    /// <summary>The entries together with the newest change they hold: published as one, so that a list and the watch that follows it fit exactly.</summary>
    public sealed record State(SortedEntries Entries, ResourceChange Tail);

    /// <summary>The current snapshot.</summary>
    public State Current => _state;

    /// <summary>Changes with a resourceVersion above this one are in the window.</summary>
    public long WindowStart => Volatile.Read(ref _windowStart);

    /// <summary>Completes when a change is appended after the call.</summary>
    public Task Moved => Volatile.Read(ref _moved).Task;

    /// <summary>Takes one change of a group; seen by readers after <see cref="Publish"/>.</summary>
    public void Stage(ResourceChange change)
    {
        _editor ??= new SortedEntries.Editor(_state.Entries);
        if (change.Type == ChangeType.Deleted) _editor.Remove(change.Entry.Key.Namespace, change.Entry.Key.Name);
        else _editor.Set(change.Entry);
        _staged.Add(change);
    }

    /// <summary>Shows the staged changes to lists and watches, and wakes the watchers.</summary>
    public void Publish(int windowSize)
    {
        lock (_window)
        {
            var tail = _state.Tail;
            foreach (var change in _staged)
            {
                tail.Append(change);
                tail = change;
                _window.Enqueue(change);
            }
            while (_window.Count > windowSize) Volatile.Write(ref _windowStart, _window.Dequeue().ResourceVersion);
            _state = new State(_editor!.Close(), tail);
        }
        _editor = null;
        _staged.Clear();
        Interlocked.Exchange(ref _moved, NewSignal()).TrySetResult();
    }

    /// <summary>Drops changes up to the given resourceVersion from the window (journal retention).</summary>
    public void Forget(long upTo)
    {
        lock (_window)
        {
            while (_window.TryPeek(out var oldest) && oldest.ResourceVersion <= upTo) _window.Dequeue();
            if (upTo > _windowStart) Volatile.Write(ref _windowStart, upTo);
        }
    }

    /// <summary>
    /// The link after which the changes newer than <paramref name="resourceVersion"/> follow, or null where the window does not reach back that far.
    /// </summary>
    public ResourceChange? Find(long resourceVersion, ResourceChange origin)
    {
        lock (_window)
        {
            if (resourceVersion < _windowStart) return null;
            var tail = _state.Tail;
            if (resourceVersion >= tail.ResourceVersion || _window.Count == 0) return tail;
            ResourceChange? before = null;
            foreach (var change in _window)
            {
                if (change.ResourceVersion > resourceVersion)
                {
                    if (before is not null) return before;
                    // The change just before the window is gone, so a link of our own leads to its first one.
                    var link = new ResourceChange(ChangeType.Modified, origin.Entry, null);
                    link.Append(change);
                    return link;
                }
                before = change;
            }
            return tail;
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
