using System.Diagnostics;

namespace Orchestrator.Engine.Persistence.Sql;

/// <summary>
/// The one writer of a journal: a thread of its own that takes everything that waits, commits it as one transaction, gives the rows to the
/// subscribers, answers the writers, and looks again. What arrives meanwhile is the next group.
/// </summary>
/// <remarks>
/// A write whose number is taken is taken out and the rest of its group tried again, so it harms nobody else. An error that leaves the outcome
/// of a commit unknown (an I/O error) stops the writer for good: after a failed fsync nothing later can be trusted.
/// </remarks>
internal sealed class GroupCommit : IAsyncDisposable
{
    /// <summary>Bounds a group, so that a flood does not make everybody wait for one giant transaction.</summary>
    private const int MaxGroupRows = 4096;
    private const long MaxGroupBytes = 16 << 20;

    /// <summary>Longest time the next group is waited for; see <see cref="Gather"/>.</summary>
    private static readonly TimeSpan MaxGathering = TimeSpan.FromMilliseconds(1);

    private readonly IJournalDatabase _database;
    private readonly CommitFeed _feed;
    private readonly TimeProvider _time;
    private readonly object _gate = new();
    private readonly Queue<Work> _waiting = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Write> _group = [];
    private long _committed;
    private long _lastWrittenAt;
    private int _waitingCount;
    private int _answered;
    private TimeSpan _lastCommit;
    private bool _closing;
    private Exception? _failure;

    /// <param name="head">The committed head of the database as it was opened.</param>
    /// <param name="lastWrittenAt">Unix milliseconds of the newest row, so that a clock that went back does not disorder the times.</param>
    public GroupCommit(IJournalDatabase database, CommitFeed feed, TimeProvider time, long head, long lastWrittenAt)
    {
        _database = database;
        _feed = feed;
        _time = time;
        _committed = head;
        _lastWrittenAt = lastWrittenAt;
        new Thread(Run) { IsBackground = true, Name = "journal writer" }.Start();
    }

    /// <summary>The last ordering this writer has committed.</summary>
    public long Committed => Volatile.Read(ref _committed);

    /// <summary>Completes with the ordering of the first row. A cancellation only takes back what no transaction has begun to write.</summary>
    public Task<long> WriteAsync(IReadOnlyList<JournalWrite> rows, CancellationToken cancel)
    {
        var write = new Write(rows, cancel);
        Enqueue(write);
        return write.Task;
    }

    /// <summary>Runs <paramref name="step"/> on the writer's thread, between two groups.</summary>
    public Task<T> RunAsync<T>(Func<T> step)
    {
        var work = new Step<T>(step);
        Enqueue(work);
        return work.Task;
    }

