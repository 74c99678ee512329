using System.Diagnostics;

namespace Orchestrator.Engine.Persistence.Sql;

/// <summary>
/// The one writer of a journal: a thread of its own that takes everything that waits, commits it as one transaction, offers the rows to the
/// feed, which has the writers answered when the subscribers have been given them, and looks again. What arrives meanwhile is the next group.
/// </summary>
/// <remarks>
/// A write whose number is taken is left out, so it harms nobody else. An error that leaves the outcome
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
    private readonly Queue<IWork> _waiting = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Write> _group = [];
    private readonly Dictionary<string, long> _newest = new(StringComparer.Ordinal);
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
        if (write.Repeats is { } repeated) throw new ConcurrentWriterException(repeated.PersistenceId, repeated.SequenceNr);
        Enqueue(write);
        return write.Task;
    }

    /// <summary>Why nothing is written any more; null while all is well.</summary>
    private Exception? Failure => _failure ?? _feed.Failure;

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

    private void Enqueue(IWork work)
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
            while (_group.Count > 0) CommitGroup();
            if (step is null) continue;
            if (Failure is { } failure) step.Fail(failure);
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
    private bool TakeGroup(out IStep? step)
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
                step = (IStep)work;
                _waiting.Dequeue();
                break;
            }
            Volatile.Write(ref _waitingCount, _waiting.Count);
        }
        return true;
    }

    /// <summary>Commits the group, or as much of its beginning as fits one batch.</summary>
    private void CommitGroup()
    {
        _answered = 0;
        _group.RemoveAll(write => write.TryCancel());
        if (_group.Count == 0) return;
        var start = Stopwatch.GetTimestamp();
        var batch = TakeBatch(out var writes);
        Appended appended;
        try
        {
            if (Failure is { } failure) throw new JournalUnusableException(failure.Message, failure);
            appended = _database.Append(batch);
        }
#pragma warning disable CA1031 // every failure is handed to the writers that wait for this group
        catch (Exception error)
#pragma warning restore CA1031
        {
            if (error is JournalUnusableException) _failure ??= error;
            foreach (var write in writes) write.TrySetException(error);
            return;
        }
        _lastWrittenAt = Math.Max(_lastWrittenAt, appended.WrittenAt);
        Refuse(appended, batch, writes);
        var rows = Place(appended, batch, writes);
        if (rows.Length == 0) return;
        Volatile.Write(ref _committed, rows[^1].Ordering);
        _lastCommit = Stopwatch.GetElapsedTime(start);
        _answered = writes.Count;
        _feed.Offer(rows, failure =>
        {
            foreach (var write in writes) write.Answer(failure);
        });
    }

    /// <summary>Takes writes off the group until one would repeat or descend an entity's number, which only the outcome of those before it can judge.</summary>
    private AppendBatch TakeBatch(out List<Write> writes)
    {
        writes = new List<Write>(_group.Count);
        var rows = new List<JournalWrite>(_group.Count);
        var writeOf = new List<int>(_group.Count);
        _newest.Clear();
        foreach (var write in _group)
        {
            if (Repeats(write.Rows)) break;
            for (var i = 0; i < write.Rows.Count; i++)
            {
                var row = write.Rows[i];
                _newest[row.PersistenceId] = row.SequenceNr;
                rows.Add(row);
                writeOf.Add(writes.Count);
            }
            writes.Add(write);
        }
        _group.RemoveRange(0, writes.Count);
        return new AppendBatch(rows, writeOf, Math.Max(_lastWrittenAt, _time.GetUtcNow().ToUnixTimeMilliseconds()));
    }

    private bool Repeats(IReadOnlyList<JournalWrite> rows)
    {
        for (var i = 0; i < rows.Count; i++)
            if (_newest.TryGetValue(rows[i].PersistenceId, out var number) && rows[i].SequenceNr <= number) return true;
        return false;
    }

    private static void Refuse(Appended appended, AppendBatch batch, List<Write> writes)
    {
        if (appended.Refused is null) return;
        foreach (var index in appended.Refused)
        {
            var row = batch.Rows[index];
            writes[batch.WriteOf[index]].TrySetException(new ConcurrentWriterException(row.PersistenceId, row.SequenceNr));
        }
    }

    /// <summary>The rows that went in, each at its place.</summary>
    private static JournalRow[] Place(Appended appended, AppendBatch batch, List<Write> writes)
    {
        var writtenAt = DateTimeOffset.FromUnixTimeMilliseconds(appended.WrittenAt);
        var rows = new JournalRow[batch.Rows.Count];
        var count = 0;
        for (var i = 0; i < batch.Rows.Count; i++)
        {
            var write = writes[batch.WriteOf[i]];
            if (write.IsRefused) continue;
            var ordering = appended.Before + count + 1;
            if (write.First == 0) write.First = ordering;
            var row = batch.Rows[i];
            rows[count++] = new JournalRow(ordering, row.PersistenceId, row.SequenceNr, row.Operation, row.Payload, writtenAt);
        }
        return count == rows.Length ? rows : rows[..count];
    }
}
