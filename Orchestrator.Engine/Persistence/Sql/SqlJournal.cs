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

    private readonly IJournalDatabase _database;
    private readonly JournalQueries _queries;
    private readonly CommitFeed _feed;
    private readonly GroupCommit _writer;
    private long _compactedTo;

    /// <summary>Takes the database over, which is open and registered for this member.</summary>
    /// <param name="database">Disposed with the journal.</param>
    /// <param name="position">Where the database stood when it was opened; see <see cref="FindPositionAsync"/>.</param>
    /// <param name="time">Stamps the rows.</param>
    protected SqlJournal(IJournalDatabase database, Position position, TimeProvider time)
    {
        _database = database;
        _queries = new JournalQueries(database);
        _feed = new CommitFeed { Head = position.Head };
        _compactedTo = position.CompactedTo;
        _writer = new GroupCommit(database, _feed, time, position.Head, position.LastWrittenAt);
    }

    /// <summary>Where a journal stands: its head, what it is compacted to, and the time of its newest row in unix milliseconds.</summary>
    protected readonly record struct Position(long Head, long CompactedTo, long LastWrittenAt);

    /// <inheritdoc/>
    public long Head => _feed.Head;

    /// <inheritdoc/>
    public long CompactedTo => Volatile.Read(ref _compactedTo);

    /// <inheritdoc/>
    public ValueTask<long> ReadHeadAsync(CancellationToken cancel = default) =>
        _database.IsExclusive ? ValueTask.FromResult(_writer.Committed) : Guard(_queries.HeadAsync(cancel));

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
            var page = await Guard(_queries.PageAsync(after, to, cancel)).ConfigureAwait(false);
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
            var page = await Guard(_queries.EntityPageAsync(persistenceId, fromSequenceNr, toSequenceNr, max, cancel)).ConfigureAwait(false);
            if (page.Count == 0) yield break;
            foreach (var row in page) yield return row;
            max -= page.Count;
            fromSequenceNr = page[^1].SequenceNr + 1;
        }
    }

    /// <inheritdoc/>
    public ValueTask<JournalRow?> LatestAsync(string persistenceId, CancellationToken cancel = default) => Guard(_queries.LatestAsync(persistenceId, cancel));

    /// <inheritdoc/>
    public async ValueTask<IDisposable> SubscribeAsync(long after, Action<IReadOnlyList<JournalRow>> onCommitted, CancellationToken cancel = default)
    {
        // The bulk is read here, while writes go on; only the last page's worth is read with the writer held.
        for (; ; )
        {
            var page = await Guard(_queries.PageAsync(after, Head, cancel)).ConfigureAwait(false);
            if (page.Count == 0) break;
            onCommitted(page);
            after = page[^1].Ordering;
        }
        return await _writer.RunAsync(() =>
        {
            for (; ; )
            {
                var page = Guard(_queries.PageAsync(after, Head, CancellationToken.None)).AsTask().GetAwaiter().GetResult();
                if (page.Count == 0) return _feed.Add(onCommitted);
                onCommitted(page);
                after = page[^1].Ordering;
            }
        }).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    /// <remarks>Steps of <see cref="CompactionStep"/> rows take turns with the writes. A tombstone goes after the rows it supersedes, as it stands behind them.</remarks>
    public async ValueTask<long> CompactAsync(long upTo, CancellationToken cancel = default)
    {
        upTo = Math.Min(upTo, Head);
        if (upTo <= 0) return 0;
        await OnWriter(async () =>
        {
            if (upTo <= CompactedTo) return 0;
            await _queries.MarkCompactedAsync(upTo, cancel).ConfigureAwait(false);
            Volatile.Write(ref _compactedTo, upTo);
            return 0;
        }).ConfigureAwait(false);
        var dropped = 0L;
        for (var after = 0L; after < upTo;)
        {
            var end = await Guard(_queries.StepEndAsync(after, upTo, CompactionStep, cancel)).ConfigureAwait(false);
            var start = after;
            dropped += await OnWriter(() => _queries.DropAsync(start, end, cancel)).ConfigureAwait(false);
            after = end;
        }
        return dropped;
    }

    /// <inheritdoc/>
    public ValueTask<long> OrderingAtAsync(DateTimeOffset time, CancellationToken cancel = default) =>
        Guard(_queries.OrderingAtAsync(time.ToUnixTimeMilliseconds(), Head, cancel));

    /// <summary>Commits what waits, then closes the database.</summary>
    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync().ConfigureAwait(false);
        await _database.DisposeAsync().ConfigureAwait(false);
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

    /// <summary>Runs a change on the writer's thread. It waits there for the database, as a commit does.</summary>
    private async ValueTask<long> OnWriter(Func<ValueTask<long>> change) =>
        await _writer.RunAsync(() => Guard(change()).AsTask().GetAwaiter().GetResult()).ConfigureAwait(false);

    /// <summary>Turns an error that means a broken database into the one that says what to do.</summary>
    private async ValueTask<T> Guard<T>(ValueTask<T> query)
    {
        try
        {
            return await query.ConfigureAwait(false);
        }
        catch (Exception error) when (error is not JournalUnusableException && _database.Diagnose(error) is { } unusable)
        {
            throw unusable;
        }
    }
}
