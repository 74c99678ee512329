using System.Runtime.CompilerServices;

namespace Orchestrator.Engine.Persistence.Sql;

/// <summary>
/// The journal on a SQL database (DESIGN §4): group commit, subscriptions, reads and compaction, the same for every product. What differs is
/// behind <see cref="IJournalDatabase"/>.
/// </summary>
public class SqlJournal : IJournal
{
    /// <summary>Rows a compaction step looks at before it lets the waiting writes go first.</summary>
    private const int CompactionStep = 1000;

    /// <summary>How long a question outlasts a database that cannot be reached before it fails.</summary>
    private static readonly TimeSpan ReadPatience = TimeSpan.FromSeconds(15);

    private readonly IJournalDatabase _database;
    private readonly JournalQueries _queries;
    private readonly CommitFeed _feed;
    private readonly GroupCommit _writer;
    private readonly GapReader? _gaps;
    private readonly CoalescedQuery<long> _headQuery;
    private readonly TimeProvider _time;
    private readonly Lazy<Task> _disposal;
    private long _compactedTo;

    /// <summary>Takes the database over, which is open.</summary>
    /// <param name="database">Disposed with the journal.</param>
    /// <param name="position">Where the database stood when it was opened; see <see cref="FindPositionAsync"/>.</param>
    /// <param name="time">Stamps the rows, where the database has no clock of its own.</param>
    protected SqlJournal(IJournalDatabase database, Position position, TimeProvider time)
    {
        _database = database;
        _time = time;
        _queries = new JournalQueries(database);
        _feed = new CommitFeed(position.Head);
        _compactedTo = position.CompactedTo;
        _writer = new GroupCommit(database, _feed, time, position.Head, position.LastWrittenAt);
        if (!database.IsExclusive) _gaps = new GapReader(_feed, (after, to, cancel) => Guard(() => _queries.PageAsync(after, to, cancel), cancel, Timeout.InfiniteTimeSpan));
        _headQuery = new CoalescedQuery<long>(async () =>
        {
            var head = await Guard(() => _queries.HeadAsync(default), default).ConfigureAwait(false);
            _feed.Learned(head);
            return head;
        });
        _disposal = new Lazy<Task>(DisposeOnceAsync);
    }

    /// <summary>Where a journal stands: its head, what it is compacted to, and the time of its newest row in unix milliseconds.</summary>
    protected readonly record struct Position(long Head, long CompactedTo, long LastWrittenAt);

    /// <inheritdoc/>
    public long Head => _feed.Head;

    /// <inheritdoc/>
    public long CompactedTo => Volatile.Read(ref _compactedTo);

    /// <inheritdoc/>
    public ValueTask<long> ReadHeadAsync(CancellationToken cancel = default) =>
        _database.IsExclusive ? ValueTask.FromResult(_writer.Committed) : _headQuery.AskAsync(cancel);

    /// <inheritdoc/>
    public ValueTask WaitForHeadAsync(long ordering, CancellationToken cancel = default) => _feed.Waiters.WaitAsync(ordering, () => _feed.Head, cancel);

