using System.Diagnostics.CodeAnalysis;

namespace Orchestrator.Actors.Caching;

/// <summary>
/// A position in a resource's chain of changes. Used by one reader: take changes with <see cref="TryNext"/> until there is none, then
/// <see cref="WaitAsync"/>. Needs no disposal: it is a pointer.
/// </summary>
public sealed class ResourceWatch
{
    private readonly ResourceCache _cache;
    private readonly ResourceTable _table;
    private ResourceChange _at;
    private long _horizon;

    internal ResourceWatch(ResourceCache cache, ResourceTable table, ResourceChange at, long start) =>
        (_cache, _table, _at, _horizon) = (cache, table, at, start);

    /// <summary>Every change up to this resourceVersion has been taken: what a bookmark may say.</summary>
    public long ResourceVersion => _horizon;

    /// <summary>How far this watch is behind; a gateway cuts a client that does not keep up.</summary>
    public long Lag => _cache.Head - _horizon;

    /// <summary>The next change, if there is one by now.</summary>
    public bool TryNext([NotNullWhen(true)] out ResourceChange? change)
    {
        // Read before looking: where nothing follows, everything up to here has been seen.
        var head = _cache.Head;
        change = _at.Next;
        if (change is null)
        {
            if (head > _horizon) _horizon = head;
            return false;
        }
        _at = change;
        if (change.ResourceVersion > _horizon) _horizon = change.ResourceVersion;
        return true;
    }

    /// <summary>Completes when <see cref="TryNext"/> is worth another try. Throws where cancelled.</summary>
    public Task WaitAsync(CancellationToken cancel)
    {
        var moved = _table.Moved;
        return _at.Next is not null ? Task.CompletedTask : moved.WaitAsync(cancel);
    }
}
