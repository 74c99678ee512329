using Orchestrator.Engine.Actor;
using Orchestrator.TestKit;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Actor;

public sealed class VirtualTimeTests : TestKit.TestKit
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Timers_fire_in_the_order_of_their_due_times_and_see_that_time()
    {
        var start = Time.GetUtcNow();
        var fired = new List<(string Name, TimeSpan At)>();
        foreach (var (name, due, period) in new[] { ("late", 5, 0), ("early", 2, 0), ("repeating", 1, 2) })
        {
            _ = Time.CreateTimer(_ => fired.Add((name, Time.GetUtcNow() - start)), null, Second * due, period == 0 ? Timeout.InfiniteTimeSpan : Second * period);
        }

        Time.Advance(Second * 6);

        fired.ShouldBe([("repeating", Second), ("early", Second * 2), ("repeating", Second * 3), ("late", Second * 5), ("repeating", Second * 5)]);
        Time.GetUtcNow().ShouldBe(start + (Second * 6));
        Time.NextDue.ShouldBe(Second);
    }

    [Fact]
    public void What_an_actor_does_at_one_moment_is_done_before_the_next_moment_comes()
    {
        // Each tick starts a chain of a hundred messages between two actors and then another timer, one second later.
        var chain = Sys.ActorOf(Props.Create(() => new Chain(TestActor)), "chain");
        chain.Tell("start");

        Time.Advance(Second * 10);

        var at = Probe.ReceiveAvailable().Cast<DateTimeOffset>().ToList();
        at.Count.ShouldBe(10);
        at.Zip(at.Skip(1), (earlier, later) => later - earlier).ShouldAllBe(gap => gap == Second);
    }

    [Fact]
    public void A_disposed_or_rearmed_timer_does_not_fire_at_its_old_time()
    {
        var fired = 0;
        var disposed = Time.CreateTimer(_ => fired++, null, Second, Second);
        var rearmed = Time.CreateTimer(_ => fired += 10, null, Second, Timeout.InfiniteTimeSpan);
        disposed.Dispose();
        rearmed.Change(Second * 5, Timeout.InfiniteTimeSpan);

        Time.Advance(Second * 4);
        fired.ShouldBe(0);
        Time.Advance(Second);

        fired.ShouldBe(10);
        disposed.Change(Second, Second).ShouldBeFalse();
    }

    [Fact]
    public async Task Delays_of_tasks_follow_the_clock()
    {
        var delay = Task.Delay(Second * 3, Time);
        Time.Advance(Second * 2);
        delay.IsCompleted.ShouldBeFalse();

        Time.Advance(Second);

        await delay.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void A_system_that_never_rests_is_an_error_that_says_so()
    {
        var impatient = new VirtualTime { Patience = TimeSpan.FromMilliseconds(20) };
        impatient.Activity.Begin();

        Should.Throw<TimeoutException>(() => impatient.Advance(Second)).Message.ShouldContain("1 mailboxes");
    }

    [Fact]
    public void Expectations_that_are_not_met_say_what_came()
    {
        TestActor.Tell("something");
        Should.Throw<ProbeException>(() => ExpectMsg<int>()).Message.ShouldContain("String something");
        TestActor.Tell("something");
        Should.Throw<ProbeException>(() => ExpectNoMsg()).Message.ShouldContain("something");
        Should.Throw<ProbeException>(() => ExpectMsg("else", TimeSpan.FromMilliseconds(20))).Message.ShouldContain("nothing came");
    }

    private sealed class Chain(IActorRef report) : UntypedActor, IWithTimers
    {
        private IActorRef _other = ActorRefs.Nobody;

        public ITimerScheduler Timers { get; set; } = null!;

        protected override void PreStart() => _other = Context.ActorOf(Props.Create<Echo>());

        protected override void OnReceive(object message)
        {
            switch (message)
            {
                case "start":
                    Timers.StartSingleTimer("next", "tick", Second);
                    break;
                case "tick":
                    _other.Tell(100);
                    break;
                case 0:
                    report.Tell(Context.System.TimeProvider.GetUtcNow());
                    Timers.StartSingleTimer("next", "tick", Second);
                    break;
                case int left:
                    _other.Tell(left - 1);
                    break;
            }
        }
    }

    private sealed class Echo : UntypedActor
    {
        protected override void OnReceive(object message) => Sender.Tell(message);
    }
}
