using Npgsql;
using Orchestrator.Engine.Persistence.Sql.Postgres;

namespace Orchestrator.Tests.Engine.Journal;

/// <summary>Members of a journal's database as rows, without what keeps them alive.</summary>
internal static class PostgresMember
{
    /// <summary>Opens the journal as a member that is up at a new epoch.</summary>
    public static async Task<PostgresJournal> OpenAsync(string connectionString, string id)
    {
        var journal = await PostgresJournal.OpenAsync(new PostgresSettings(connectionString));
        await journal.WriteAsAsync(id, await JoinAsync(connectionString, id));
        return journal;
    }

    /// <summary>Makes the member up at a new epoch, which is returned.</summary>
    public static async Task<long> JoinAsync(string connectionString, string id) => (long)(await ScalarAsync(connectionString, $"""
        INSERT INTO members (id, instance, address, roles, epoch, state, lease_until)
          VALUES ('{id}', gen_random_uuid(), 'localhost', ARRAY[]::text[], nextval('member_epochs'), 'up', 'infinity')
        ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, state = 'up' RETURNING epoch
        """))!;

    /// <summary>Declares it down.</summary>
    public static async Task FenceAsync(string connectionString, string id) =>
        await ScalarAsync(connectionString, $"UPDATE members SET state = 'down', epoch = nextval('member_epochs') WHERE id = '{id}'");

    public static async Task<object?> ScalarAsync(string connectionString, string sql)
    {
        // Not pooled: a pool would keep a connection for each test's database.
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
