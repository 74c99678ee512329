namespace Orchestrator.Engine.Persistence;

/// <summary>One row of the journal as committed. <paramref name="Payload"/> is what the writer gave, byte for byte.</summary>
public sealed record JournalRow(long Ordering, string PersistenceId, long SequenceNr, string Operation, ReadOnlyMemory<byte> Payload, DateTimeOffset WrittenAt);

/// <summary>One row to write. <paramref name="SequenceNr"/> starts at 1 and has no gaps per <paramref name="PersistenceId"/>.</summary>
public readonly record struct JournalWrite(string PersistenceId, long SequenceNr, string Operation, ReadOnlyMemory<byte> Payload);

/// <summary>This writer's member epoch is no longer <c>up</c>: nothing was written; stop every entity and rejoin with a new epoch.</summary>
public sealed class FencedException(string message) : Exception(message);

/// <summary>The (persistence id, sequence number) is taken: two writers for one entity. Nothing of the atomic write was written.</summary>
public sealed class ConcurrentWriterException(string persistenceId, long sequenceNr) : Exception($"{persistenceId} already has an event with sequence number {sequenceNr}");

/// <summary>
/// The totally ordered journal (DESIGN §4). <c>Ordering</c> is gap-free and commit-ordered. Writes that arrive while a transaction is in
/// flight share the next one (group commit). Same contract for SQLite, PostgreSQL and memory; one abstract test suite.
/// </summary>
public interface IJournal : IAsyncDisposable
{
    /// <summary>Ordering of the last row that subscribers of this process have been given; 0 for an empty journal.</summary>
    long Head { get; }

    /// <summary>The committed head as the database knows it now (linearizable).</summary>
    ValueTask<long> ReadHeadAsync(CancellationToken cancel = default);

    /// <summary>
    /// Completes when <see cref="Head"/> is at <paramref name="ordering"/> or beyond: everybody here has been given everything up to it. With the result of
    /// <see cref="ReadHeadAsync"/>, everything that was committed before the question, by whichever member.
    /// </summary>
    ValueTask WaitForHeadAsync(long ordering, CancellationToken cancel = default);

    /// <summary>
    /// Writes the rows atomically, in order; completes after the commit and after every subscriber has been given the rows, possibly on the journal's own
    /// thread: what follows an await must be quick, or go elsewhere. The result is the ordering of the first row. Throws <see cref="FencedException"/> or
    /// <see cref="ConcurrentWriterException"/>; other writes of the group are unaffected by the latter.
    /// </summary>
    ValueTask<long> WriteAsync(IReadOnlyList<JournalWrite> rows, CancellationToken cancel = default);

    /// <summary>The retained rows with <paramref name="after"/> &lt; ordering ≤ <paramref name="to"/>, in order.</summary>
    IAsyncEnumerable<JournalRow> ReadAsync(long after, long to, CancellationToken cancel = default);

    /// <summary>The retained rows of one entity with from ≤ sequence number ≤ to, at most <paramref name="max"/>, in order.</summary>
    IAsyncEnumerable<JournalRow> ReplayAsync(string persistenceId, long fromSequenceNr, long toSequenceNr, long max, CancellationToken cancel = default);

    /// <summary>The newest retained row of one entity, or null.</summary>
    ValueTask<JournalRow?> LatestAsync(string persistenceId, CancellationToken cancel = default);

    /// <summary>
    /// From now on <paramref name="onCommitted"/> is called once per group of committed rows, in order, one call at a time, before the writers
    /// are answered. It must be quick and must not throw. <paramref name="after"/>: rows after it that are already committed are given first.
    /// </summary>
    ValueTask<IDisposable> SubscribeAsync(long after, Action<IReadOnlyList<JournalRow>> onCommitted, CancellationToken cancel = default);

    /// <summary>
    /// Drops rows that are superseded by a later row of the same persistence id, and rows whose operation is <see cref="Tombstone"/>, where their ordering
    /// is ≤ <paramref name="upTo"/>. Returns how many. The newest row of a live entity always stays. Afterwards <see cref="CompactedTo"/> is at least <paramref name="upTo"/>.
    /// </summary>
    ValueTask<long> CompactAsync(long upTo, CancellationToken cancel = default);

    /// <summary>History is complete only after this ordering (durable; 0 where nothing was compacted).</summary>
    long CompactedTo { get; }

    /// <summary>
    /// Up to this ordering compaction has run to its end, whoever did it: the numbers of entities whose tombstones are not after it begin anew. Behind <see cref="CompactedTo"/> while
    /// compaction runs, or where it was broken off.
    /// </summary>
    ValueTask<long> ReadDroppedToAsync(CancellationToken cancel = default);

    /// <summary>Ordering of the newest row written at or before <paramref name="time"/>, 0 for none: where the retention window ends.</summary>
    ValueTask<long> OrderingAtAsync(DateTimeOffset time, CancellationToken cancel = default);

    /// <summary>Operation that removes an entity.</summary>
    const string Tombstone = "delete";
}
