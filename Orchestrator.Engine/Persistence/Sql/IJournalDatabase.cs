using System.Data.Common;

namespace Orchestrator.Engine.Persistence.Sql;

/// <summary>
/// What one database product does for <see cref="SqlJournal"/>: the transaction that appends, and connections for everything that plain SQL
/// can say (reads, compaction). The append methods are called by one thread only, in the order Begin, Insert, then Commit or Rollback.
/// </summary>
public interface IJournalDatabase : IAsyncDisposable
{
    /// <summary>True where no other process can commit to this database, so that this process always knows the committed head.</summary>
    bool IsExclusive { get; }

    /// <summary>
    /// Begins a transaction and advances the head by <paramref name="rows"/>, on condition that this member is <c>up</c> at its epoch.
    /// Returns the head before the advance. Throws <see cref="FencedException"/> when the condition does not hold.
    /// </summary>
    long Begin(int rows);

    /// <summary>
    /// Inserts the rows. Returns the index of a row whose sequence number is not above its entity's newest, or -1 when all are in.
    /// </summary>
    int Insert(IReadOnlyList<JournalRow> rows);

    /// <summary>Makes the transaction durable.</summary>
    void Commit();

    /// <summary>Gives the transaction up, also after a failure inside it; does nothing where none is open.</summary>
    void Rollback();

    /// <summary>An open connection for a read or for compaction; disposing it gives it back. Any thread, any number at once.</summary>
    ValueTask<DbConnection> ConnectAsync(CancellationToken cancel);

    /// <summary>
    /// What an error of this database means for the journal: a <see cref="JournalUnusableException"/> after which nothing may be written any
    /// more, or null for one that only failed its own transaction (a full disk, a busy database).
    /// </summary>
    JournalUnusableException? Diagnose(Exception error);
}
