using System.Data.Common;

namespace Orchestrator.Engine.Persistence.Sql;

/// <summary>
/// What one database product does for <see cref="SqlJournal"/>: the transaction that appends, and connections for everything that plain SQL
/// can say (reads, compaction).
/// </summary>
public interface IJournalDatabase : IAsyncDisposable
{
    /// <summary>True where no other process can commit to this database, so that this process always knows the committed head.</summary>
    bool IsExclusive { get; }

    /// <summary>Statement that begins a transaction whose reads all see one moment, and that holds up no writer.</summary>
    string BeginSnapshot { get; }

    /// <summary>Statement that makes <c>@writtenAt</c> the time before which nothing new is stamped, where the database keeps that; null where the writer does.</summary>
    string? RestoreTime { get; }

    /// <summary>Query for the name of a member that may be writing now; null where the database belongs to this process alone.</summary>
    string? LiveMember { get; }

    /// <summary>Statements that remove all members and what they have; null where the database belongs to this process alone.</summary>
    string? RemoveMembers { get; }

    /// <summary>
    /// Appends the batch in one durable transaction that advances the head by the number of rows, on condition that this member may write at its epoch.
    /// A write one of whose numbers is not above its entity's newest is left out, whole, and told in the result. Called by one thread only.
    /// Throws <see cref="FencedException"/>, <see cref="JournalUnusableException"/> after which nothing may be written any more, or the database's own
    /// exception where just this transaction failed. Whatever it throws, nothing of the batch is or will be committed, unless it is a <see cref="JournalUnusableException"/>.
    /// </summary>
    Appended Append(AppendBatch batch);

    /// <summary>An open connection for a read or for compaction; disposing it gives it back. Any thread, any number at once.</summary>
    ValueTask<DbConnection> ConnectAsync(CancellationToken cancel);

    /// <summary>Waits until no other process compacts this journal; the next may when the result is disposed.</summary>
    ValueTask<IAsyncDisposable> LockCompactionAsync(CancellationToken cancel);

    /// <summary>
    /// What an error of this database means for the journal: a <see cref="JournalUnusableException"/> after which nothing may be written any
    /// more, or null for one that only failed its own transaction (a full disk, a busy database).
    /// </summary>
    JournalUnusableException? Diagnose(Exception error);

    /// <summary>
    /// How long to wait before a read that failed for the <paramref name="attempt"/>th time (from 1) is tried again; null for an error that will not pass by itself.
    /// </summary>
    TimeSpan? RetryAfter(Exception error, int attempt);
}

/// <summary>The writes of one transaction. No entity's numbers repeat or descend within it.</summary>
/// <param name="Rows">All rows in the order of the journal.</param>
/// <param name="WriteOf">For each row, the index of the write it belongs to; ascending.</param>
/// <param name="Now">The writer's time in unix milliseconds, for a database that has no clock of its own.</param>
public sealed record AppendBatch(IReadOnlyList<JournalWrite> Rows, IReadOnlyList<int> WriteOf, long Now);

/// <summary>What became of a batch.</summary>
/// <param name="Before">The head before; the rows that went in have the orderings after it, without a gap.</param>
/// <param name="WrittenAt">Their time in unix milliseconds.</param>
/// <param name="Refused">Indices of rows whose number was taken: their writes were left out. Null for none.</param>
public readonly record struct Appended(long Before, long WrittenAt, IReadOnlyList<int>? Refused);
