using Orchestrator.Engine.Actor;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Actor;

/// <summary>Event stream, coordinated shutdown, back-off supervision, and the mailbox's queue.</summary>
public sealed class SystemServicesTests : TestKit.TestKit
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void A_subscriber_of_a_base_type_gets_each_event_once()
    {
        Sys.EventStream.Subscribe<IFormattable>(TestActor);
        Sys.EventStream.Subscribe<int>(TestActor);
        Sys.EventStream.Publish(1);
        Sys.EventStream.Publish("text");
        ExpectMsg(1);

        Sys.EventStream.Unsubscribe(TestActor, typeof(int));
        Sys.EventStream.Publish(2);
        ExpectMsg(2);
        Sys.EventStream.Unsubscribe(TestActor);
        Sys.EventStream.Publish(3);

        ExpectNoMsg();
    }

    [Fact]
    public void A_subscriber_of_dead_letters_may_die()
    {
        var subscriber = Sys.ActorOf(Props.Create(() => new Fragile(TestActor)), "subscriber");
        ExpectMsg("started");
        Sys.EventStream.Subscribe<DeadLetter>(subscriber);
        Sys.EventStream.Subscribe<DeadLetter>(TestActor);
        Watch(subscriber);
        Sys.Stop(subscriber);
        ExpectTerminated(subscriber);
        Time.Settle();

        subscriber.Tell("too late");

        ExpectMsg<DeadLetter>().Message.ShouldBe("too late");
        ExpectNoMsg();
    }

    [Fact]
    public async Task Shutdown_runs_the_phases_in_order_and_ends_the_system()
    {
        var shutdown = CoordinatedShutdown.Get(Sys);
        shutdown.AddTask(CoordinatedShutdown.PhaseBeforeActorSystemTerminate, "last", Report("last"));
        shutdown.AddTask(CoordinatedShutdown.PhaseServiceUnbind, "unbind", Report("unbind"));
        shutdown.AddTask(CoordinatedShutdown.PhaseServiceStop, "broken", () => throw new InvalidOperationException("broken"));
        shutdown.AddTask(CoordinatedShutdown.PhaseBeforeServiceUnbind, "first", Report("first"));

        await shutdown.Run("test").WaitAsync(TimeSpan.FromSeconds(20));

        ExpectMsg("first");
        ExpectMsg("unbind");
        ExpectMsg("last");
        Sys.WhenTerminated.IsCompleted.ShouldBeTrue();
        shutdown.ShutdownReason.ShouldBe("test");

        Func<Task> Report(string step) => () =>
        {
            TestActor.Tell(step);
            return Task.CompletedTask;
        };
    }

    [Fact]
    public async Task A_shutdown_task_that_never_ends_is_given_up_at_the_phases_limit()
    {
        var shutdown = CoordinatedShutdown.Get(Sys);
        var cancelled = new TaskCompletionSource();
        shutdown.AddTask(CoordinatedShutdown.PhaseServiceStop, "hangs", cancel =>
        {
            cancel.Register(() => cancelled.SetResult());
            TestActor.Tell("hanging");
            return new TaskCompletionSource().Task;
        });
        var run = shutdown.Run("test");
        ExpectMsg("hanging");
        AwaitCondition(() => Time.NextDue is not null);

        Time.Advance(Second * 5);

        await run.WaitAsync(TimeSpan.FromSeconds(20));
        cancelled.Task.IsCompleted.ShouldBeTrue();
    }

    [Fact]
    public void An_unknown_phase_is_an_error() =>
        Should.Throw<ArgumentException>(() => CoordinatedShutdown.Get(Sys).AddTask("later", "x", () => Task.CompletedTask));

    [Fact]
    public void Backoff_doubles_the_delay_up_to_its_limit_and_forgives_a_child_that_lived()
    {
        var options = new BackoffOptions(Props.Create(() => new Fragile(TestActor)), "child", Second, Second * 4, RandomFactor: 0) { ResetAfter = Second * 10 };
        var supervisor = Sys.ActorOf(BackoffSupervisor.Props(options), "b");
        ExpectMsg("started");
        foreach (var delay in new[] { 1, 2, 4, 4 })
        {
            supervisor.Tell("boom");
            Time.Advance((Second * delay) - TimeSpan.FromTicks(1));
            ExpectNoMsg();
            Time.Advance(TimeSpan.FromTicks(1));
            ExpectMsg("started");
        }

        Time.Advance(Second * 10);
        supervisor.Tell("boom");
        Time.Advance(Second);

        ExpectMsg("started");
    }

    [Fact]
    public void Backoff_on_failure_stops_with_a_child_that_stops_by_itself()
    {
        var supervisor = Sys.ActorOf(BackoffSupervisor.Props(new BackoffOptions(Props.Create(() => new Fragile(TestActor)), "child", Second, Second)), "b");
        ExpectMsg("started");
        Watch(supervisor);

        supervisor.Tell("stop");

        ExpectTerminated(supervisor);
    }

    [Fact]
    public async Task Many_senders_keep_their_own_order_and_lose_nothing()
    {
        const int Senders = 4;
        const int Each = 50_000;
        var collector = Sys.ActorOf(Props.Create(() => new OrderChecker(TestActor, Senders, Each)), "collector");

        var threads = Enumerable.Range(0, Senders).Select(sender => Task.Run(() =>
        {
            for (var i = 0; i < Each; i++)
                collector.Tell(new OrderChecker.Numbered(sender, i));
        })).ToArray();
        await Task.WhenAll(threads);

        ExpectMsg("all in order", TimeSpan.FromSeconds(30));
    }

    private sealed class Fragile(IActorRef report) : UntypedActor
    {
        protected override void PreStart() => report.Tell("started");

        protected override void OnReceive(object message)
        {
            if (message is "stop")
                Context.Stop(Self);
            else
                throw new InvalidOperationException("boom");
        }
    }

    private sealed class OrderChecker(IActorRef report, int senders, int each) : UntypedActor
    {
        public sealed record Numbered(int Sender, int Number);

        private readonly int[] _next = new int[senders];
        private int _seen;

        protected override void OnReceive(object message)
        {
            var numbered = (Numbered)message;
            if (_next[numbered.Sender]++ != numbered.Number)
                report.Tell($"sender {numbered.Sender} out of order at {numbered.Number}");
            if (++_seen == senders * each)
                report.Tell("all in order");
        }
    }
}
