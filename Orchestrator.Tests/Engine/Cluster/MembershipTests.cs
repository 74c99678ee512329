using System.Collections.Concurrent;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Cluster;
using Orchestrator.Engine.Persistence;
using Orchestrator.TestKit;
using Orchestrator.Tests.Engine.Remote;
using Shouldly;
using Xunit;
using Membership = Orchestrator.Engine.Cluster.Membership;
using View = Orchestrator.Engine.Cluster.Cluster;

namespace Orchestrator.Tests.Engine.Cluster;

/// <summary>Members of one cluster, each an actor system of its own, on a shared store in memory and one clock.</summary>
public sealed class MembershipTests : TestKit.TestKit
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(3);
    private readonly MemoryMemberStore _store;
    private readonly List<TestMember> _members = [];
    private readonly Contacts _contact;

    public MembershipTests() => (_store, _contact) = (new MemoryMemberStore(Time), new Contacts(Time));

    public override async Task DisposeAsync()
    {
        foreach (var member in _members) await member.System.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public void The_first_member_comes_up_and_leads_and_the_second_sees_both()
    {
        var (one, two) = (Start("m1"), Start("m2"));
        one.Membership.Up.IsCompletedSuccessfully.ShouldBeTrue();
        foreach (var member in _members)
        {
            Statuses(member).ShouldBe("m1 Up, m2 Up");
            member.View.State.Leader!.Id.ShouldBe("m1");
            member.Membership.IsUp.ShouldBeTrue();
        }
        one.Epochs.ShouldBe([1]);
        two.Epochs.ShouldBe([2]);
    }

    [Fact]
    public void A_member_that_is_cut_off_stops_before_anybody_takes_its_place()
    {
        var (one, two) = (Start("m1"), Start("m2"));
        var (lost, downed) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
        one.View.Subscribe(TestActor);
        ExpectMsg<ClusterEvent.CurrentClusterState>();
        _store.CutOff("m1");
        for (var past = TimeSpan.Zero; past < Lease * 2; past += TimeSpan.FromMilliseconds(100))
        {
            if (lost == TimeSpan.MaxValue && !one.Membership.IsUp) lost = past;
            if (downed == TimeSpan.MaxValue && Statuses(two).Contains("m1 Down")) downed = past;
            Time.Advance(TimeSpan.FromMilliseconds(100));
        }
        lost.ShouldBeLessThan(Lease);
        downed.ShouldBeGreaterThan(lost);
        two.View.State.Leader!.Id.ShouldBe("m2");
        FishForMessage<ClusterEvent.LeaderChanged>().Leader.ShouldBeNull();
        ExpectMsg<ClusterEvent.MemberDowned>().Member.Id.ShouldBe("m1");
    }

    [Fact]
    public void Who_was_declared_down_joins_again_with_a_new_epoch_when_everything_it_ran_has_stopped()
    {
        var (one, two) = (Start("m1"), Start("m2"));
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        two.View.AddBeforeRejoin(() => stopped.Task);
        two.View.Subscribe(TestActor);
        ExpectMsg<ClusterEvent.CurrentClusterState>();
        _store.CutOff("m2");
        Time.Advance(Lease * 2);
        FishForMessage<ClusterEvent.MemberDowned>().Member.Epoch.ShouldBe(2);
        _store.CutOff("m2", false);
        Time.Advance(Lease * 2);
        two.Epochs.ShouldBe([2]);
        Statuses(one).ShouldBe("m1 Up, m2 Down");

        stopped.SetResult();
        AwaitCondition(() => two.Epochs.Count == 2);
        Time.Advance(Lease);
        two.Epochs.ShouldBe([2, 3]);
        foreach (var member in _members) Statuses(member).ShouldBe("m1 Up, m2 Up");
        FishForMessage<ClusterEvent.MemberRemoved>().Member.Epoch.ShouldBe(2);
        ExpectMsg<ClusterEvent.MemberJoined>().Member.Epoch.ShouldBe(3);
        FishForMessage<ClusterEvent.MemberUp>().Member.Epoch.ShouldBe(3);
    }

    [Fact]
    public void A_member_whose_time_of_day_is_wrong_is_a_member_like_any_other()
    {
        Start("m1");
        var skewed = Start("m2", new SkewedTime(Time, TimeSpan.FromDays(-400)));
        var ahead = Start("m3", new SkewedTime(Time, TimeSpan.FromDays(400)));
        Time.Advance(Lease * 10);
        foreach (var member in _members) Statuses(member).ShouldBe("m1 Up, m2 Up, m3 Up");
        skewed.Epochs.ShouldBe([2]);
        ahead.Epochs.ShouldBe([3]);
    }

    [Fact]
    public async Task A_leader_that_dies_is_succeeded_and_then_declared_down_by_its_successor()
    {
        var (one, two, three) = (Start("m1"), Start("m2"), Start("m3"));
        await one.System.Terminate();
        Time.Advance(Lease * 2);
        foreach (var member in new[] { two, three })
        {
            Statuses(member).ShouldBe("m1 Down, m2 Up, m3 Up");
            member.View.State.Leader!.Id.ShouldBeOneOf("m2", "m3");
        }
    }

    [Fact]
    public async Task A_member_reported_unreachable_is_not_waited_for()
    {
        var (one, two, three) = (Start("m1"), Start("m2"), Start("m3"));
        await three.System.Terminate();
        two.View.ReportUnreachable("m3");
        Time.Settle();
        Statuses(two).ShouldBe("m1 Up, m2 Up, m3 Down");
        Statuses(one).ShouldBe("m1 Up, m2 Up, m3 Down");
    }

    [Fact]
    public void A_member_that_lives_survives_a_wrong_report_or_comes_back()
    {
        var (one, two) = (Start("m1"), Start("m2"));
        one.View.ReportUnreachable("m2");
        Time.Settle();
        Time.Advance(Lease);
        foreach (var member in _members) Statuses(member).ShouldBe("m1 Up, m2 Up");
        two.Membership.IsUp.ShouldBeTrue();
    }

    [Fact]
    public void A_member_that_the_others_do_not_hear_of_is_declared_down_and_comes_up_again_when_it_is_connected()
    {
        var (one, two, three) = (Start("m1"), Start("m2"), Start("m3"));
        var epoch = three.Membership.Epoch;
        _contact.Cut = "m3";
        Time.Advance(Lease * 5);
        foreach (var member in _members) Statuses(member).ShouldBe("m1 Up, m2 Up, m3 Joining");
        three.Membership.IsUp.ShouldBeFalse();
        three.Membership.WaitsFor.ShouldBe("m1, m2");
        three.Epochs.ShouldBe([epoch]);

        _contact.Cut = null;
        Time.Advance(Lease);
        foreach (var member in _members) Statuses(member).ShouldBe("m1 Up, m2 Up, m3 Up");
        three.Membership.IsUp.ShouldBeTrue();
        three.Membership.WaitsFor.ShouldBeNull();
        three.Membership.Epoch.ShouldBeGreaterThan(epoch);
        one.Epochs.ShouldHaveSingleItem();
        two.Epochs.ShouldHaveSingleItem();
    }

    [Fact]
    public void A_leader_that_the_others_do_not_hear_of_gives_up_the_lead_and_is_declared_down_by_its_successor()
    {
        var (one, two, three) = (Start("m1"), Start("m2"), Start("m3"));
        one.View.State.Leader!.Id.ShouldBe("m1");
        _contact.Cut = "m1";
        Time.Advance(Lease * 5);
        foreach (var member in new[] { two, three })
        {
            Statuses(member).ShouldBe("m1 Joining, m2 Up, m3 Up");
            member.View.State.Leader!.Id.ShouldBeOneOf("m2", "m3");
        }
        two.Epochs.ShouldHaveSingleItem();
        three.Epochs.ShouldHaveSingleItem();
    }

    [Fact]
    public void A_silence_that_not_all_have_noticed_yet_costs_nobody_and_who_notices_first_is_not_who_goes()
    {
        var (one, two, three) = (Start("m1"), Start("m2"), Start("m3"));
        _contact.Cut = "m1";
        _contact.NoticesLate = "m3";
        Time.Advance(Lease * 5);
        foreach (var member in new[] { two, three }) Statuses(member).ShouldBe("m1 Joining, m2 Up, m3 Up");
        two.Epochs.ShouldHaveSingleItem();
        three.Epochs.ShouldHaveSingleItem();
        one.Membership.IsUp.ShouldBeFalse();
    }

    [Fact]
    public void Of_two_members_that_do_not_hear_of_each_other_the_leader_stays()
    {
        var (one, two) = (Start("m1"), Start("m2"));
        _contact.Cut = "m2";
        Time.Advance(Lease * 5);
        Statuses(one).ShouldBe("m1 Up, m2 Joining");
        one.Membership.IsUp.ShouldBeTrue();
        two.Membership.IsUp.ShouldBeFalse();
    }

    [Fact]
    public void A_renewal_whose_answer_is_read_when_the_lease_would_be_over_ends_the_life_and_the_next_begins()
    {
        Start("m1");
        var clock = new StoppedProcessTime(Time);
        var two = Start("m2", clock);
        // The lease is given in the very transaction that renews, and the process stops before it reads the answer.
        using var watch = _store.OnChange(clock.Stop);
        clock.StopsFor = Lease * 1.5;
        two.Membership.Acquire("a", _ => { });
        Time.Advance(Lease * 2);
        two.Epochs.ShouldBe([2, 3]);
        foreach (var member in _members) Statuses(member).ShouldBe("m1 Up, m2 Up");
        two.Membership.IsUp.ShouldBeTrue();
    }

    [Fact]
    public void What_does_not_stop_in_time_is_told_again_and_the_member_joins_when_it_has()
    {
        var (one, two) = (Start("m1"), Start("m2"));
        var asked = 0;
        two.View.AddBeforeRejoin(() => Interlocked.Increment(ref asked) == 1 ? new TaskCompletionSource().Task : Task.CompletedTask);
        _store.CutOff("m2");
        Time.Advance(Lease * 2);
        _store.CutOff("m2", false);
        Time.Advance(Lease * 9);
        asked.ShouldBe(2);
        foreach (var member in _members) Statuses(member).ShouldBe("m1 Up, m2 Up");
        one.Epochs.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Leaving_is_told_first_and_the_member_is_gone_in_the_end_with_its_leases_free()
    {
        var (one, two) = (Start("m1"), Start("m2"));
        var held = Compete(one, "scheduler");
        var waiting = Compete(two, "scheduler");
        Time.Advance(Lease);
        held.ShouldBe([true]);
        waiting.ShouldBeEmpty();
        two.View.Subscribe(TestActor);
        ExpectMsg<ClusterEvent.CurrentClusterState>();
        var told = false;
        CoordinatedShutdown.Get(one.System).AddTask(CoordinatedShutdown.PhaseClusterShardingShutdownRegion, "look", () =>
        {
            // Both see it with their next beat, which is under way.
            foreach (var member in (TestMember[])[one, two]) TestWait.Until(() => Statuses(member) == "m1 Leaving, m2 Up", "m1 has told that it leaves");
            told = true;
            return Task.CompletedTask;
        });

        await CoordinatedShutdown.Get(one.System).Run("test").WaitAsync(TimeSpan.FromSeconds(30));
        Time.Settle();
        told.ShouldBeTrue();
        ExpectMsg<ClusterEvent.MemberLeft>();
        ExpectMsg<ClusterEvent.MemberExited>();
        ExpectMsg<ClusterEvent.MemberRemoved>();
        ExpectMsg<ClusterEvent.LeaderChanged>().Leader!.Id.ShouldBe("m2");
        waiting.ShouldBe([true]);
    }

    [Fact]
    public void A_lease_moves_when_its_holder_is_declared_down_and_the_holder_is_told_before()
    {
        var (one, two) = (Start("m1"), Start("m2"));
        var order = new ConcurrentQueue<string>();
        two.Membership.Acquire("a", owned => order.Enqueue($"m2 {owned}"));
        Time.Advance(Lease);
        one.Membership.Acquire("a", owned => order.Enqueue($"m1 {owned}"));
        Time.Advance(Lease);
        _store.CutOff("m2");
        Time.Advance(Lease * 2);
        order.ShouldBe(["m2 True", "m2 False", "m1 True"]);
    }

    [Fact]
    public void A_released_lease_goes_to_the_next_and_its_former_holder_hears_nothing_more()
    {
        var (one, two) = (Start("m1"), Start("m2"));
        var held = Compete(one, "a");
        Time.Settle();
        var waiting = Compete(two, "a");
        one.Membership.Release("a");
        Time.Settle();
        Time.Advance(Lease);
        held.ShouldBe([true]);
        waiting.ShouldBe([true]);
        var again = Compete(one, "a");
        Time.Advance(Lease);
        again.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_refused_write_makes_the_member_look_at_once()
    {
        var (one, two) = (Start("m1"), Start("m2"));
        // Declared down without m2 being told.
        await _store.JoinAsync(new MembershipSettings("m2", "elsewhere"), Guid.NewGuid(), true, default);
        two.System.EventStream.Publish(new Fenced("pod/a", new FencedException("no")));
        Time.Settle();
        two.Membership.IsUp.ShouldBeFalse();
        Statuses(one).ShouldBe("m1 Up, m2 Joining");
    }

    [Fact]
    public async Task Of_two_processes_with_one_id_the_later_one_lives_and_the_earlier_one_waits_for_its_end()
    {
        var earlier = Start("m1");
        var later = Start("m1");
        Time.Advance(Lease * 3);
        later.Epochs.ShouldBe([2]);
        earlier.Epochs.ShouldBe([1]);
        earlier.Membership.IsUp.ShouldBeFalse();
        await later.System.Terminate();
        Time.Advance(Lease * 2);
        earlier.Epochs.ShouldBe([1, 3]);
        earlier.Membership.IsUp.ShouldBeTrue();
    }

    private TestMember Start(string id, TimeProvider? clock = null)
    {
        var system = ActorSystem.Create("orchestrator", new ActorSystemSetup { TimeProvider = clock ?? Time, Activity = Time.Activity });
        var epochs = new List<long>();
        View.Get(system).Contact = _contact.Of(id);
        var membership = Membership.Start(system, new MembershipSettings(id, $"akka.tls://orchestrator@{id}") { Lease = Lease }, _store, epoch =>
        {
            epochs.Add(epoch);
            return Task.CompletedTask;
        });
        var member = new TestMember(system, membership, View.Get(system), epochs);
        _members.Add(member);
        Time.Settle();
        return member;
    }

    private static ConcurrentQueue<bool> Compete(TestMember member, string name)
    {
        var heard = new ConcurrentQueue<bool>();
        member.Membership.Acquire(name, heard.Enqueue);
        return heard;
    }

    private static string Statuses(TestMember member) => string.Join(", ", member.View.State.Members.Select(each => $"{each.Id} {each.Status}"));

    private sealed record TestMember(ActorSystem System, Membership Membership, View View, List<long> Epochs);

    /// <summary>Who hears of whom: everybody of everybody, but for one.</summary>
    private sealed class Contacts(TimeProvider time)
    {
        private long _since;

        public string? Cut
        {
            get;
            set => (field, _since) = (value, time.GetTimestamp());
        }

        /// <summary>It and the one that is cut off heard of each other a moment longer.</summary>
        public string? NoticesLate { get; set; }

        public IPeerContact Of(string id) => new Contact(this, id);

        private sealed class Contact(Contacts all, string id) : IPeerContact
        {
            public bool IsConnected(Member member) => all.Cut is not { } cut || (cut != id && cut != member.Id);

            public TimeSpan SilentFor(Member member) => IsConnected(member) ? TimeSpan.Zero
                : all.Time.GetElapsedTime(all._since) - (all.NoticesLate == id || all.NoticesLate == member.Id ? Lease / 2 : TimeSpan.Zero);
        }

        private TimeProvider Time => time;
    }

    /// <summary>Of a process that is stopped once: its clock has gone on meanwhile, its timers have not.</summary>
    private sealed class StoppedProcessTime(TimeProvider time) : TimeProvider
    {
        private TimeSpan _stopped;

        public TimeSpan StopsFor { get; set; }

        public override long TimestampFrequency => time.TimestampFrequency;

        public void Stop() => (_stopped, StopsFor) = (_stopped + StopsFor, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + _stopped;

        public override long GetTimestamp() => time.GetTimestamp() + (long)(_stopped.TotalSeconds * TimestampFrequency);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => time.CreateTimer(callback, state, dueTime, period);
    }

    /// <summary>Runs at the same rate, but shows another time of day.</summary>
    private sealed class SkewedTime(TimeProvider time, TimeSpan skew) : TimeProvider
    {
        public override long TimestampFrequency => time.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + skew;

        public override long GetTimestamp() => time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => time.CreateTimer(callback, state, dueTime, period);
    }
}
