namespace Orchestrator.Engine.Persistence.Sql.Sqlite;

/// <summary>The journal in one SQLite file, for a cluster of one member. The file belongs to one process at a time.</summary>
public sealed class SqliteJournal : SqlJournal
{
    private SqliteJournal(SqliteDatabase database, Position position, TimeProvider time)
        : base(database, position, time) => (Path, Epoch) = (database.Path, database.Epoch);

    /// <summary>The database file.</summary>
    public string Path { get; }

    /// <summary>The epoch this member writes at; each opening takes the next.</summary>
    public long Epoch { get; }

    /// <summary>
    /// Opens the file, making it and its folder where they are missing, and registers the member as <c>up</c> at a new epoch.
    /// Throws <see cref="JournalUnusableException"/> for a file that is damaged, foreign, of another version, or in use.
    /// </summary>
    /// <param name="path">The database file; <c>-wal</c>, <c>-shm</c>, <c>.lock</c> and <c>.pid</c> stand beside it.</param>
    /// <param name="memberId">Stable name of this member.</param>
    /// <param name="address">Where other members would reach it.</param>
    /// <param name="time">Stamps the rows; the system's clock by default.</param>
    /// <param name="cancel">Gives the opening up.</param>
    public static async ValueTask<SqliteJournal> OpenAsync(
        string path, string memberId, string address, TimeProvider? time = null, CancellationToken cancel = default)
    {
        var database = SqliteDatabase.Open(path, memberId, address);
        try
        {
            return new SqliteJournal(database, await FindPositionAsync(database, cancel).ConfigureAwait(false), time ?? TimeProvider.System);
        }
        catch
        {
            await database.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
