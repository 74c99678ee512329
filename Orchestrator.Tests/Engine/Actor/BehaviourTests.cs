using Orchestrator.Engine.Actor;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Actor;

/// <summary>Handlers, behaviours, stash, asynchronous handlers.</summary>
public sealed class BehaviourTests : TestKit.TestKit
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData("a", "string a")]
    [InlineData("guarded", "guarded")]
    [InlineData(7, "int")]
    [InlineData(-7, "any")]
    [InlineData(1.5, "formattable")]
    [InlineData('c', "any")]
    public void The_first_handler_that_fits_gets_the_message(object message, string expected)
    {
        Probe.Send(Sys.ActorOf(Props.Create<Dispatching>(), "d"), message);

        ExpectMsg(expected);
    }

    [Fact]
    public void Behaviours_replace_stack_and_return()
    {
        var actor = Sys.ActorOf(Props.Create<Moody>(), "m");
        foreach (var (send, expect) in new[] { ("ask", "neutral"), ("angry", ""), ("ask", "angry"), ("calm", ""), ("ask", "neutral"), ("happy", ""), ("ask", "happy") })
        {
            Probe.Send(actor, send);
            if (expect.Length > 0)
                ExpectMsg(expect);
        }
    }

    [Fact]
    public void A_message_without_handler_is_published_as_unhandled()
    {
        Sys.EventStream.Subscribe<UnhandledMessage>(TestActor);
        var actor = Sys.ActorOf(Props.Create<Moody>(), "m");

        actor.Tell(42);

        ExpectMsg<UnhandledMessage>().Message.ShouldBe(42);
    }

    [Fact]
    public void Stashed_messages_come_back_in_order_before_later_ones_and_keep_their_sender()
    {
        var actor = Sys.ActorOf(Props.Create<Stashing>(), "s");
        for (var i = 0; i < 5; i++)
            Probe.Send(actor, i);
        Probe.Send(actor, "open");
        Probe.Send(actor, 5);

        for (var i = 0; i < 6; i++)
            ExpectMsg(i);
    }

    [Fact]
    public void A_stash_survives_a_restart()
    {
        var actor = Sys.ActorOf(Props.Create<Stashing>(), "s");
        Probe.Send(actor, 1);
        Probe.Send(actor, "boom");
        Probe.Send(actor, "open");

        ExpectMsg(1);
    }

    [Fact]
    public void A_stash_of_a_stopped_actor_becomes_dead_letters()
    {
        Sys.EventStream.Subscribe<DeadLetter>(TestActor);
        var actor = Sys.ActorOf(Props.Create<Stashing>(), "s");
        actor.Tell(1);
        actor.Tell(PoisonPill.Instance);

        ExpectMsg<DeadLetter>().Message.ShouldBe(1);
    }

    [Fact]
    public void A_stashed_Terminated_is_not_lost()
    {
        var subject = Sys.ActorOf(Props.Create<Stashing>(), "subject");
        var actor = Sys.ActorOf(Props.Create(() => new StashingWatcher(subject, TestActor)), "s");
        Time.Settle();
        Sys.Stop(subject);
        Time.Settle();

        actor.Tell("open");

        ExpectMsg<Terminated>().ActorRef.ShouldBe(subject);
    }

    [Fact]
    public void No_message_is_processed_while_an_asynchronous_handler_awaits()
    {
        var gate = new TaskCompletionSource();
        var actor = Sys.ActorOf(Props.Create(() => new Awaiting(gate.Task)), "a");
        Probe.Send(actor, "slow");
        Probe.Send(actor, 1);
        Time.Settle();
        Probe.Pending.ShouldBe(0);

        gate.SetResult();

        ExpectMsg("slow done");
        ExpectMsg(1);
    }

    [Fact]
    public void An_asynchronous_handler_that_fails_goes_to_the_supervisor()
    {
        var gate = new TaskCompletionSource();
        var actor = Sys.ActorOf(Props.Create(() => new Awaiting(gate.Task)), "a");
        Probe.Send(actor, "count");
        Probe.Send(actor, "slow");
        gate.SetException(new InvalidOperationException("late"));
        Probe.Send(actor, "read");

        ExpectMsg(0);
    }

    [Fact]
    public void An_actor_that_awaits_can_be_stopped()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Awaiting(new TaskCompletionSource().Task)), "a");
        actor.Tell("slow");
        Time.Settle();
        Watch(actor);

        Sys.Stop(actor);

        ExpectTerminated(actor);
    }

    [Fact]
    public void PipeTo_brings_results_and_failures_as_messages()
    {
        Task.FromResult("now").PipeTo(TestActor);
        ExpectMsg("now");
        Task.FromException<string>(new InvalidOperationException("no")).PipeTo(TestActor);
        ExpectMsg<Status.Failure>().Cause.Message.ShouldBe("no");
        Task.FromException<string>(new InvalidOperationException("no")).PipeTo(TestActor, failure: cause => "mapped " + cause.Message);
        ExpectMsg("mapped no");
        Task.CompletedTask.PipeTo(TestActor, success: () => "done");
        ExpectMsg("done");
    }

    [Fact]
    public async Task An_unanswered_question_times_out_in_the_systems_time()
    {
        var actor = Sys.ActorOf(Props.Create<Silent>(), "s");
        var answer = actor.Ask<string>("anyone?", TimeSpan.FromSeconds(5));
        Time.Advance(TimeSpan.FromSeconds(4));
        answer.IsCompleted.ShouldBeFalse();

        Time.Advance(TimeSpan.FromSeconds(1));

        await Should.ThrowAsync<AskTimeoutException>(() => answer.WaitAsync(Patience));
    }

    private sealed class Silent : UntypedActor
    {
        protected override void OnReceive(object message)
        {
        }
    }

    private sealed class Dispatching : ReceiveActor
    {
        public Dispatching()
        {
            Receive<string>(text => text == "guarded", _ => Sender.Tell("guarded"));
            Receive<string>(text => Sender.Tell("string " + text));
            Receive<int>(number =>
            {
                if (number > 0)
                    Sender.Tell("int");
                return number > 0;
            });
            Receive<IFormattable>(value => Sender.Tell("formattable"), value => value is double);
            ReceiveAny(_ => Sender.Tell("any"));
        }
    }

    private sealed class Moody : ReceiveActor
    {
        public Moody()
        {
            Receive<string>(text => text == "ask", _ => Sender.Tell("neutral"));
            Receive<string>(text => text == "angry", _ => BecomeStacked(Angry));
            Receive<string>(text => text == "happy", _ => Become(() => Receive<string>(_ => Sender.Tell("happy"))));
        }

        private void Angry()
        {
            Receive<string>(text => text == "ask", _ => Sender.Tell("angry"));
            Receive<string>(text => text == "calm", _ => UnbecomeStacked());
        }
    }

    private sealed class Stashing : ReceiveActor, IWithUnboundedStash
    {
        public Stashing()
        {
            Receive<int>(_ => Stash.Stash());
            Receive<string>(text => text == "boom", _ => throw new InvalidOperationException("boom"));
            Receive<string>(_ =>
            {
                Become(() => Receive<int>(number => Sender.Tell(number)));
                Stash.UnstashAll();
            });
        }

        public IStash Stash { get; set; } = null!;
    }

    private sealed class StashingWatcher : ReceiveActor, IWithUnboundedStash
    {
        private readonly IActorRef _subject;

        public StashingWatcher(IActorRef subject, IActorRef report)
        {
            _subject = subject;
            Receive<Terminated>(_ => Stash.Stash());
            Receive<string>(_ =>
            {
                Become(() => Receive<Terminated>(gone => report.Tell(gone)));
                Stash.UnstashAll();
            });
        }

        public IStash Stash { get; set; } = null!;

        protected override void PreStart() => Context.Watch(_subject);
    }

    private sealed class Awaiting : ReceiveActor
    {
        private int _count;

        public Awaiting(Task gate)
        {
            ReceiveAsync<string>(
                async _ =>
                {
                    await gate;
                    Sender.Tell("slow done");
                },
                text => text == "slow");
            Receive<string>(text => text == "count", _ => _count++);
            Receive<string>(text => text == "read", _ => Sender.Tell(_count));
            Receive<int>(number => Sender.Tell(number));
        }
    }
}
