using Microsoft.Data.Sqlite;
using Orchestrator.Engine.Persistence.Sql.Sqlite;

namespace Orchestrator.Bench.Rows;

/// <summary>A row as the journal keeps it; where it goes in the index decides how many pages a commit has to write.</summary>
internal readonly record struct RawRow(string PersistenceId, long SequenceNr, byte[] Payload);

/// <summary>The floor of durable writes: SQLite with the journal's durability (WAL, synchronous=FULL) and one prepared insert, nothing else.</summary>
internal sealed class RawSqlite : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _insert;
    private readonly SqliteParameter _id;
    private readonly SqliteParameter _number;
    private readonly SqliteParameter _payload;

    public RawSqlite(string path)
    {
        SqliteLibrary.EnsureLoaded();
        _connection = new SqliteConnection($"Data Source={path};Pooling=False");
        _connection.Open();
        Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE journal(ordering INTEGER PRIMARY KEY, persistence_id TEXT NOT NULL, sequence_nr INTEGER NOT NULL, payload BLOB NOT NULL, UNIQUE (persistence_id, sequence_nr))");
        _insert = _connection.CreateCommand();
        _insert.CommandText = "INSERT INTO journal(persistence_id, sequence_nr, payload) VALUES($id, $nr, $payload)";
        _id = _insert.Parameters.Add("$id", SqliteType.Text);
        _number = _insert.Parameters.Add("$nr", SqliteType.Integer);
        _payload = _insert.Parameters.Add("$payload", SqliteType.Blob);
    }

    /// <summary>One transaction.</summary>
    public void Append(IReadOnlyList<RawRow> rows)
    {
        using var transaction = _connection.BeginTransaction();
        _insert.Transaction = transaction;
        foreach (var row in rows)
        {
            _id.Value = row.PersistenceId;
            _number.Value = row.SequenceNr;
            _payload.Value = row.Payload;
            _insert.ExecuteNonQuery();
        }
        transaction.Commit();
    }

    public void Dispose() => _connection.Dispose();

    private void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