    /// <summary>Commits what waits, then ends the thread.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _closing = true;
            Monitor.Pulse(_gate);
        }
        await _ended.Task.ConfigureAwait(false);
    }

    private void Enqueue(Work work)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closing, typeof(IJournal));
            _waiting.Enqueue(work);
            Volatile.Write(ref _waitingCount, _waiting.Count);
            if (_waiting.Count == 1) Monitor.Pulse(_gate);
        }
    }

    private void Run()
    {
        for (; ; )
        {
            Gather();
            if (!TakeGroup(out var step)) break;
            if (_group.Count > 0) CommitGroup();
            _group.Clear();
            if (step is null) continue;
            if (_failure is { } failure) step.Fail(failure);
            else step.Run();
        }
        _ended.SetResult();
    }

    /// <summary>
    /// Gives the writers that were just answered a moment to come back. Without it the quickest of them starts the next transaction nearly alone,
    /// the others miss it, and from then on two half groups take turns: half the throughput where the disk is what is slow. The moment is a
    /// fraction of what a commit costs, and ends as soon as they are all there. The disk's time is real time, whatever clock stamps the rows.
    /// </summary>
    private void Gather()
    {
        if (_answered < 2 || Volatile.Read(ref _closing)) return;
        var limit = _lastCommit / 4 < MaxGathering ? _lastCommit / 4 : MaxGathering;
        var start = Stopwatch.GetTimestamp();
        var spin = default(SpinWait);
        while (Volatile.Read(ref _waitingCount) < _answered && Stopwatch.GetElapsedTime(start) < limit) spin.SpinOnce(sleep1Threshold: -1);
    }

    /// <summary>Takes the writes up to the next step into the group, and that step if it is reached. False when closed and empty.</summary>
    private bool TakeGroup(out Step? step)
    {
        step = null;
        var rows = 0;
        var bytes = 0L;
        lock (_gate)
        {
            while (_waiting.Count == 0)
            {
                if (_closing) return false;
                Monitor.Wait(_gate);
            }
            while (_waiting.TryPeek(out var work))
            {
                if (work is Write write)
                {
                    if (_group.Count > 0 && (rows + write.Rows.Count > MaxGroupRows || bytes + write.Bytes > MaxGroupBytes)) break;
                    rows += write.Rows.Count;
                    bytes += write.Bytes;
                    _group.Add(write);
                    _waiting.Dequeue();
                    continue;
                }
                step = (Step)work;
                _waiting.Dequeue();
                break;
            }
            Volatile.Write(ref _waitingCount, _waiting.Count);
        }
        return true;
    }

    private void CommitGroup()
    {
        _answered = 0;
        _group.RemoveAll(write => write.TryCancel());
        var start = Stopwatch.GetTimestamp();
        while (_group.Count > 0)
        {
            JournalRow[] rows;
            try
            {
                if (_failure is not null) throw new JournalUnusableException(_failure.Message, _failure);
                rows = Place(_database.Begin(_group.Sum(write => write.Rows.Count)));
                var taken = _database.Insert(rows);
                if (taken >= 0)
                {
                    _database.Rollback();
                    Evict(rows[taken]);
                    continue;
                }
                _database.Commit();
            }
#pragma warning disable CA1031 // every failure is handed to the writers that wait for this group
            catch (Exception error)
#pragma warning restore CA1031
            {
                FailGroup(error);
                return;
            }
            Volatile.Write(ref _committed, rows[^1].Ordering);
            _lastCommit = Stopwatch.GetElapsedTime(start);
            _answered = _group.Count;
            if (!Publish(rows)) return;
            foreach (var write in _group) write.TrySetResult(write.First);
            return;
        }
    }

    /// <summary>Gives every row of the group its place after <paramref name="head"/>.</summary>
    private JournalRow[] Place(long head)
    {
        _lastWrittenAt = Math.Max(_lastWrittenAt, _time.GetUtcNow().ToUnixTimeMilliseconds());
        var writtenAt = DateTimeOffset.FromUnixTimeMilliseconds(_lastWrittenAt);
        var rows = new JournalRow[_group.Sum(write => write.Rows.Count)];
        var next = 0;
        foreach (var write in _group)
        {
            write.First = head + next + 1;
            for (var i = 0; i < write.Rows.Count; i++)
            {
                var row = write.Rows[i];
                rows[next] = new JournalRow(head + next + 1, row.PersistenceId, row.SequenceNr, row.Operation, row.Payload, writtenAt);
                next++;
            }
        }
        return rows;
    }

    /// <summary>Fails the write that <paramref name="taken"/> belongs to and takes it out of the group.</summary>
    private void Evict(JournalRow taken)
    {
        var index = _group.FindIndex(write => taken.Ordering >= write.First && taken.Ordering < write.First + write.Rows.Count);
        var write = _group[index];
        _group.RemoveAt(index);
        write.TrySetException(new ConcurrentWriterException(taken.PersistenceId, taken.SequenceNr));
    }

    private void FailGroup(Exception error)
    {
        var unusable = error as JournalUnusableException ?? _database.Diagnose(error);
        if (unusable is not null) _failure ??= unusable;
        try
        {
            _database.Rollback();
        }
#pragma warning disable CA1031 // a connection that cannot roll back is not fit for another transaction
        catch (Exception rollback)
#pragma warning restore CA1031
        {
            _failure ??= rollback;
        }
        foreach (var write in _group) write.TrySetException(unusable ?? error);
    }

    /// <summary>A subscriber that throws has lost rows, so its view is wrong from now on: the journal stops rather than go on without it.</summary>
    private bool Publish(JournalRow[] rows)
    {
        try
        {
            _feed.Publish(rows);
            return true;
        }
#pragma warning disable CA1031 // handed to the writers, now and from now on
        catch (Exception error)
#pragma warning restore CA1031
        {
            _failure = new InvalidOperationException("A subscriber of the journal failed; its view is incomplete. Restart this process.", error);
            foreach (var write in _group) write.TrySetException(_failure);
            return false;
        }
    }

    private interface Work;

    private sealed class Write(IReadOnlyList<JournalWrite> rows, CancellationToken cancel)
        : TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously), Work
    {
        public IReadOnlyList<JournalWrite> Rows => rows;

        public long Bytes { get; } = rows.Sum(row => (long)row.Payload.Length);

        public long First { get; set; }

        public bool TryCancel() => cancel.IsCancellationRequested && TrySetCanceled(cancel);
    }

    private interface Step : Work
    {
        void Run();

        void Fail(Exception error);
    }

    private sealed class Step<T>(Func<T> step) : TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously), Step
    {
        public void Run()
        {
            try
            {
                TrySetResult(step());
            }
#pragma warning disable CA1031 // handed to the one who asked
            catch (Exception error)
#pragma warning restore CA1031
            {
                TrySetException(error);
            }
        }

        public void Fail(Exception error) => TrySetException(error);
    }
}
