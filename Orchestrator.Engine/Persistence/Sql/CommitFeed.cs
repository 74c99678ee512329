namespace Orchestrator.Engine.Persistence.Sql;

/// <summary>The subscribers of one journal, called in the order of their subscription. All calls come from the writer's thread, except a removal.</summary>
internal sealed class CommitFeed
{
    private volatile Subscription[] _subscriptions = [];
    private long _head;

    /// <summary>Ordering of the last row every subscriber has been given.</summary>
    public long Head
    {
        get => Volatile.Read(ref _head);
        set => Volatile.Write(ref _head, value);
    }

    public void Publish(IReadOnlyList<JournalRow> rows)
    {
        foreach (var subscription in _subscriptions) subscription.Give(rows);
        Head = rows[^1].Ordering;
    }

    public IDisposable Add(Action<IReadOnlyList<JournalRow>> onCommitted)
    {
        var subscription = new Subscription(this, onCommitted);
        lock (this) _subscriptions = [.. _subscriptions, subscription];
        return subscription;
    }

    private void Remove(Subscription subscription)
    {
        lock (this) _subscriptions = [.. _subscriptions.Where(other => other != subscription)];
    }

    private sealed class Subscription(CommitFeed feed, Action<IReadOnlyList<JournalRow>> onCommitted) : IDisposable
    {
        private volatile bool _disposed;

        public void Give(IReadOnlyList<JournalRow> rows)
        {
            if (!_disposed) onCommitted(rows);
        }

        public void Dispose()
        {
            _disposed = true;
            feed.Remove(this);
        }
    }
}
