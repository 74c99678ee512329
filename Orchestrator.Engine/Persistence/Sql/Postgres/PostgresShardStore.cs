using Npgsql;
using Orchestrator.Engine.Sharding;

namespace Orchestrator.Engine.Persistence.Sql.Postgres;

/// <summary>The shards' rows; only the leader changes them, which the database checks in the same transaction.</summary>
internal sealed class PostgresShardStore(NpgsqlDataSource source, string memberId, Func<long> epoch) : IShardStore
{
    public ValueTask<IReadOnlyList<ShardAssignment>> LoadAsync(string typeName, CancellationToken cancel) =>
        ReadAsync("SELECT shard, epoch, owner FROM shards WHERE type = $1 ORDER BY shard", cancel, typeName);

    public async ValueTask<IReadOnlyList<ShardAssignment>> AssignAsync(string typeName, IReadOnlyCollection<string> shards, string owner, CancellationToken cancel)
    {
        try
        {
            return await ReadAsync("SELECT assigned, assigned_epoch, $5 FROM shards_assign($1, $2, $3, $4, $5)", cancel, memberId, epoch(), typeName, shards.ToArray(), owner).ConfigureAwait(false);
        }
        catch (PostgresException error) when (error.SqlState == PostgresSchema.NotLeaderState)
        {
            throw new NotLeaderException(error.MessageText);
        }
    }

    private async ValueTask<IReadOnlyList<ShardAssignment>> ReadAsync(string sql, CancellationToken cancel, params object[] arguments)
    {
        var connection = await source.OpenConnectionAsync(cancel).ConfigureAwait(false);
        await using var _ = connection.ConfigureAwait(false);
        var command = new NpgsqlCommand(sql, connection);
        await using var __ = command.ConfigureAwait(false);
        foreach (var argument in arguments) command.Parameters.Add(new NpgsqlParameter { Value = argument });
        var reader = await command.ExecuteReaderAsync(cancel).ConfigureAwait(false);
        await using var ___ = reader.ConfigureAwait(false);
        var assignments = new List<ShardAssignment>();
        while (await reader.ReadAsync(cancel).ConfigureAwait(false)) assignments.Add(new ShardAssignment(reader.GetString(0), reader.GetString(2), reader.GetInt64(1)));
        return assignments;
    }
}