    /// <inheritdoc/>
    public ValueTask<long> WriteAsync(IReadOnlyList<JournalWrite> rows, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfZero(rows.Count, nameof(rows));
        return new ValueTask<long>(_writer.WriteAsync(rows, cancel));
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<JournalRow> ReadAsync(long after, long to, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        while (after < to)
        {
            var start = after;
            var page = await Guard(() => _queries.PageAsync(start, to, cancel), cancel).ConfigureAwait(false);
            if (page.Count == 0) yield break;
            foreach (var row in page) yield return row;
            after = page[^1].Ordering;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<JournalRow> ReplayAsync(
        string persistenceId, long fromSequenceNr, long toSequenceNr, long max, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        while (max > 0 && fromSequenceNr <= toSequenceNr)
        {
            var (from, most) = (fromSequenceNr, max);
            var page = await Guard(() => _queries.EntityPageAsync(persistenceId, from, toSequenceNr, most, cancel), cancel).ConfigureAwait(false);
            if (page.Count == 0) yield break;
            foreach (var row in page) yield return row;
            max -= page.Count;
            fromSequenceNr = page[^1].SequenceNr + 1;
        }
    }

    /// <inheritdoc/>
    public ValueTask<JournalRow?> LatestAsync(string persistenceId, CancellationToken cancel = default) =>
        Guard(() => _queries.LatestAsync(persistenceId, cancel), cancel);

    /// <inheritdoc/>
    public async ValueTask<IDisposable> SubscribeAsync(long after, Action<IReadOnlyList<JournalRow>> onCommitted, CancellationToken cancel = default)
    {
        // The bulk first, while nothing has to be put by for it.
        var bulk = new WholeRead(_database, after, onCommitted);
        var to = Head;
        Volatile.Write(ref _compactedTo, await Guard(() => bulk.RunAsync(to, cancel), cancel).ConfigureAwait(false));
        return await _feed.AddAsync(bulk.Position, onCommitted, (from, to) => Guard(() => _queries.PageAsync(from, to, cancel), cancel)).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    /// <remarks>Steps of <see cref="CompactionStep"/> rows take turns with the writes. A tombstone goes after the rows it supersedes, as it stands behind them.</remarks>
    public async ValueTask<long> CompactAsync(long upTo, CancellationToken cancel = default)
    {
        upTo = Math.Min(upTo, Head);
        if (upTo <= 0) return 0;
        var turn = await _database.LockCompactionAsync(cancel).ConfigureAwait(false);
        await using var _ = turn.ConfigureAwait(false);
        await Change(async () =>
        {
            await _queries.MarkCompactedAsync(upTo, cancel).ConfigureAwait(false);
            // Another member may have gone further.
            Volatile.Write(ref _compactedTo, await _queries.CompactedToAsync(cancel).ConfigureAwait(false));
            return 0;
        }, cancel).ConfigureAwait(false);
        var dropped = 0L;
        for (var after = 0L; after < upTo;)
        {
            var start = after;
            var end = await Guard(() => _queries.StepEndAsync(start, upTo, CompactionStep, cancel), cancel).ConfigureAwait(false);
            dropped += await Change(() => _queries.DropAsync(start, end, cancel), cancel).ConfigureAwait(false);
            after = end;
        }
        await Change(() => _queries.MarkDroppedAsync(upTo, cancel), cancel).ConfigureAwait(false);
        return dropped;
    }

    /// <inheritdoc/>
    public ValueTask<long> ReadDroppedToAsync(CancellationToken cancel = default) => Guard(() => _queries.DroppedToAsync(cancel), cancel);

    /// <inheritdoc/>
    public ValueTask<long> OrderingAtAsync(DateTimeOffset time, CancellationToken cancel = default)
    {
        var head = Head;
        return Guard(() => _queries.OrderingAtAsync(time.ToUnixTimeMilliseconds(), head, cancel), cancel);
    }

    /// <summary>
    /// Writes the newest state of every live entity, as of one ordering, to a stream that <see cref="RestoreAsync"/> reads, on this or another database product. Others may write meanwhile.
    /// </summary>
    public ValueTask<ArchiveSummary> BackupAsync(Stream to, CancellationToken cancel = default) => new ArchiveQueries(_database).BackupAsync(to, cancel);

    /// <summary>
    /// Fills a journal from a backup, whole or not at all: orderings (resource versions) and sequence numbers stay valid, and writes go on after the backup's ordering.
    /// Nothing else can be done with this journal afterwards: close it and open it again. Throws <see cref="ArchiveException"/> for what is no whole backup, and
    /// <see cref="JournalUnusableException"/> for a journal that is not empty (where it is not to be replaced) or that a member is writing.
    /// </summary>
    public async ValueTask<ArchiveSummary> RestoreAsync(Stream from, RestoreOptions? options = null, CancellationToken cancel = default)
    {
        options ??= new RestoreOptions();
        if (Head > 0 && !options.Replace) throw new JournalNotEmptyException();
        var restored = await _writer.RunAsync(() => new ArchiveQueries(_database).RestoreAsync(from, options, cancel).AsTask().GetAwaiter().GetResult()).ConfigureAwait(false);
        _feed.Fail(new JournalUnusableException("The journal was restored from a backup. Open it again."));
        return restored;
    }

    /// <summary>Reads a backup to its end. Throws <see cref="ArchiveException"/> where it is not whole.</summary>
    public static ValueTask<ArchiveSummary> VerifyAsync(Stream backup, CancellationToken cancel = default) => JournalArchive.VerifyAsync(backup, cancel);

    /// <summary>Commits what waits, then closes the database. A second call waits for the first.</summary>
    public async ValueTask DisposeAsync()
    {
        await _disposal.Value.ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    /// <summary>Asks an open database where it stands.</summary>
    protected static async ValueTask<Position> FindPositionAsync(IJournalDatabase database, CancellationToken cancel)
    {
        var queries = new JournalQueries(database);
        return new Position(
            await queries.HeadAsync(cancel).ConfigureAwait(false),
            await queries.CompactedToAsync(cancel).ConfigureAwait(false),
            await queries.LastWrittenAtAsync(cancel).ConfigureAwait(false));
    }

    /// <summary>Another process has committed up to <paramref name="ordering"/>.</summary>
    protected void Learned(long ordering) => _feed.Learned(ordering);

    /// <summary>Runs a step between two groups of writes.</summary>
    protected Task<T> BetweenWritesAsync<T>(Func<T> step) => _writer.RunAsync(step);

    /// <summary>Stops what a provider runs beside the writer; before the writer is stopped.</summary>
    protected virtual ValueTask StopAsync() => default;

    private async Task DisposeOnceAsync()
    {
        await StopAsync().ConfigureAwait(false);
        await _writer.DisposeAsync().ConfigureAwait(false);
        if (_gaps is not null) await _gaps.DisposeAsync().ConfigureAwait(false);
        _feed.Fail(new ObjectDisposedException(nameof(IJournal)));
        await _database.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Makes a change that is no append. Where there is one writer only, on its thread, which waits there for the database as a commit does.</summary>
    private async ValueTask<long> Change(Func<ValueTask<long>> change, CancellationToken cancel)
    {
        if (!_database.IsExclusive) return await Guard(change, cancel).ConfigureAwait(false);
        return await _writer.RunAsync(() => Guard(change, cancel).AsTask().GetAwaiter().GetResult()).ConfigureAwait(false);
    }

    /// <summary>Tries again where the database says so, and turns an error that means a broken database into the one that says what to do.</summary>
    private async ValueTask<T> Guard<T>(Func<ValueTask<T>> query, CancellationToken cancel, TimeSpan? patience = null)
    {
        var limit = patience ?? ReadPatience;
        var start = _time.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            TimeSpan pause;
            try
            {
                return await query().ConfigureAwait(false);
            }
            catch (Exception error) when (error is not (JournalUnusableException or OperationCanceledException))
            {
                if (_database.Diagnose(error) is { } unusable) throw unusable;
                if (_database.RetryAfter(error, attempt) is not { } after || (limit != Timeout.InfiniteTimeSpan && _time.GetElapsedTime(start) + after > limit)) throw;
                pause = after;
            }
            await Task.Delay(pause, _time, cancel).ConfigureAwait(false);
        }
    }
}
