using Npgsql;
using NpgsqlTypes;

namespace Orchestrator.Bench.Rows;

/// <summary>The floor of durable writes with several members: a table like the journal's, in a database of its own on the same server, and one prepared insert of a whole group.</summary>
internal sealed class RawPostgres : IDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlCommand _insert;

    public RawPostgres(string server)
    {
        const string name = "bench_floor";
        using (var admin = new NpgsqlConnection(server + ";Pooling=false"))
        {
            admin.Open();
            using var create = new NpgsqlCommand($"CREATE DATABASE {name}", admin);
            create.ExecuteNonQuery();
        }
        _connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server) { Database = name, Pooling = false }.ToString());
        _connection.Open();
        using var table = new NpgsqlCommand(
            "CREATE TABLE journal(ordering bigserial PRIMARY KEY, persistence_id text COLLATE \"C\" NOT NULL, sequence_nr bigint NOT NULL, payload bytea NOT NULL, UNIQUE (persistence_id, sequence_nr))", _connection);
        table.ExecuteNonQuery();
        _insert = new NpgsqlCommand("INSERT INTO journal(persistence_id, sequence_nr, payload) SELECT * FROM unnest($1, $2, $3)", _connection);
        _insert.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        _insert.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
        _insert.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
        _insert.Prepare();
    }

    /// <summary>One transaction.</summary>
    public void Append(IReadOnlyList<RawRow> rows)
    {
        _insert.Parameters[0].Value = rows.Select(row => row.PersistenceId).ToArray();
        _insert.Parameters[1].Value = rows.Select(row => row.SequenceNr).ToArray();
        _insert.Parameters[2].Value = rows.Select(row => row.Payload).ToArray();
        _insert.ExecuteNonQuery();
    }

    public void Dispose()
    {
        _insert.Dispose();
        _connection.Dispose();
    }
}
