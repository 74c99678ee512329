using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Persistence;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Persistence;

public sealed class PersistentActorTests : TestKit.TestKit
{
    private readonly MemoryJournal _journal;
    private readonly MemorySnapshotStore _snapshots = new();

    public PersistentActorTests()
    {
        _journal = new MemoryJournal(Time);
        PersistenceExtension.Configure(Sys, _journal, new TextSerializer(), _snapshots);
    }

    [Fact]
    public void A_new_incarnation_recovers_what_the_old_one_persisted()
    {
        var first = Ledger("a");
        Send(first, "one", "two");
        ExpectMsg("one@1/1");
        ExpectMsg("two@2/2");
        Stop(first);

        Send(Ledger("a"), "read", "three");

        ExpectMsg("one,two");
        ExpectMsg("three@3/3");
    }

    [Fact]
    public void Commands_wait_while_a_persist_is_in_flight_and_keep_their_order()
    {
        var ledger = Ledger("a");
        Time.Settle();
        _journal.HoldCommits();
        Send(ledger, "one", "read", "two");
        AwaitCondition(() => _journal.WaitingWrites == 1);
        Probe.Pending.ShouldBe(0);

        _journal.ReleaseCommits();

        ExpectMsg("one@1/1");
        ExpectMsg("one");
        ExpectMsg("two@2/2");
    }

    [Fact]
    public async Task What_one_command_persists_is_one_write_and_handlers_run_in_order()
    {
        var groups = new List<int>();
        using var subscription = await _journal.SubscribeAsync(0, rows => groups.Add(rows.Count));

        Send(Ledger("a"), "all x,y,z", "read");

        foreach (var expected in new[] { "x@1/1", "y@2/2", "z@3/3", "complete", "x,y,z" })
            ExpectMsg(expected);
        groups.ShouldBe([3]);
    }

    [Fact]
    public void PersistAsync_lets_commands_pass_and_DeferAsync_keeps_the_order()
    {
        var ledger = Ledger("a");
        Time.Settle();
        _journal.HoldCommits();

        Send(ledger, "async one", "read");
        ExpectMsg("");
        _journal.ReleaseCommits();

        ExpectMsg("one@1/1");
        ExpectMsg("deferred after 1");
    }

    [Fact]
    public void A_failed_write_is_reported_and_stops_the_actor()
    {
        var ledger = Ledger("a");
        Watch(ledger);
        _journal.Refuse(new IOException("disk full"));

        Send(ledger, "one");

        ExpectMsg("failed one: disk full");
        ExpectTerminated(ledger);
    }

    [Fact]
    public void A_fenced_write_is_published_and_stops_the_actor()
    {
        Sys.EventStream.Subscribe<Fenced>(TestActor);
        var ledger = Ledger("a");
        Watch(ledger);
        _journal.Fence();

        Send(ledger, "one");

        ExpectMsg<Fenced>().PersistenceId.ShouldBe("a");
        ExpectMsg<string>().ShouldStartWith("failed one");
        ExpectTerminated(ledger);
        _journal.Head.ShouldBe(0);
    }

    [Fact]
    public void Two_writers_of_one_entity_cannot_both_write()
    {
        var one = Sys.ActorOf(Props.Create(() => new Ledger("a")), "one");
        var two = Sys.ActorOf(Props.Create(() => new Ledger("a")), "two");
        Time.Settle();
        Send(one, "mine");
        ExpectMsg("mine@1/1");

        Send(two, "mine");

        ExpectMsg<string>().ShouldStartWith("failed mine");
    }

    [Fact]
    public void An_event_that_cannot_be_serialized_is_rejected_and_the_actor_goes_on()
    {
        Send(Ledger("a"), "unserializable", "one");

        ExpectMsg("rejected unserializable");
        ExpectMsg("one@1/1");
    }

    [Fact]
    public void A_command_that_throws_persists_nothing()
    {
        Send(Ledger("a"), "persist then throw", "read", "one");

        ExpectMsg("");
        ExpectMsg("one@1/1");
    }

    [Fact]
    public async Task Recovery_starts_from_the_snapshot()
    {
        var first = Ledger("a");
        Send(first, "one", "snapshot", "two");
        ExpectMsg("one@1/1");
        ExpectMsg("two@2/2");
        Stop(first);
        await _journal.CompactAsync(1);

        Send(Ledger("a"), "read");

        ExpectMsg("one,two");
    }

