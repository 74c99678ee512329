using Npgsql;
using Orchestrator.Engine.Cluster;
using Orchestrator.Engine.Persistence;
using Orchestrator.Engine.Persistence.Sql.Postgres;
using Orchestrator.Engine.Sharding;
using Orchestrator.Tests.Engine.Journal;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Cluster;

[Trait("Needs", "postgres")]
public sealed class PostgresMemberStoreTests : MemberStoreSuite
{
    private string _connectionString = null!;
    private PostgresJournal _journal = null!;

    protected override async ValueTask<IMemberStore> OpenAsync()
    {
        _connectionString = await (await PostgresServer.Shared).CreateDatabaseAsync();
        _journal = await PostgresJournal.OpenAsync(new PostgresSettings(_connectionString));
        return await PostgresMemberStore.OpenAsync(_journal);
    }

    protected override IShardStore Shards(string memberId, Func<long> epoch) => ((PostgresMemberStore)Store).Shards(memberId, epoch);

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _journal.DisposeAsync();
    }

    [Fact]
    public async Task A_write_that_waits_while_its_member_is_declared_down_is_refused()
    {
        var (one, two) = (await UpAsync("m1"), await UpAsync("m2"));
        var seen = (await BeatAsync("m1", one, MembershipView.LeaderLease)).Members;
        await _journal.WriteAsAsync("m2", two);
        await _journal.WriteAsync([new JournalWrite("a", 1, "create", default)]);

        // Somebody's long transaction holds the head; the write gets in line behind it, then the declaration takes place, within that transaction, as the leader's would.
        await using var holder = new NpgsqlConnection(_connectionString + ";Pooling=false");
        await holder.OpenAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await ExecuteAsync(holder, "SELECT ordering FROM head FOR UPDATE");
        var write = _journal.WriteAsync([new JournalWrite("a", 2, "update", default)]).AsTask();
        await WaitForAsync("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'orchestrator writer' AND wait_event_type = 'Lock' AND datname = current_database()");
        await ExecuteAsync(holder, "UPDATE members SET state = 'down' WHERE id = 'm2'");
        await transaction.CommitAsync();

        await Should.ThrowAsync<FencedException>(write);
        (await _journal.ReadHeadAsync()).ShouldBe(1);
        seen.Length.ShouldBe(2);
    }

    [Fact]
    public async Task A_write_of_a_member_that_still_joins_is_refused_and_one_when_it_is_up_is_not()
    {
        var epoch = (await JoinAsync("m1")).ShouldNotBeNull();
        await _journal.WriteAsAsync("m1", epoch);
        await Should.ThrowAsync<FencedException>(async () => await _journal.WriteAsync([new JournalWrite("a", 1, "create", default)]));
        (await Store.UpAsync("m1", epoch, default)).ShouldBeTrue();
        (await _journal.WriteAsync([new JournalWrite("a", 1, "create", default)])).ShouldBe(1);
    }

    [Fact]
    public async Task A_database_of_the_first_version_is_brought_up_to_date_when_it_is_opened()
    {
        await using var connection = new NpgsqlConnection(_connectionString + ";Pooling=false");
        await connection.OpenAsync();
        await ExecuteAsync(connection, "ALTER TABLE members DROP COLUMN unheard");
        await ExecuteAsync(connection, "UPDATE meta SET value = 1 WHERE name = 'version'");
        await using var journal = await PostgresJournal.OpenAsync(new PostgresSettings(_connectionString));
        await using var store = await PostgresMemberStore.OpenAsync(journal);
        var epoch = await UpAsync("m1");
        (await store.BeatAsync("m1", epoch, TimeSpan.FromMinutes(1), [], [7], default)).Members.ShouldHaveSingleItem().Unheard.ShouldBe([7]);
    }

    [Fact]
    public async Task A_member_stopped_in_the_middle_of_a_commit_does_not_hold_up_its_being_declared_down()
    {
        var (one, two) = (await UpAsync("m1"), await UpAsync("m2"));
        await _journal.WriteAsAsync("m1", one);
        var seen = (await BeatAsync("m1", one, MembershipView.LeaderLease)).Members;
        // As m2's writer would be stopped: it has appended, and its process does not come to say that this is all.
        var stopped = new NpgsqlConnectionStringBuilder(_connectionString) { ApplicationName = "orchestrator writer", Pooling = false };
        await using var writer = new NpgsqlConnection(stopped.ToString());
        await writer.OpenAsync();
        var session = await ExecuteAsync(writer, $"SELECT journal_session('m2', {two})");
        await ExecuteAsync(writer, $"BEGIN; SELECT * FROM journal_append('m2', {two}, {session}, 1, ARRAY[0], ARRAY['x'], ARRAY[1], ARRAY['create'], ARRAY['x'::bytea])");

        await Store.ReportUnreachableAsync("m2", two, default);
        (await DownAsync("m1", one, seen).AsTask().WaitAsync(TimeSpan.FromSeconds(20))).ShouldBe(["m2"]);
        (await _journal.WriteAsync([new JournalWrite("y", 1, "create", default)])).ShouldBe(1);
        (await _journal.LatestAsync("x")).ShouldBeNull();
    }

    private async Task WaitForAsync(string sql)
    {
        var start = TimeProvider.System.GetTimestamp();
        while ((long)(await PostgresMember.ScalarAsync(_connectionString, sql))! == 0)
        {
            TimeProvider.System.GetElapsedTime(start).ShouldBeLessThan(TimeSpan.FromSeconds(20), sql);
            await Task.Yield();
        }
    }

    private static async Task<object?> ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
