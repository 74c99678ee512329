using Orchestrator.Engine.Cluster;
using Orchestrator.Engine.Sharding;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Cluster;

/// <summary>What every store of members must do.</summary>
public abstract class MemberStoreSuite : IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);
    private readonly Guid _instance = Guid.NewGuid();

    protected IMemberStore Store { get; private set; } = null!;

    protected abstract ValueTask<IMemberStore> OpenAsync();

    protected abstract IShardStore Shards(string memberId, Func<long> epoch);

    public virtual async Task InitializeAsync() => Store = await OpenAsync();

    public virtual async Task DisposeAsync() => await Store.DisposeAsync();

    [Fact]
    public async Task A_member_joins_comes_up_leaves_and_is_removed()
    {
        var epoch = (await JoinAsync("m1")).ShouldNotBeNull();
        var row = (await BeatAsync("m1", epoch)).Members.ShouldHaveSingleItem();
        (row.Id, row.Address, row.Epoch, row.Status, row.Expired, row.Instance).ShouldBe(("m1", "akka.tls://orchestrator@m1:2552", epoch, MemberStatus.Joining, false, _instance));
        row.Roles.ShouldBe(["control-plane"]);
        (await Store.UpAsync("m1", epoch, default)).ShouldBeTrue();
        (await StatusAsync("m1", epoch)).ShouldBe(MemberStatus.Up);
        await Store.LeavingAsync("m1", epoch, default);
        (await StatusAsync("m1", epoch)).ShouldBe(MemberStatus.Leaving);
        await Store.RemoveAsync("m1", epoch, default);
        (await BeatAsync("m1", epoch)).Members.ShouldBeEmpty();
    }

    [Fact]
    public async Task Each_life_has_a_higher_epoch_whoever_lived_before()
    {
        var first = await UpAsync("m1");
        var other = await UpAsync("m2");
        other.ShouldBeGreaterThan(first);
        await Store.RemoveAsync("m1", first, default);
        (await UpAsync("m1")).ShouldBeGreaterThan(other);
    }

    [Fact]
    public async Task An_earlier_life_changes_nothing_any_more()
    {
        var old = await UpAsync("m1");
        var now = (await JoinAsync("m1")).ShouldNotBeNull();
        (await Store.UpAsync("m1", old, default)).ShouldBeFalse();
        await Store.LeavingAsync("m1", old, default);
        await Store.RemoveAsync("m1", old, default);
        await Store.ReportUnreachableAsync("m1", old, default);
        var row = (await BeatAsync("m1", old, "x")).Members.ShouldHaveSingleItem();
        (row.Epoch, row.Status, row.Expired).ShouldBe((now, MemberStatus.Joining, false));
    }

    [Fact]
    public async Task Another_process_under_a_members_id_is_only_replaced_by_who_says_so_or_when_its_lease_is_over()
    {
        var first = await UpAsync("m1");
        (await Store.JoinAsync(Settings("m1"), Guid.NewGuid(), false, default)).ShouldBeNull();
        (await Store.JoinAsync(Settings("m1"), _instance, false, default)).ShouldNotBeNull().ShouldBeGreaterThan(first);
        var taken = (await Store.JoinAsync(Settings("m1"), Guid.NewGuid(), true, default)).ShouldNotBeNull();
        await Store.ReportUnreachableAsync("m1", taken, default);
        (await Store.JoinAsync(Settings("m1"), _instance, false, default)).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_lease_has_one_holder_until_that_releases_it_or_is_gone()
    {
        var (one, two) = (await UpAsync("m1"), await UpAsync("m2"));
        var first = (await BeatAsync("m1", one, "scheduler")).Holder("scheduler").ShouldNotBeNull();
        (first.Owner, first.OwnerEpoch).ShouldBe(("m1", one));
        (await BeatAsync("m2", two, "scheduler")).Holder("scheduler").ShouldBe(first);
        await Store.ReleaseAsync("scheduler", "m2", two, default);
        (await BeatAsync("m2", two, "scheduler")).Holder("scheduler").ShouldBe(first);

        await Store.ReleaseAsync("scheduler", "m1", one, default);
        var second = (await BeatAsync("m2", two, "scheduler")).Holder("scheduler").ShouldNotBeNull();
        second.Owner.ShouldBe("m2");
        second.Epoch.ShouldBeGreaterThan(first.Epoch);

        await Store.RemoveAsync("m2", two, default);
        (await BeatAsync("m1", one, "scheduler")).Holder("scheduler").ShouldNotBeNull().Owner.ShouldBe("m1");
    }

    [Fact]
    public async Task Only_a_member_that_is_up_is_given_a_lease_but_one_that_leaves_keeps_its_own()
    {
        var epoch = (await JoinAsync("m1")).ShouldNotBeNull();
        (await BeatAsync("m1", epoch, "a")).Leases.ShouldBeEmpty();
        await Store.UpAsync("m1", epoch, default);
        await BeatAsync("m1", epoch, "a");
        await Store.LeavingAsync("m1", epoch, default);
        (await BeatAsync("m1", epoch, "a", "b")).Leases.Select(lease => lease.Name).ShouldBe(["a"]);
    }

    [Fact]
    public async Task Expiry_alone_gives_away_the_lead_and_no_other_lease()
    {
        var (one, two) = (await UpAsync("m1"), await UpAsync("m2"));
        await BeatAsync("m1", one, MembershipView.LeaderLease, "scheduler");
        await Store.ReportUnreachableAsync("m1", one, default);
        var view = await BeatAsync("m2", two, MembershipView.LeaderLease, "scheduler");
        view.Leader.ShouldNotBeNull().Id.ShouldBe("m2");
        view.Members.Single(member => member.Id == "m1").Expired.ShouldBeTrue();
        view.Holder("scheduler").ShouldNotBeNull().Owner.ShouldBe("m1");

        (await DownAsync("m2", two, view.Members)).ShouldBe(["m1"]);
        (await BeatAsync("m2", two, "scheduler")).Holder("scheduler").ShouldNotBeNull().Owner.ShouldBe("m2");
    }

    [Fact]
    public async Task Only_the_leader_declares_down_and_only_whose_lease_is_over_still()
    {
        var (one, two, three) = (await UpAsync("m1"), await UpAsync("m2"), await UpAsync("m3"));
        await BeatAsync("m1", one, MembershipView.LeaderLease);
        await Store.ReportUnreachableAsync("m2", two, default);
        await Store.ReportUnreachableAsync("m3", three, default);
        var seen = (await BeatAsync("m1", one)).Members;
        await Should.ThrowAsync<NotLeaderException>(async () => await DownAsync("m3", three, seen));
        await BeatAsync("m3", three);

        (await DownAsync("m1", one, seen)).ShouldBe(["m2"]);
        (await StatusAsync("m2", two)).ShouldBe(MemberStatus.Down);
        (await StatusAsync("m3", three)).ShouldBe(MemberStatus.Up);
    }

    [Fact]
    public async Task Whom_a_member_does_not_hear_of_is_seen_by_all_and_one_that_is_cut_off_can_be_declared_down_though_it_lives()
    {
        var (one, two, three) = (await UpAsync("m1"), await UpAsync("m2"), await UpAsync("m3"));
        await Store.BeatAsync("m3", three, Lease, [], [one, two], default);
        var seen = (await BeatAsync("m1", one, MembershipView.LeaderLease)).Members;
        seen.Single(member => member.Id == "m3").Unheard.ShouldBe([one, two]);
        seen.Single(member => member.Id == "m1").Unheard.ShouldBeEmpty();
        await Store.BeatAsync("m3", three, Lease, [], [], default);
        (await BeatAsync("m1", one)).Members.Single(member => member.Id == "m3").Unheard.ShouldBeEmpty();

        (await Store.DownAsync("m1", one, [.. seen.Where(member => member.Id == "m2")], [.. seen.Where(member => member.Id == "m3")], TimeSpan.FromHours(1), default)).ShouldBe(["m3"]);
        (await StatusAsync("m3", three)).ShouldBe(MemberStatus.Down);
        (await StatusAsync("m2", two)).ShouldBe(MemberStatus.Up);
        (await Store.JoinAsync(Settings("m3"), Guid.NewGuid(), false, default)).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_member_that_is_down_stays_down_until_it_joins_again()
    {
        var (one, two) = (await UpAsync("m1"), await UpAsync("m2"));
        var seen = (await BeatAsync("m1", one, MembershipView.LeaderLease)).Members;
        await Store.ReportUnreachableAsync("m2", two, default);
        await DownAsync("m1", one, seen);
        (await Store.UpAsync("m2", two, default)).ShouldBeFalse();
        (await BeatAsync("m2", two, "a")).Leases.ShouldAllBe(lease => lease.Owner == "m1");
        (await StatusAsync("m2", two)).ShouldBe(MemberStatus.Down);
        var again = await UpAsync("m2");
        (await StatusAsync("m2", again)).ShouldBe(MemberStatus.Up);
    }

    [Fact]
    public async Task Whoever_has_been_down_for_long_is_forgotten()
    {
        var (one, two) = (await UpAsync("m1"), await UpAsync("m2"));
        var seen = (await BeatAsync("m1", one, MembershipView.LeaderLease)).Members;
        await Store.ReportUnreachableAsync("m2", two, default);
        await DownAsync("m1", one, seen);
        await Store.DownAsync("m1", one, [], [], TimeSpan.FromMinutes(-1), default);
        (await BeatAsync("m1", one)).Members.Select(member => member.Id).ShouldBe(["m1"]);
    }

    [Fact]
    public async Task Changes_are_told()
    {
        var told = new SemaphoreSlim(0);
        using var watch = Store.OnChange(() => told.Release());
        var epoch = await UpAsync("m1");
        await BeatAsync("m1", epoch, "a");
        await Store.ReleaseAsync("a", "m1", epoch, default);
        // Joined, up, taken, released.
        for (var i = 0; i < 4; i++) (await told.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBeTrue();
    }

    [Fact]
    public async Task Shards_are_given_away_by_the_leader_only_each_at_its_next_epoch()
    {
        var (one, two) = (await UpAsync("m1"), await UpAsync("m2"));
        await BeatAsync("m1", one, MembershipView.LeaderLease);
        var (leader, other) = (Shards("m1", () => one), Shards("m2", () => two));
        (await leader.LoadAsync("pods")).ShouldBeEmpty();
        (await leader.AssignAsync("pods", ["1", "2"], "m2")).ShouldBe([new("1", "m2", 1), new("2", "m2", 1)], ignoreOrder: true);
        (await leader.AssignAsync("pods", ["2", "3"], "m1")).ShouldBe([new("2", "m1", 2), new("3", "m1", 1)], ignoreOrder: true);
        await leader.AssignAsync("nodes", ["1"], "m1");
        await Should.ThrowAsync<NotLeaderException>(async () => await other.AssignAsync("pods", ["1"], "m2"));

        // The leader sleeps, somebody else takes over.
        await Store.ReportUnreachableAsync("m1", one, default);
        await BeatAsync("m2", two, MembershipView.LeaderLease);
        await Should.ThrowAsync<NotLeaderException>(async () => await leader.AssignAsync("pods", ["1"], "m1"));
        (await other.LoadAsync("pods")).ShouldBe([new("1", "m2", 1), new("2", "m1", 2), new("3", "m1", 1)], ignoreOrder: true);
    }

    protected ValueTask<long?> JoinAsync(string id) => Store.JoinAsync(Settings(id), _instance, true, default);

    protected async Task<long> UpAsync(string id)
    {
        var epoch = (await JoinAsync(id)).ShouldNotBeNull();
        (await Store.UpAsync(id, epoch, default)).ShouldBeTrue();
        return epoch;
    }

    protected ValueTask<MembershipView> BeatAsync(string id, long epoch, params string[] wanted) => Store.BeatAsync(id, epoch, Lease, wanted, [], default);

    protected ValueTask<IReadOnlyList<string>> DownAsync(string leader, long epoch, IReadOnlyList<MemberRow> members) =>
        Store.DownAsync(leader, epoch, members, [], TimeSpan.FromHours(1), default);

    private async Task<MemberStatus> StatusAsync(string id, long epoch) => (await BeatAsync(id, epoch)).Members.Single(member => member.Id == id).Status;

    private static MembershipSettings Settings(string id) => new(id, $"akka.tls://orchestrator@{id}:2552") { Roles = ["control-plane"], Lease = Lease };
}
