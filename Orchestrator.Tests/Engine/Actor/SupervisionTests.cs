using Orchestrator.Engine.Actor;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Actor;

/// <summary>What a supervisor's verdict does to the child and its siblings.</summary>
public sealed class SupervisionTests : TestKit.TestKit
{
    [Theory]
    [InlineData(Directive.Resume, 1, false)]
    [InlineData(Directive.Restart, 0, false)]
    [InlineData(Directive.Stop, 0, true)]
    [InlineData(Directive.Escalate, 0, true)]
    public async Task The_verdict_decides_over_state_and_life(Directive verdict, int remembered, bool stops)
    {
        var (_, child, _) = await Family(new OneForOneStrategy(_ => verdict));
        child.Tell("count");
        Watch(child);

        child.Tell("boom");

        if (stops)
            ExpectTerminated(child);
        else
            (await child.Ask<int>("read", TimeSpan.FromSeconds(10))).ShouldBe(remembered);
    }

    [Fact]
    public async Task One_for_one_leaves_siblings_alone()
    {
        var (_, child, sibling) = await Family(new OneForOneStrategy(_ => Directive.Restart));
        sibling.Tell("count");

        child.Tell("boom");
        Time.Settle();

        (await sibling.Ask<int>("read", TimeSpan.FromSeconds(10))).ShouldBe(1);
    }

    [Theory]
    [InlineData(Directive.Restart)]
    [InlineData(Directive.Stop)]
    public async Task All_for_one_gives_siblings_the_same_fate(Directive verdict)
    {
        var (_, child, sibling) = await Family(new AllForOneStrategy(_ => verdict));
        sibling.Tell("count");
        Time.Settle();
        Watch(sibling);

        child.Tell("boom");
        Time.Settle();

        if (verdict == Directive.Stop)
            ExpectTerminated(sibling);
        else
            (await sibling.Ask<int>("read", TimeSpan.FromSeconds(10))).ShouldBe(0);
    }

    [Fact]
    public async Task More_restarts_than_allowed_stop_the_child()
    {
        var (_, child, _) = await Family(new OneForOneStrategy(2, null, _ => Directive.Restart));
        Watch(child);
        child.Tell("boom");
        child.Tell("boom");
        Time.Settle();
        ExpectNoMsg();

        child.Tell("boom");

        ExpectTerminated(child);
    }

    [Fact]
    public async Task Zero_restarts_allowed_stops_at_the_first_failure()
    {
        var (_, child, _) = await Family(new OneForOneStrategy(0, null, _ => Directive.Restart));
        Watch(child);

        child.Tell("boom");

        ExpectTerminated(child);
    }

    [Fact]
    public async Task Restarts_outside_the_time_range_are_forgiven()
    {
        var (_, child, _) = await Family(new OneForOneStrategy(2, TimeSpan.FromMinutes(1), _ => Directive.Restart));
        Watch(child);
        for (var i = 0; i < 6; i++)
        {
            child.Tell("boom");
            Time.Advance(TimeSpan.FromSeconds(40));
        }

        ExpectNoMsg();
        child.Tell("boom");
        child.Tell("boom");
        child.Tell("boom");

        ExpectTerminated(child);
    }

    [Fact]
    public async Task A_child_that_waits_for_its_verdict_processes_nothing()
    {
        var gate = new TaskCompletionSource<Directive>();
        var (_, child, _) = await Family(new OneForOneStrategy(_ => gate.Task.GetAwaiter().GetResult()));
        child.Tell("boom");
        var answer = child.Ask<int>("read", Timeout.InfiniteTimeSpan);

        answer.IsCompleted.ShouldBeFalse();
        gate.SetResult(Directive.Resume);

        (await answer.WaitAsync(TimeSpan.FromSeconds(10))).ShouldBe(0);
    }

    [Fact]
    public async Task A_restart_that_fails_is_a_failure_again()
    {
        var made = 0;
        var parent = Sys.ActorOf(Props.Create(() => new Parent(new OneForOneStrategy(_ => Directive.Restart))), "parent");
        var child = await parent.Ask<IActorRef>(
            Props.Create(() => Interlocked.Increment(ref made) is 2 or 3 ? throw new InvalidOperationException("broken") : new Child()), TimeSpan.FromSeconds(10));

        child.Tell("boom");

        (await child.Ask<int>("read", TimeSpan.FromSeconds(10))).ShouldBe(0);
        made.ShouldBe(4);
    }

    private async Task<(IActorRef Parent, IActorRef Child, IActorRef Sibling)> Family(SupervisorStrategy strategy)
    {
        // The parent is stopped, not restarted, when a failure is escalated to the guardian.
        var grand = Sys.ActorOf(Props.Create(() => new Parent(SupervisorStrategy.StoppingStrategy)), "grand");
        var patience = TimeSpan.FromSeconds(10);
        var parent = await grand.Ask<IActorRef>(Props.Create(() => new Parent(strategy)), patience);
        var child = await parent.Ask<IActorRef>(Props.Create<Child>(), patience);
        var sibling = await parent.Ask<IActorRef>(Props.Create<Child>(), patience);
        return (parent, child, sibling);
    }

    private sealed class Parent(SupervisorStrategy strategy) : UntypedActor
    {
        protected internal override SupervisorStrategy SupervisorStrategy() => strategy;

        protected override void OnReceive(object message) => Sender.Tell(Context.ActorOf((Props)message));
    }

    private sealed class Child : UntypedActor
    {
        private int _count;

        protected override void OnReceive(object message)
        {
            switch (message)
            {
                case "count":
                    _count++;
                    break;
                case "read":
                    Sender.Tell(_count);
                    break;
                default:
                    throw new InvalidOperationException("boom");
            }
        }
    }
}
