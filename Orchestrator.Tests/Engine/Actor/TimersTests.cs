using Orchestrator.Engine.Actor;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Actor;

public sealed class TimersTests : TestKit.TestKit
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void A_single_timer_fires_once_when_due()
    {
        var actor = Timed(timers => timers.StartSingleTimer("k", "tick", Second));

        Time.Advance(Second - TimeSpan.FromTicks(1));
        ExpectNoMsg();
        Time.Advance(TimeSpan.FromTicks(1));
        ExpectMsg("tick");
        Time.Advance(Second * 10);
        ExpectNoMsg();
        actor.ShouldNotBeNull();
    }

    [Fact]
    public void A_periodic_timer_fires_at_every_interval_also_when_much_time_passes_at_once()
    {
        Timed(timers => timers.StartPeriodicTimer("k", "tick", Second * 3, Second));

        Time.Advance(Second * 10);

        Probe.ReceiveAvailable().Count.ShouldBe(8);
    }

    [Fact]
    public async Task Starting_a_key_again_replaces_its_timer_even_where_its_message_is_in_the_mailbox()
    {
        var actor = Timed(timers => timers.StartSingleTimer("k", "old", Second));
        using var gate = new ManualResetEventSlim();
        actor.Tell(new Do(timers =>
        {
            gate.Wait(TimeSpan.FromSeconds(10));
            timers.StartSingleTimer("k", "new", Second * 60);
        }));
        var passing = Task.Run(() => Time.Advance(Second));
        gate.Set();
        await passing.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System);
        Time.Settle();

        Time.Advance(Second * 60);

        ExpectMsg("new");
        ExpectNoMsg();
    }

    [Fact]
    public void A_cancelled_timer_does_not_fire_even_where_its_message_is_in_the_mailbox()
    {
        var actor = Timed(timers => timers.StartSingleTimer("k", "tick", TimeSpan.Zero));
        actor.Tell(new Do(timers => timers.Cancel("k")));
        Time.Settle();
        var soon = Probe.ReceiveAvailable().Count;

        soon.ShouldBeLessThanOrEqualTo(1);
        Time.Advance(Second);
        ExpectNoMsg();
    }

    [Fact]
    public void Timers_die_with_the_incarnation()
    {
        var actor = Timed(timers => timers.StartPeriodicTimer("k", "tick", Second));

        actor.Tell("boom");
        Time.Settle();
        Time.Advance(Second * 5);

        ExpectNoMsg();
        Time.NextDue.ShouldBeNull();
    }

    [Fact]
    public void The_receive_timeout_comes_after_silence_again_and_again()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Silent(TestActor)), "silent");
        Time.Settle();
        Time.Advance(Second * 4);
        actor.Tell("noise");
        Time.Settle();
        Time.Advance(Second * 4);
        ExpectNoMsg();

        Time.Advance(Second);
        ExpectMsg<ReceiveTimeout>();
        Time.Advance(Second * 5);
        ExpectMsg<ReceiveTimeout>();
    }

    [Fact]
    public void Some_messages_do_not_influence_the_receive_timeout()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Silent(TestActor)), "silent");
        Time.Settle();
        Time.Advance(Second * 4);
        actor.Tell(new Whisper());

        Time.Advance(Second);

        ExpectMsg<ReceiveTimeout>();
    }

    [Fact]
    public void The_scheduler_sends_once_and_repeatedly_and_can_be_cancelled()
    {
        Sys.Scheduler.ScheduleTellOnce(Second, TestActor, "once");
        var repeated = Sys.Scheduler.ScheduleTellRepeatedly(Second * 2, Second, TestActor, "again");

        Time.Advance(Second * 4);

        Probe.ReceiveAvailable().ShouldBe(["once", "again", "again", "again"]);
        repeated.Cancel();
        Time.Advance(Second * 4);
        ExpectNoMsg();
    }

    private IActorRef Timed(Action<ITimerScheduler> first)
    {
        var actor = Sys.ActorOf(Props.Create(() => new TimedActor(TestActor)), "timed");
        actor.Tell(new Do(first));
        Time.Settle();
        return actor;
    }

    private sealed record Do(Action<ITimerScheduler> Action);

    private sealed record Whisper : INotInfluenceReceiveTimeout;

    private sealed class TimedActor(IActorRef report) : UntypedActor, IWithTimers
    {
        public ITimerScheduler Timers { get; set; } = null!;

        protected override void OnReceive(object message)
        {
            if (message is Do step)
                step.Action(Timers);
            else if (message is "boom")
                throw new InvalidOperationException("boom");
            else
                report.Tell(message);
        }
    }

    private sealed class Silent(IActorRef report) : UntypedActor
    {
        protected override void PreStart() => Context.SetReceiveTimeout(Second * 5);

        protected override void OnReceive(object message)
        {
            if (message is ReceiveTimeout)
                report.Tell(message);
        }
    }
}
