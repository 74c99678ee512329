using Orchestrator.Engine.Actor;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Actor;

public sealed class DeathWatchTests : TestKit.TestKit
{
    [Fact]
    public void A_watcher_is_told_once()
    {
        var watcher = Sys.ActorOf(Props.Create(() => new Watcher(TestActor)), "w");
        var subject = Sys.ActorOf(Props.Create<Idle>(), "s");
        watcher.Tell(new Watcher.DoWatch(subject));
        watcher.Tell(new Watcher.DoWatch(subject));
        Time.Settle();

        Sys.Stop(subject);

        ExpectMsg<Terminated>().ActorRef.ShouldBe(subject);
        ExpectNoMsg();
    }

    [Fact]
    public void Watching_the_dead_tells_at_once()
    {
        var subject = Sys.ActorOf(Props.Create<Idle>(), "s");
        Sys.Stop(subject);
        Time.Settle();
        var watcher = Sys.ActorOf(Props.Create(() => new Watcher(TestActor)), "w");

        watcher.Tell(new Watcher.DoWatch(subject));

        ExpectMsg<Terminated>().ActorRef.ShouldBe(subject);
    }

    [Fact]
    public void WatchWith_sends_the_message_of_ones_own()
    {
        var watcher = Sys.ActorOf(Props.Create(() => new Watcher(TestActor)), "w");
        var subject = Sys.ActorOf(Props.Create<Idle>(), "s");
        watcher.Tell(new Watcher.DoWatch(subject, "gone"));
        Time.Settle();

        Sys.Stop(subject);

        ExpectMsg("gone");
    }

    [Fact]
    public void After_Unwatch_nothing_comes_not_even_what_is_in_the_mailbox()
    {
        var watcher = Sys.ActorOf(Props.Create(() => new Watcher(TestActor)), "w");
        var subject = Sys.ActorOf(Props.Create<Idle>(), "s");
        watcher.Tell(new Watcher.DoWatch(subject));
        Time.Settle();
        watcher.Tell(new Watcher.KillThenUnwatch(subject));

        Time.Settle();

        ExpectNoMsg();
    }

    [Fact]
    public void Terminated_comes_after_what_the_dead_actor_sent()
    {
        var watcher = Sys.ActorOf(Props.Create(() => new Watcher(TestActor)), "w");
        for (var i = 0; i < 50; i++)
        {
            var subject = Sys.ActorOf(Props.Create(() => new LastWords(watcher)));
            watcher.Tell(new Watcher.DoWatch(subject));
            Time.Settle();
            subject.Tell("die");
            ExpectMsg("last words");
            ExpectMsg<Terminated>();
        }
    }

    [Fact]
    public void Not_handling_Terminated_is_fatal()
    {
        var subject = Sys.ActorOf(Props.Create<Idle>(), "s");
        var watcher = Sys.ActorOf(Props.Create(() => new Careless(subject)), "c");
        Time.Settle();
        Watch(watcher);

        Sys.Stop(subject);

        ExpectTerminated(watcher);
    }

    [Fact]
    public void A_restarted_actor_is_not_dead_to_its_watchers()
    {
        var actor = Sys.ActorOf(Props.Create<Idle>(), "s");
        Watch(actor);

        actor.Tell("boom");
        Time.Settle();

        ExpectNoMsg();
    }

    [Fact]
    public async Task GracefulStop_completes_when_the_actor_is_gone()
    {
        var actor = Sys.ActorOf(Props.Create<Idle>(), "s");

        (await actor.GracefulStop(TimeSpan.FromSeconds(10))).ShouldBeTrue();

        Should.NotThrow(() => Watch(actor));
        ExpectTerminated(actor);
    }

    private sealed class Idle : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            if (message is "boom")
                throw new InvalidOperationException("boom");
        }
    }

    private sealed class LastWords(IActorRef to) : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            to.Tell("last words");
            Context.Stop(Self);
        }
    }

    private sealed class Careless(IActorRef subject) : UntypedActor
    {
        protected override void PreStart() => Context.Watch(subject);

        protected override void OnReceive(object message) => Unhandled(message);
    }

    private sealed class Watcher(IActorRef report) : UntypedActor
    {
        public sealed record DoWatch(IActorRef Subject, object? Message = null);

        public sealed record KillThenUnwatch(IActorRef Subject);

        protected override void OnReceive(object message)
        {
            switch (message)
            {
                case DoWatch { Message: null } watch:
                    Context.Watch(watch.Subject);
                    break;
                case DoWatch watch:
                    Context.WatchWith(watch.Subject, watch.Message);
                    break;
                case KillThenUnwatch kill:
                    Context.Stop(kill.Subject);
                    Context.Unwatch(kill.Subject);
                    break;
                default:
                    report.Tell(message);
                    break;
            }
        }
    }
}
