using Orchestrator.Engine.Actor;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Actor;

public sealed class AskTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task The_first_answer_completes_the_question()
    {
        await using var system = ActorSystem.Create("ask");
        var echo = system.ActorOf(Props.Create<Echo>(), "echo");

        (await echo.Ask<string>("hello", Patience)).ShouldBe("hello");
    }

    [Fact]
    public async Task An_asynchronous_handler_still_knows_its_sender_after_an_await()
    {
        await using var system = ActorSystem.Create("ask");
        var echo = system.ActorOf(Props.Create<Echo>(), "echo");

        (await echo.Ask<int>(41, Patience)).ShouldBe(42);
    }

    [Fact]
    public async Task A_failure_as_answer_fails_the_question_with_its_cause()
    {
        await using var system = ActorSystem.Create("ask");
        var echo = system.ActorOf(Props.Create<Echo>(), "echo");

        await Should.ThrowAsync<InvalidOperationException>(() => echo.Ask<string>(new Status.Failure(new InvalidOperationException("no")), Patience));
    }

    [Fact]
    public async Task An_answer_of_another_type_fails_the_question()
    {
        await using var system = ActorSystem.Create("ask");
        var echo = system.ActorOf(Props.Create<Echo>(), "echo");

        await Should.ThrowAsync<ArgumentException>(() => echo.Ask<Version>("hello", Patience));
    }

    private sealed class Echo : ReceiveActor
    {
        public Echo()
        {
            ReceiveAsync<int>(async number =>
            {
                await Task.Yield();
                Sender.Tell(number + 1);
            });
            ReceiveAny(message => Sender.Tell(message));
        }
    }
}
