using Orchestrator.Engine.Actor;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Actor;

/// <summary>Creation, names, stop and restart, as Akka.NET documents them.</summary>
public sealed class LifecycleTests : TestKit.TestKit
{
    [Fact]
    public void Hooks_run_in_the_documented_order_over_a_restart_and_a_stop()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Recorder(TestActor, "a")), "a");

        actor.Tell("boom");
        actor.Tell("hello");
        Watch(actor);
        actor.Tell(PoisonPill.Instance);

        string[] expected = ["a:ctor", "a:PreStart", "a:PreRestart boom", "a:PostStop", "a:ctor", "a:PostRestart", "a:PreStart", "a:hello", "a:PostStop"];
        foreach (var step in expected)
            ExpectMsg(step);
        ExpectTerminated(actor);
    }

    [Fact]
    public void A_parent_stops_after_its_children()
    {
        var parent = Sys.ActorOf(Props.Create(() => new Recorder(TestActor, "p")), "p");
        parent.Tell(new Recorder.Spawn("c"));
        FishForMessage<string>(step => step == "c:PreStart");

        Sys.Stop(parent);

        ExpectMsg("c:PostStop");
        ExpectMsg("p:PostStop");
    }

    [Fact]
    public void A_restart_stops_the_children_before_the_new_instance_is_made()
    {
        var parent = Sys.ActorOf(Props.Create(() => new Recorder(TestActor, "p")), "p");
        parent.Tell(new Recorder.Spawn("c"));
        FishForMessage<string>(step => step == "c:PreStart");

        parent.Tell("boom");

        ExpectMsg("p:PreRestart boom");
        ExpectMsg("p:PostStop");
        ExpectMsg("c:PostStop");
        ExpectMsg("p:ctor");
        ExpectMsg("p:PostRestart");
        ExpectMsg("p:PreStart");
    }

    [Fact]
    public void Messages_sent_before_a_restart_are_processed_after_it()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Recorder(TestActor, "a")), "a");
        actor.Tell("boom");
        for (var i = 0; i < 100; i++)
            actor.Tell($"m{i}");

        FishForMessage<string>(step => step == "a:m0");
        for (var i = 1; i < 100; i++)
            ExpectMsg($"a:m{i}");
    }

    [Fact]
    public void Stop_sends_what_is_left_in_the_mailbox_to_dead_letters()
    {
        Sys.EventStream.Subscribe<DeadLetter>(TestActor);
        var actor = Sys.ActorOf(Props.Create<SelfStopping>(), "s");

        actor.Tell("stop");
        actor.Tell("late");

        var letter = ExpectMsg<DeadLetter>();
        letter.Message.ShouldBe("late");
        letter.Recipient.ShouldBe(actor);
    }

    [Fact]
    public void A_name_is_taken_until_its_actor_is_gone_and_the_next_one_is_another_actor()
    {
        var first = Sys.ActorOf(Props.Create<SelfStopping>(), "n");
        Should.Throw<InvalidActorNameException>(() => Sys.ActorOf(Props.Create<SelfStopping>(), "n"));

        Watch(first);
        first.Tell("stop");
        ExpectTerminated(first);
        Time.Settle();
        var second = Sys.ActorOf(Props.Create<SelfStopping>(), "n");

        second.ShouldNotBe(first);
        second.Path.ShouldBe(first.Path);
    }

    [Theory]
    [InlineData("")]
    [InlineData("$a")]
    [InlineData("a/b")]
    [InlineData("ä")]
    public void A_malformed_name_is_refused(string name) =>
        Should.Throw<InvalidActorNameException>(() => Sys.ActorOf(Props.Create<SelfStopping>(), name));

    [Fact]
    public void An_actor_whose_constructor_throws_is_stopped()
    {
        var actor = Sys.ActorOf(Props.Create<Recorder>(() => throw new InvalidOperationException("no")), "x");

        Watch(actor);

        ExpectTerminated(actor);
    }

    [Fact]
    public void An_actor_cannot_be_made_with_new() => Should.Throw<ActorInitializationException>(() => new SelfStopping());

    [Fact]
    public void Kill_makes_the_default_supervisor_stop_it()
    {
        var actor = Sys.ActorOf(Props.Create<SelfStopping>(), "k");
        Watch(actor);

        actor.Tell(Kill.Instance);

        ExpectTerminated(actor);
    }

    [Fact]
    public async Task Terminating_the_system_stops_every_actor_and_completes()
    {
        Sys.ActorOf(Props.Create(() => new Recorder(TestActor, "a")), "a").Tell(new Recorder.Spawn("b"));
        FishForMessage<string>(step => step == "b:PreStart");

        await Sys.Terminate().WaitAsync(TimeSpan.FromSeconds(10));

        ExpectMsg("b:PostStop");
        ExpectMsg("a:PostStop");
    }

    [Fact]
    public void Identify_is_answered_by_the_living_and_by_the_dead()
    {
        var actor = Sys.ActorOf(Props.Create<SelfStopping>(), "i");
        Probe.Send(actor, new Identify(1));
        ExpectMsg(new ActorIdentity(1, actor));
        Watch(actor);
        actor.Tell("stop");
        ExpectTerminated(actor);

        Probe.Send(actor, new Identify(2));

        ExpectMsg(new ActorIdentity(2, null));
    }

    private sealed class SelfStopping : UntypedActor
    {
        protected override void OnReceive(object message) => Context.Stop(Self);
    }

    private sealed class Recorder : ReceiveActor
    {
        private readonly IActorRef _log;
        private readonly string _name;

        public Recorder(IActorRef log, string name)
        {
            _log = log;
            _name = name;
            Log("ctor");
            Receive<Spawn>(spawn => Context.ActorOf(Props.Create(() => new Recorder(log, spawn.Name)), spawn.Name));
            Receive<string>(text => text == "boom", _ => throw new InvalidOperationException("boom"));
            Receive<string>(Log);
        }

        public sealed record Spawn(string Name);

        protected override void PreStart() => Log("PreStart");

        protected override void PostStop() => Log("PostStop");

        protected override void PreRestart(Exception reason, object? message)
        {
            Log($"PreRestart {message}");
            base.PreRestart(reason, message);
        }

        protected override void PostRestart(Exception reason)
        {
            Log("PostRestart");
            base.PostRestart(reason);
        }

        private void Log(string step) => _log.Tell($"{_name}:{step}");
    }
}
