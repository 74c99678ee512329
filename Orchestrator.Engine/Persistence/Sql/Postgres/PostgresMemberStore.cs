using System.Collections.Immutable;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Orchestrator.Engine.Cluster;
using Orchestrator.Engine.Sharding;

namespace Orchestrator.Engine.Persistence.Sql.Postgres;

/// <summary>Members' rows, leases and shards in the journal's database, judged by its clock. Each method is one round trip over connections of their own.</summary>
public sealed class PostgresMemberStore : IMemberStore
{
    private readonly NpgsqlDataSource _source;
    private readonly PostgresListener _listener;
    private ImmutableArray<Action> _watchers = [];

    private PostgresMemberStore(PostgresSettings settings, TimeProvider time)
    {
        _source = settings.Source("member", builder =>
        {
            (builder.MaxPoolSize, builder.MaxAutoPrepare, builder.AutoPrepareMinUsages) = (4, 16, 2);
            builder.Options += PostgresSettings.NeverIdleInTransaction;
        });
        _listener = new PostgresListener(settings, time, PostgresSchema.MembersChannel, () =>
        {
            Changed();
            return Task.CompletedTask;
        }, (_, _) => Changed());
    }

    /// <summary>Opens the rows in the database of an open journal. Throws <see cref="JournalUnusableException"/> where it cannot be reached in time.</summary>
    public static async ValueTask<PostgresMemberStore> OpenAsync(PostgresJournal journal, TimeProvider? time = null, CancellationToken cancel = default)
    {
        var store = new PostgresMemberStore(journal.Settings, time ?? TimeProvider.System);
        try
        {
            await store._listener.ConnectedAsync(cancel).ConfigureAwait(false);
            return store;
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<long?> JoinAsync(MembershipSettings me, Guid instance, bool takeOver, CancellationToken cancel) =>
        await ScalarAsync("SELECT member_join($1, $2, $3, $4, $5, $6)", cancel, me.Id, instance, me.Address, me.Roles.ToArray(), me.Lease, takeOver).ConfigureAwait(false) as long?;

    /// <inheritdoc/>
    public async ValueTask<bool> UpAsync(string id, long epoch, CancellationToken cancel) =>
        await ScalarAsync("SELECT member_become($1, $2, 'up', ARRAY['joining'])", cancel, id, epoch).ConfigureAwait(false) is true;

    /// <inheritdoc/>
    public async ValueTask<MembershipView> BeatAsync(string id, long epoch, TimeSpan lease, IReadOnlyCollection<string> wanted, IReadOnlyCollection<long> unheard, CancellationToken cancel) =>
        Parse((string)(await ScalarAsync("SELECT member_beat($1, $2, $3, $4, $5)", cancel, id, epoch, lease, wanted.ToArray(), unheard.ToArray()).ConfigureAwait(false))!);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<string>> DownAsync(string id, long epoch, IReadOnlyList<MemberRow> expired, IReadOnlyList<MemberRow> cutOff, TimeSpan keep, CancellationToken cancel)
    {
        MemberRow[] members = [.. expired, .. cutOff];
        try
        {
            return (string[])(await ScalarAsync("SELECT members_down($1, $2, $3, $4, $5, $6)", cancel, id, epoch,
                members.Select(member => member.Id).ToArray(), members.Select(member => member.Epoch).ToArray(), members.Select((_, i) => i >= expired.Count).ToArray(), keep).ConfigureAwait(false))!;
        }
        catch (PostgresException error) when (error.SqlState == PostgresSchema.NotLeaderState)
        {
            throw new NotLeaderException(error.MessageText);
        }
    }

    /// <inheritdoc/>
    public async ValueTask LeavingAsync(string id, long epoch, CancellationToken cancel) =>
        await ScalarAsync("SELECT member_become($1, $2, 'leaving', ARRAY['joining', 'up'])", cancel, id, epoch).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask RemoveAsync(string id, long epoch, CancellationToken cancel) => await ScalarAsync("SELECT member_remove($1, $2)", cancel, id, epoch).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask ReportUnreachableAsync(string id, long epoch, CancellationToken cancel) =>
        await ScalarAsync("SELECT member_unreachable($1, $2)", cancel, id, epoch).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask ReleaseAsync(string name, string id, long epoch, CancellationToken cancel) =>
        await ScalarAsync("SELECT lease_release($1, $2, $3)", cancel, name, id, epoch).ConfigureAwait(false);

    /// <inheritdoc/>
    public IDisposable OnChange(Action changed)
    {
        ImmutableInterlocked.Update(ref _watchers, (all, added) => all.Add(added), changed);
        return new Watch(this, changed);
    }

    /// <summary>The shards as this member may change them; <paramref name="epoch"/> tells its present life.</summary>
    public IShardStore Shards(string memberId, Func<long> epoch) => new PostgresShardStore(_source, memberId, epoch);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync().ConfigureAwait(false);
        await _source.DisposeAsync().ConfigureAwait(false);
    }

    private void Changed()
    {
        foreach (var watcher in _watchers) watcher();
    }

    private async ValueTask<object?> ScalarAsync(string sql, CancellationToken cancel, params object[] arguments)
    {
        var connection = await _source.OpenConnectionAsync(cancel).ConfigureAwait(false);
        await using var _ = connection.ConfigureAwait(false);
        var command = new NpgsqlCommand(sql, connection);
        await using var __ = command.ConfigureAwait(false);
        foreach (var argument in arguments)
        {
            var parameter = new NpgsqlParameter { Value = argument };
            if (argument is TimeSpan) parameter.NpgsqlDbType = NpgsqlDbType.Interval;
            command.Parameters.Add(parameter);
        }
        return await command.ExecuteScalarAsync(cancel).ConfigureAwait(false);
    }

    private static MembershipView Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        return new MembershipView(
            [.. root.GetProperty("members").EnumerateArray().Select(member => new MemberRow(
                Text(member, "id"), member.GetProperty("instance").GetGuid(), Text(member, "address"), [.. member.GetProperty("roles").EnumerateArray().Select(role => role.GetString()!)],
                Number(member, "epoch"), Status(Text(member, "state")), member.GetProperty("expired").GetBoolean())
            {
                Unheard = [.. member.GetProperty("unheard").EnumerateArray().Select(epoch => epoch.GetInt64())],
            })],
            [.. root.GetProperty("leases").EnumerateArray().Select(lease => new LeaseRow(Text(lease, "name"), Text(lease, "owner"), Number(lease, "ownerEpoch"), Number(lease, "epoch")))]);
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static long Number(JsonElement element, string name) => element.GetProperty(name).GetInt64();

    private static MemberStatus Status(string state) => state switch
    {
        "joining" => MemberStatus.Joining,
        "up" => MemberStatus.Up,
        "leaving" => MemberStatus.Leaving,
        "down" => MemberStatus.Down,
        _ => throw new JournalUnusableException($"A member's state is {state}, which this program does not know. Start the program version that wrote it."),
    };

    private sealed class Watch(PostgresMemberStore store, Action changed) : IDisposable
    {
        public void Dispose() => ImmutableInterlocked.Update(ref store._watchers, (all, gone) => all.Remove(gone), changed);
    }
}
