using System.Collections.Immutable;

namespace Orchestrator.Engine.Persistence.Sql;

/// <summary>
/// Gives committed rows to the subscribers of one journal in order, each once, one call at a time. What this process commits is offered by its writer;
/// where what it offers does not follow on the head, another member has committed in between, and it waits until that gap was read.
/// </summary>
internal sealed class CommitFeed(long head)
{
    private readonly Lock _publishing = new();
    private readonly SortedDictionary<long, Offered> _early = [];
    private ImmutableArray<Subscription> _subscriptions = [];
    private long _head = head;
    private long _known = head;
    private Exception? _failure;

    private readonly record struct Offered(JournalRow[] Rows, Action<Exception?> Done);

    /// <summary>Ordering of the last row every subscriber has been given.</summary>
    public long Head => Volatile.Read(ref _head);

    /// <summary>Those who wait for the head.</summary>
    public HeadWaiters Waiters { get; } = new();

    /// <summary>Why nothing is given any more; null while all is well.</summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    /// <summary>Called, perhaps with the feed held, when there is a gap to read; must only signal.</summary>
    public Action? GapFound { get; set; }

    /// <summary>
    /// Rows that this process has committed. <paramref name="done"/> is called when every subscriber has been given them, with an error where that will never be.
    /// </summary>
    public void Offer(JournalRow[] rows, Action<Exception?> done)
    {
        var answered = new List<Action<Exception?>>();
        lock (_publishing)
        {
            if (_failure is null)
            {
                _early.Add(rows[0].Ordering, new Offered(rows, done));
                TakeEarly(answered);
                if (_early.Count > 0) GapFound?.Invoke();
            }
            else
            {
                answered.Add(done);
            }
        }
        Answer(answered);
    }

    /// <summary>The database is known to be committed up to <paramref name="ordering"/>. Never waits for a subscriber.</summary>
    public void Learned(long ordering)
    {
        var known = Volatile.Read(ref _known);
        while (ordering > known)
        {
            var seen = Interlocked.CompareExchange(ref _known, ordering, known);
            if (seen == known) break;
            known = seen;
        }
        if (ordering > Head) GapFound?.Invoke();
    }

    /// <summary>What has to be read: the rows with After &lt; ordering ≤ To. Null where nothing is missing.</summary>
    public (long After, long To)? Gap()
    {
        lock (_publishing)
        {
            if (_failure is not null) return null;
            var to = _early.Count > 0 ? _early.First().Key - 1 : Volatile.Read(ref _known);
            return to > _head ? (_head, to) : null;
        }
    }

    /// <summary>Rows read from the database, without a gap among them, from the one behind some earlier head on.</summary>
    public void Fill(IReadOnlyList<JournalRow> rows)
    {
        var answered = new List<Action<Exception?>>();
        lock (_publishing)
        {
            if (_failure is null) Publish(rows);
            TakeEarly(answered);
        }
        Answer(answered);
    }

    /// <summary>The feed can give nothing any more: subscribers would miss rows.</summary>
    public void Fail(Exception failure)
    {
        var answered = new List<Action<Exception?>>();
        lock (_publishing)
        {
            SetFailure(failure);
            TakeEarly(answered);
        }
        Answer(answered);
    }

    /// <summary>
    /// Subscribes for everything after <paramref name="after"/>. What is behind the head is read while new rows are put by for this subscriber, so that neither the database
    /// holds up the feed nor the feed's pace keeps the subscriber from ever catching up.
    /// </summary>
    public async ValueTask<IDisposable> AddAsync(
        long after, Action<IReadOnlyList<JournalRow>> onCommitted, Func<long, long, ValueTask<List<JournalRow>>> read)
    {
        var subscription = new Subscription(this, onCommitted);
        long to;
        lock (_publishing)
        {
            to = _head;
            ImmutableInterlocked.Update(ref _subscriptions, (all, added) => all.Add(added), subscription);
        }
        try
        {
            while (after < to)
            {
                var page = await read(after, to).ConfigureAwait(false);
                if (page.Count == 0) break;
                onCommitted(page);
                after = page[^1].Ordering;
            }
            lock (_publishing) subscription.GoLive(after);
            return subscription;
        }
        catch
        {
            subscription.Dispose();
            throw;
        }
    }

    /// <summary>Publishes what was offered early and has become due. With the feed held.</summary>
    private void TakeEarly(List<Action<Exception?>> answered)
    {
        while (_early.Count > 0)
        {
            var (first, offered) = _early.First();
            if (_failure is null)
            {
                if (first > _head + 1) return;
                Publish(offered.Rows);
            }
            _early.Remove(first);
            answered.Add(offered.Done);
        }
    }

    /// <summary>Gives what of the rows nobody has been given yet. A subscriber that throws has lost rows, so the feed ends.</summary>
    private void Publish(IReadOnlyList<JournalRow> rows)
    {
        if (rows[^1].Ordering <= _head) return;
        if (rows[0].Ordering <= _head) rows = [.. rows.SkipWhile(row => row.Ordering <= _head)];
        try
        {
            foreach (var subscription in _subscriptions) subscription.Give(rows);
        }
#pragma warning disable CA1031 // kept, and handed to the writers from now on
        catch (Exception error)
#pragma warning restore CA1031
        {
            SetFailure(new InvalidOperationException("A subscriber of the journal failed; its view is incomplete. Restart this process.", error));
            return;
        }
        Volatile.Write(ref _head, rows[^1].Ordering);
        Waiters.Reached(_head);
    }

    private void SetFailure(Exception failure)
    {
        _failure ??= failure;
        Waiters.Fail(_failure);
    }

    private void Answer(List<Action<Exception?>> answered)
    {
        foreach (var done in answered) done(_failure);
    }

    /// <summary>Not with the feed held: a subscription may be ended while its subscriber is being called.</summary>
    private void Remove(Subscription subscription) =>
        ImmutableInterlocked.Update(ref _subscriptions, (all, gone) => all.Remove(gone), subscription);

    private sealed class Subscription(CommitFeed feed, Action<IReadOnlyList<JournalRow>> onCommitted) : IDisposable
    {
        private List<IReadOnlyList<JournalRow>>? _putBy = [];
        private volatile bool _disposed;

        public void Give(IReadOnlyList<JournalRow> rows)
        {
            if (_disposed) return;
            if (_putBy is { } putBy) putBy.Add(rows);
            else onCommitted(rows);
        }

        /// <summary>Gives what was put by, after <paramref name="after"/>; from then on everything at once.</summary>
        public void GoLive(long after)
        {
            foreach (var rows in _putBy!)
            {
                if (rows[^1].Ordering > after) onCommitted(rows[0].Ordering > after ? rows : [.. rows.SkipWhile(row => row.Ordering <= after)]);
            }
            _putBy = null;
        }

        public void Dispose()
        {
            _disposed = true;
            feed.Remove(this);
        }
    }
}