    [Fact]
    public async Task Recovery_from_the_latest_row_needs_no_replay()
    {
        var first = Ledger("a");
        Send(first, "one", "two");
        Probe.ReceiveN(2);
        Stop(first);
        var latest = await _journal.LatestAsync("a");

        var actor = Sys.ActorOf(Props.Create(() => new LatestOnly(_ => new ValueTask<JournalRow?>(latest), TestActor)), "latest");

        ExpectMsg("recovered two@2/2");
        Send(actor, "three");
        ExpectMsg("three@3/3");
    }

    [Fact]
    public void Recovery_waits_for_a_slow_latest_row()
    {
        var row = new TaskCompletionSource<JournalRow?>();
        var actor = Sys.ActorOf(Props.Create(() => new LatestOnly(LookUp, TestActor)), "latest");
        Send(actor, "one");
        ExpectMsg("looking up");
        Probe.Pending.ShouldBe(0);

        row.SetResult(null);

        ExpectMsg("recovered nothing@0/0");
        ExpectMsg("one@1/1");

        ValueTask<JournalRow?> LookUp(string id)
        {
            TestActor.Tell("looking up");
            return new ValueTask<JournalRow?>(row.Task);
        }
    }

    [Fact]
    public void A_recovery_that_fails_stops_the_actor()
    {
        var actor = Sys.ActorOf(Props.Create(() => new LatestOnly(_ => throw new IOException("no"), TestActor)), "sync");
        Watch(actor);
        ExpectTerminated(actor);

        var later = Sys.ActorOf(Props.Create(() => new LatestOnly(_ => ValueTask.FromException<JournalRow?>(new IOException("no")), TestActor)), "async");
        Watch(later);
        ExpectMsg("recovery failed: no");
        ExpectTerminated(later);
    }

    [Fact]
    public void A_stop_waits_for_the_write_in_flight_so_that_the_successor_sees_it()
    {
        var ledger = Ledger("a");
        Time.Settle();
        _journal.HoldCommits();
        Send(ledger, "one");
        AwaitCondition(() => _journal.WaitingWrites == 1);
        Watch(ledger);
        Sys.Stop(ledger);
        AwaitCondition(() => Time.Activity.Count == 1);
        Probe.Pending.ShouldBe(0);

        _journal.ReleaseCommits();

        ExpectTerminated(ledger);
        Time.Settle();
        Send(Ledger("a"), "read");
        ExpectMsg("one");
    }

    [Fact]
    public void A_restart_waits_for_the_write_in_flight_so_that_recovery_sees_it()
    {
        var ledger = Ledger("a");
        Time.Settle();
        _journal.HoldCommits();
        Send(ledger, "async one", "persist then throw", "read");
        AwaitCondition(() => _journal.WaitingWrites == 1);
        Probe.Pending.ShouldBe(0);

        _journal.ReleaseCommits();

        FishForMessage<string>(answer => answer == "one");
        Send(ledger, "two");
        ExpectMsg("two@2/2");
    }

    [Fact]
    public void PoisonPill_comes_after_the_commands_before_it()
    {
        var ledger = Ledger("a");
        Watch(ledger);

        Send(ledger, "one", "two");
        ledger.Tell(PoisonPill.Instance);

        ExpectMsg("one@1/1");
        ExpectMsg("two@2/2");
        ExpectTerminated(ledger);
    }

    [Fact]
    public void An_asynchronous_command_may_persist_after_its_await()
    {
        Send(Ledger("a"), "later one", "read");

        ExpectMsg("one@1/1");
        ExpectMsg("one");
    }

    private IActorRef Ledger(string id) => Sys.ActorOf(Props.Create(() => new Ledger(id)), id);

    private void Send(IActorRef actor, params string[] commands)
    {
        foreach (var command in commands)
            Probe.Send(actor, command);
    }

    private void Stop(IActorRef actor)
    {
        Watch(actor);
        Sys.Stop(actor);
        ExpectTerminated(actor);
        Time.Settle();
    }

    private sealed class LatestOnly : ReceivePersistentActor
    {
        private readonly Func<string, ValueTask<JournalRow?>> _lookUp;
        private readonly IActorRef _report;
        private string _state = "nothing";

        public LatestOnly(Func<string, ValueTask<JournalRow?>> lookUp, IActorRef report)
        {
            _lookUp = lookUp;
            _report = report;
            Recover<string>(state => _state = state);
            Recover<RecoveryCompleted>(_ => report.Tell($"recovered {_state}@{LastSequenceNr}/{LastOrdering}"));
            Command<string>(state => Persist(state, done => report.Tell($"{done}@{LastSequenceNr}/{LastOrdering}")));
        }

        public override string PersistenceId => "a";

        protected override Recovery Recovery => Recovery.Latest(_lookUp);

        protected override void OnRecoveryFailure(Exception reason, object? message = null) => _report.Tell($"recovery failed: {reason.Message}");
    }
}
