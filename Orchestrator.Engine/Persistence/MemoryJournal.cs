using System.Runtime.CompilerServices;

namespace Orchestrator.Engine.Persistence;

/// <summary>
/// The journal in memory, for tests and throw-away clusters. A write commits at once, on the caller's thread, unless commits are held
/// (<see cref="HoldCommits"/>): then what arrives joins the next group, as behind a slow disk.
/// </summary>
public sealed class MemoryJournal(TimeProvider? time = null) : IJournal
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Lock _lock = new();
    private readonly List<JournalRow> _rows = [];
    private readonly Dictionary<string, List<JournalRow>> _byEntity = new(StringComparer.Ordinal);
    private readonly List<Action<IReadOnlyList<JournalRow>>> _subscribers = [];
    private readonly Queue<(IReadOnlyList<JournalWrite> Rows, TaskCompletionSource<long> Reply)> _waiting = new();
    private readonly HeadWaiters _headWaiters = new();
    private long _head;
    private long _compactedTo;
    private bool _held;
    private Exception? _refusal;

    /// <inheritdoc/>
    public long Head
    {
        get
        {
            lock (_lock)
                return _head;
        }
    }

    /// <inheritdoc/>
    public long CompactedTo
    {
        get
        {
            lock (_lock)
                return _compactedTo;
        }
    }

    /// <summary>From now on writes wait; <see cref="ReleaseCommits"/> commits them as one group.</summary>
    public void HoldCommits()
    {
        lock (_lock)
            _held = true;
    }

    /// <summary>Commits what waited, as one group, and goes on without waiting.</summary>
    public void ReleaseCommits()
    {
        lock (_lock)
        {
            _held = false;
            CommitGroup();
        }
    }

    /// <summary>Writes that wait for <see cref="ReleaseCommits"/>.</summary>
    public int WaitingWrites
    {
        get
        {
            lock (_lock)
                return _waiting.Count;
        }
    }

    /// <summary>Whether a write of this entity waits for <see cref="ReleaseCommits"/>.</summary>
    public bool IsWaiting(string persistenceId)
    {
        lock (_lock)
            return _waiting.Any(write => write.Rows.Any(row => row.PersistenceId == persistenceId));
    }

    /// <summary>This writer is no longer up: every write from now on fails with <see cref="FencedException"/>, waiting ones too.</summary>
    public void Fence() => Refuse(new FencedException("This member was declared down."));

    /// <summary>Every write from now on fails with this; null to accept again.</summary>
    public void Refuse(Exception? cause)
    {
        lock (_lock)
            _refusal = cause;
    }

    /// <inheritdoc/>
    public ValueTask<long> ReadHeadAsync(CancellationToken cancel = default) => new(Head);

    /// <inheritdoc/>
    public ValueTask WaitForHeadAsync(long ordering, CancellationToken cancel = default) => _headWaiters.WaitAsync(ordering, () => Head, cancel);

    /// <inheritdoc/>
    public ValueTask<long> WriteAsync(IReadOnlyList<JournalWrite> rows, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfZero(rows.Count);
        if (cancel.IsCancellationRequested)
            return ValueTask.FromCanceled<long>(cancel);
        var reply = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _waiting.Enqueue((rows, reply));
            if (!_held)
                CommitGroup();
        }

        return new ValueTask<long>(reply.Task);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<JournalRow> ReadAsync(long after, long to, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        List<JournalRow> found;
        lock (_lock)
            found = _rows.FindAll(row => row.Ordering > after && row.Ordering <= to);
        foreach (var row in found)
        {
            cancel.ThrowIfCancellationRequested();
            yield return row;
        }

        await Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<JournalRow> ReplayAsync(
        string persistenceId, long fromSequenceNr, long toSequenceNr, long max, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        List<JournalRow> found;
        lock (_lock)
        {
            found = _byEntity.TryGetValue(persistenceId, out var rows)
                ? rows.FindAll(row => row.SequenceNr >= fromSequenceNr && row.SequenceNr <= toSequenceNr)
                : [];
        }

        var left = max;
        foreach (var row in found)
        {
            if (left-- <= 0)
                yield break;
            cancel.ThrowIfCancellationRequested();
            yield return row;
        }

        await Task.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<JournalRow?> LatestAsync(string persistenceId, CancellationToken cancel = default)
    {
        lock (_lock)
            return new(_byEntity.TryGetValue(persistenceId, out var rows) ? rows[^1] : null);
    }

    /// <inheritdoc/>
    public ValueTask<IDisposable> SubscribeAsync(long after, Action<IReadOnlyList<JournalRow>> onCommitted, CancellationToken cancel = default)
    {
        lock (_lock)
        {
            var earlier = _rows.FindAll(row => row.Ordering > after);
            if (earlier.Count > 0)
                onCommitted(earlier);
            _subscribers.Add(onCommitted);
            return new(new Subscription(this, onCommitted));
        }
    }

    /// <inheritdoc/>
    public ValueTask<long> CompactAsync(long upTo, CancellationToken cancel = default)
    {
        lock (_lock)
        {
            upTo = Math.Min(upTo, _head);
            var dropped = _rows.RemoveAll(row => row.Ordering <= upTo &&
                (row.Operation == IJournal.Tombstone || !ReferenceEquals(_byEntity[row.PersistenceId][^1], row)));
            _byEntity.Clear();
            foreach (var row in _rows)
                Index(row);
            _compactedTo = Math.Max(_compactedTo, upTo);
            return new(dropped);
        }
    }

    /// <inheritdoc/>
    public ValueTask<long> ReadDroppedToAsync(CancellationToken cancel = default) => new(CompactedTo);

    /// <inheritdoc/>
    public ValueTask<long> OrderingAtAsync(DateTimeOffset time, CancellationToken cancel = default)
    {
        lock (_lock)
            return new(_rows.FindLast(row => row.WrittenAt <= time)?.Ordering ?? 0);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => default;

    private void CommitGroup()
    {
        if (_waiting.Count == 0)
            return;
        var group = new List<JournalRow>();
        var replies = new List<(TaskCompletionSource<long> Reply, long First, Exception? Failure)>();
        var now = _time.GetUtcNow();
        while (_waiting.TryDequeue(out var write))
        {
            var failure = _refusal ?? Conflict(write.Rows);
            replies.Add((write.Reply, _head + 1, failure));
            if (failure is not null)
                continue;
            foreach (var row in write.Rows)
                group.Add(Append(row, now));
        }

        if (group.Count > 0)
        {
            foreach (var subscriber in _subscribers.ToArray())
                subscriber(group);
            _headWaiters.Reached(_head);
        }

        foreach (var (reply, first, failure) in replies)
        {
            if (failure is null)
                reply.SetResult(first);
            else
                reply.SetException(failure);
        }
    }

    private ConcurrentWriterException? Conflict(IReadOnlyList<JournalWrite> writes)
    {
        var within = new HashSet<(string, long)>();
        foreach (var row in writes)
        {
            var taken = _byEntity.TryGetValue(row.PersistenceId, out var rows) ? rows[^1].SequenceNr : 0;
            if (taken >= row.SequenceNr || !within.Add((row.PersistenceId, row.SequenceNr)))
                return new ConcurrentWriterException(row.PersistenceId, row.SequenceNr);
        }

        return null;
    }

    private JournalRow Append(JournalWrite write, DateTimeOffset now)
    {
        var row = new JournalRow(++_head, write.PersistenceId, write.SequenceNr, write.Operation, write.Payload, now);
        _rows.Add(row);
        Index(row);
        return row;
    }

    private void Index(JournalRow row)
    {
        if (!_byEntity.TryGetValue(row.PersistenceId, out var rows))
            _byEntity.Add(row.PersistenceId, rows = []);
        rows.Add(row);
    }

    private sealed class Subscription(MemoryJournal journal, Action<IReadOnlyList<JournalRow>> onCommitted) : IDisposable
    {
        public void Dispose()
        {
            lock (journal._lock)
                journal._subscribers.Remove(onCommitted);
        }
    }
}
