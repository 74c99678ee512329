using Npgsql;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Cluster;
using Orchestrator.Engine.Persistence;
using Orchestrator.Engine.Persistence.Sql.Postgres;
using Orchestrator.Tests.Engine.Journal;
using Shouldly;
using Xunit;
using Membership = Orchestrator.Engine.Cluster.Membership;
using View = Orchestrator.Engine.Cluster.Cluster;

namespace Orchestrator.Tests.Engine.Cluster;

/// <summary>Members with their journals on a real database, in real time, each behind a line that can be cut.</summary>
[Trait("Needs", "postgres")]
public sealed class PostgresMembershipTests : IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private readonly List<TestMember> _members = [];
    private PostgresServer _server = null!;
    private string _database = null!;

    public async Task InitializeAsync()
    {
        _server = await PostgresServer.Shared;
        _database = await _server.CreateDatabaseAsync();
    }

    public async Task DisposeAsync()
    {
        foreach (var member in _members) await member.DisposeAsync();
    }

    [Fact]
    public async Task A_member_that_is_cut_off_from_the_database_is_replaced_and_comes_back_at_a_new_epoch()
    {
        var (one, two) = (await StartAsync("m1"), await StartAsync("m2"));
        await UntilAsync(() => Statuses(one) == "m1 Up, m2 Up" && Statuses(two) == "m1 Up, m2 Up");
        one.View.State.Leader!.Id.ShouldBe("m1");
        (await two.Journal.WriteAsync([Row("a", 1)])).ShouldBe(1);
        var held = new List<bool>();
        two.Membership.Acquire("scheduler", owned => held.Add(owned));
        await UntilAsync(() => held.Count == 1);
        var epoch = two.Membership.Epoch;

        two.Line.Refusing = true;
        var lost = two.Journal.WriteAsync([Row("a", 2)]).AsTask();
        await UntilAsync(() => Statuses(one) == "m1 Up, m2 Down");
        two.Membership.IsUp.ShouldBeFalse();
        two.View.SelfMember.Status.ShouldBe(MemberStatus.Down);
        held.ShouldBe([true, false]);
        (await one.Journal.WriteAsync([Row("a", 2)])).ShouldBe(2);

        two.Line.Refusing = false;
        await Should.ThrowAsync<FencedException>(lost.WaitAsync(Deadline));
        await UntilAsync(() => two.Membership.IsUp && Statuses(one) == "m1 Up, m2 Up" && Statuses(two) == "m1 Up, m2 Up");
        two.Membership.Epoch.ShouldBeGreaterThan(epoch);
        (await two.Journal.WriteAsync([Row("a", 3)])).ShouldBe(3);
        await UntilAsync(() => held.Count == 3);
    }

    [Fact]
    public async Task A_leader_that_leaves_hands_everything_over_at_once()
    {
        var (one, two) = (await StartAsync("m1"), await StartAsync("m2"));
        await UntilAsync(() => Statuses(two) == "m1 Up, m2 Up");
        two.View.State.Leader!.Id.ShouldBe("m1");
        var start = TimeProvider.System.GetTimestamp();
        await CoordinatedShutdown.Get(one.System).Run("test").WaitAsync(Deadline);
        await UntilAsync(() => Statuses(two) == "m2 Up" && two.View.State.Leader?.Id == "m2");
        TimeProvider.System.GetElapsedTime(start).ShouldBeLessThan(TimeSpan.FromSeconds(20));
        await Should.ThrowAsync<FencedException>(async () => await one.Journal.WriteAsync([Row("a", 1)]));
    }

    [Fact]
    public async Task A_member_reported_unreachable_is_declared_down_long_before_its_lease_is_over()
    {
        var (one, two) = (await StartAsync("m1", TimeSpan.FromHours(1)), await StartAsync("m2", TimeSpan.FromHours(1)));
        await UntilAsync(() => Statuses(one) == "m1 Up, m2 Up");
        two.Line.Refusing = true;
        // As remoting does after every attempt that is refused: a beat that was already on its way to the database may renew the lease after the first.
        await UntilAsync(() =>
        {
            one.View.ReportUnreachable("m2");
            return Statuses(one) == "m1 Up, m2 Down";
        });
    }

    private async Task<TestMember> StartAsync(string id, TimeSpan? lease = null)
    {
        var line = new CuttingProxy(_server.Port);
        var settings = new PostgresSettings(new NpgsqlConnectionStringBuilder(_database) { Port = line.Port }.ToString());
        var journal = await PostgresJournal.OpenAsync(settings);
        var store = await PostgresMemberStore.OpenAsync(journal);
        var system = ActorSystem.Create("orchestrator");
        var membership = Membership.Start(system, new MembershipSettings(id, $"akka.tls://orchestrator@{id}") { Lease = lease ?? Lease }, store, epoch => journal.WriteAsAsync(id, epoch));
        var member = new TestMember(line, journal, store, system, membership, View.Get(system));
        _members.Add(member);
        await membership.Up.WaitAsync(Deadline);
        return member;
    }

    private static JournalWrite Row(string id, long number) => new(id, number, "update", "{}"u8.ToArray());

    private static string Statuses(TestMember member) => string.Join(", ", member.View.State.Members.Select(each => $"{each.Id} {each.Status}"));

    private static async Task UntilAsync(Func<bool> condition)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            TimeProvider.System.GetElapsedTime(start).ShouldBeLessThan(Deadline);
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }

    private sealed record TestMember(CuttingProxy Line, PostgresJournal Journal, PostgresMemberStore Store, ActorSystem System, Membership Membership, View View) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await System.DisposeAsync();
            await Store.DisposeAsync();
            await Journal.DisposeAsync();
            await Line.DisposeAsync();
        }
    }
}
