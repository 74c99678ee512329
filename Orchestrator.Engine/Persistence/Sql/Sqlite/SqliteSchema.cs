using Microsoft.Data.Sqlite;

namespace Orchestrator.Engine.Persistence.Sql.Sqlite;

/// <summary>The tables of DESIGN §4 in SQLite's words, and the check that a file has them.</summary>
internal static class SqliteSchema
{
    /// <summary>Version of the tables; raised when a form that an older program cannot read is first written.</summary>
    public const long Version = 1;

    /// <summary>Marks the file as ours in SQLite's header ("ORCH"), so that somebody else's database is never taken for a journal.</summary>
    private const long ApplicationId = 0x4F524348;

    // The payload stands last: SQLite walks a large value's overflow pages to reach the columns behind it.
    private const string Tables = """
        CREATE TABLE journal (
          ordering INTEGER PRIMARY KEY,
          persistence_id TEXT NOT NULL,
          sequence_nr INTEGER NOT NULL,
          operation TEXT NOT NULL,
          written_at INTEGER NOT NULL,
          payload BLOB NOT NULL,
          UNIQUE (persistence_id, sequence_nr)
        );
        CREATE TABLE head (ordering INTEGER NOT NULL);
        INSERT INTO head (ordering) VALUES (0);
        CREATE TABLE members (id TEXT PRIMARY KEY, address TEXT NOT NULL, epoch INTEGER NOT NULL, state TEXT NOT NULL, lease_until INTEGER) WITHOUT ROWID;
        CREATE TABLE leases (name TEXT PRIMARY KEY, owner TEXT NOT NULL, epoch INTEGER NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE shards (shard TEXT PRIMARY KEY, owner TEXT NOT NULL, epoch INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        INSERT INTO meta (name, value) VALUES ('compacted_to', 0), ('clean', 1);
        """;

    /// <summary>Makes the tables in an empty file. Throws <see cref="JournalUnusableException"/> for a file that holds something else.</summary>
    public static void Ensure(SqliteConnection connection, string path)
    {
        var application = Number(connection, "PRAGMA application_id");
        var version = Number(connection, "PRAGMA user_version");
        if (application == 0 && version == 0 && Number(connection, "SELECT count(*) FROM sqlite_master") == 0)
        {
            Execute(connection, $"BEGIN IMMEDIATE; {Tables} PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {Version}; COMMIT");
            return;
        }
        if (application != ApplicationId)
        {
            throw new JournalUnusableException($"{path} is a SQLite database, but not one of Orchestrator's. Choose another data directory, or move the file away.");
        }
        if (version != Version)
        {
            throw new JournalUnusableException(
                $"{path} has the journal's version {version}; this program reads version {Version}. Start the program version that wrote it, or restore a backup that fits.");
        }
    }

    public static long Number(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar() is long number ? number : 0;
    }

    public static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
