using Npgsql;
using Orchestrator.Engine.Persistence.Sql.Postgres;

namespace Orchestrator.Tests.Nemesis;

/// <summary>One row of the journal, and whose it is: <paramref name="Member"/> in its life <paramref name="Life"/>.</summary>
public sealed record AuditedWrite(long Ordering, string Object, long SequenceNr, string Member, long Life);

/// <summary>From the first row after <paramref name="After"/> on, the shard is <paramref name="Owner"/>'s, until its next assignment.</summary>
public sealed record AuditedAssignment(string Shard, string Owner, long Epoch, long After);

/// <summary>
/// A witness inside the database, independent of the members: who wrote each row of the journal, by the connection it came over, and which member a shard was given to
/// after which row. A home stops all of a shard before the next is stored, so the head as the assignment's transaction sees it parts the rows of the one from those of the other.
/// </summary>
public sealed class JournalAudit(string connectionString)
{
    private const string Triggers = """
        CREATE SCHEMA audit;
        CREATE TABLE audit.writes (ordering bigint, persistence_id text, sequence_nr bigint, member text, life bigint);
        CREATE TABLE audit.assignments (n bigint GENERATED ALWAYS AS IDENTITY, shard text, owner text, epoch bigint, after bigint);
        CREATE FUNCTION audit.write() RETURNS trigger LANGUAGE plpgsql AS $f$
        BEGIN
          INSERT INTO audit.writes SELECT r.ordering, r.persistence_id, r.sequence_nr, m.id, m.epoch
            FROM added r LEFT JOIN members m ON m.backend = pg_backend_pid() AND m.state IN ('up', 'leaving');
          RETURN NULL;
        END $f$;
        CREATE TRIGGER audit AFTER INSERT ON journal REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION audit.write();
        CREATE FUNCTION audit.assign() RETURNS trigger LANGUAGE plpgsql AS $f$
        BEGIN
          INSERT INTO audit.assignments (shard, owner, epoch, after) SELECT new.shard, new.owner, new.epoch, ordering FROM head;
          RETURN NULL;
        END $f$;
        CREATE TRIGGER audit AFTER INSERT OR UPDATE ON shards FOR EACH ROW WHEN (new.type = 'resources') EXECUTE FUNCTION audit.assign();
        """;

    /// <summary>Makes the journal's tables and the witness, in an empty database.</summary>
    public async Task InstallAsync()
    {
        await using (await PostgresJournal.OpenAsync(new PostgresSettings(connectionString)))
        {
            // Opening makes the tables.
        }
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(Triggers);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Everything that was written, in the order of the journal.</summary>
    public Task<IReadOnlyList<AuditedWrite>> WritesAsync() => ReadAsync(
        "SELECT ordering, persistence_id, sequence_nr, coalesce(member, ''), coalesce(life, 0) FROM audit.writes ORDER BY ordering",
        row => new AuditedWrite(row.GetInt64(0), row.GetString(1), row.GetInt64(2), row.GetString(3), row.GetInt64(4)));

    /// <summary>Every assignment of a shard of API objects, each shard's in order.</summary>
    public Task<IReadOnlyList<AuditedAssignment>> AssignmentsAsync() => ReadAsync(
        "SELECT shard, owner, epoch, after FROM audit.assignments ORDER BY shard, n",
        row => new AuditedAssignment(row.GetString(0), row.GetString(1), row.GetInt64(2), row.GetInt64(3)));

    private async Task<IReadOnlyList<T>> ReadAsync<T>(string sql, Func<NpgsqlDataReader, T> read)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<T>();
        while (await reader.ReadAsync()) rows.Add(read(reader));
        return rows;
    }
}
