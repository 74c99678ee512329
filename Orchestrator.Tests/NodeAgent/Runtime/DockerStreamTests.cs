using System.Text.Json;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.Protocol.Streams;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.NodeAgent.Runtime;

[Trait("Needs", "docker")]
[Collection(DockerTestEngine.Collection)]
public sealed class DockerStreamTests(DockerTestEngine engine)
{
    private static readonly LogOptions AllLines = new(false, false, null, null, null);

    [Fact]
    public async Task A_command_returns_its_exit_code_and_both_outputs()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var container = await node.RunAsync(await node.RunSandboxAsync(), "sleep", "1000");
        var result = await node.Runtime.ExecAsync(container, ["sh", "-c", "echo out; echo err >&2; exit 3"], 1000, node.Cancel);
        result.ExitCode.ShouldBe(3);
        result.Output.ShouldContain("out");
        result.Output.ShouldContain("err");
    }

    [Fact]
    public async Task Output_beyond_the_limit_is_cut_and_the_exit_code_still_known()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var container = await node.RunAsync(await node.RunSandboxAsync(), "sleep", "1000");
        var result = await node.Runtime.ExecAsync(container, ["sh", "-c", "seq 1 100000; exit 5"], 10, node.Cancel);
        result.Output.ShouldBe("1\n2\n3\n4\n5\n");
        result.ExitCode.ShouldBe(5);
    }

    [Fact]
    public async Task A_command_that_is_given_up_is_killed()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var container = await node.RunAsync(await node.RunSandboxAsync(), "sleep", "1000");
        using var patience = new CancellationTokenSource();
        var running = node.Runtime.ExecAsync(container, ["sleep", "54321"], 1000, patience.Token);
        await node.EventuallyAsync(async () => (await node.ShellAsync(container, "ps -o args")).Contains("sleep 54321"));
        await patience.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => running);
        await node.EventuallyAsync(async () => !(await node.ShellAsync(container, "ps -o args")).Contains("sleep 54321"));
    }

    [Fact]
    public async Task Stdin_reaches_the_command_and_its_end_too()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var container = await node.RunAsync(await node.RunSandboxAsync(), "sleep", "1000");
        var stream = new TestStream();
        stream.Send(StreamFrame.Stdin, "one\n");
        stream.Send(StreamFrame.Stdin, "two\n");
        stream.Send(StreamFrame.Stdin, "");
        await node.Runtime.ExecStreamAsync(container, ["cat"], true, true, true, false, stream, node.Cancel);
        stream.Text(StreamFrame.Stdout).ShouldBe("one\ntwo\n");
        stream.Text(StreamFrame.Error).ShouldBe("""{"metadata":{},"status":"Success"}""");
    }

    [Fact]
    public async Task Stdout_and_stderr_stay_apart_and_a_failure_names_its_exit_code()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var container = await node.RunAsync(await node.RunSandboxAsync(), "sleep", "1000");
        var stream = new TestStream();
        await node.Runtime.ExecStreamAsync(container, ["sh", "-c", "echo out; echo err >&2; exit 42"], false, true, true, false, stream, node.Cancel);
        stream.Text(StreamFrame.Stdout).ShouldBe("out\n");
        stream.Text(StreamFrame.Stderr).ShouldBe("err\n");
        using var status = JsonDocument.Parse(stream.Written(StreamFrame.Error));
        status.RootElement.GetProperty("status").GetString().ShouldBe("Failure");
        status.RootElement.GetProperty("reason").GetString().ShouldBe("NonZeroExitCode");
        var cause = status.RootElement.GetProperty("details").GetProperty("causes")[0];
        cause.GetProperty("reason").GetString().ShouldBe("ExitCode");
        cause.GetProperty("message").GetString().ShouldBe("42");
    }

    [Fact]
    public async Task A_terminal_has_the_size_the_client_says()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var container = await node.RunAsync(await node.RunSandboxAsync(), "sleep", "1000");
        var stream = new TestStream();
        stream.Send(StreamFrame.Resize, """{"Width":101,"Height":33}""");
        var running = node.Runtime.ExecStreamAsync(container, ["sh"], true, true, true, true, stream, node.Cancel);
        await node.EventuallyAsync(() =>
        {
            stream.Send(StreamFrame.Stdin, "stty size\n");
            return Task.FromResult(stream.Text(StreamFrame.Stdout).Contains("33 101"));
        });
        stream.Send(StreamFrame.Stdin, "exit 0\n");
        await running;
        stream.Text(StreamFrame.Error).ShouldContain("Success");
    }

    [Fact]
    public async Task Attaching_talks_to_the_main_process()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var container = await node.RunAsync(node.Container(await node.RunSandboxAsync(), "sh", "-c", "while read line; do echo got $line; done") with { Stdin = true, StdinOnce = true });
        var stream = new TestStream();
        stream.Send(StreamFrame.Stdin, "a\n");
        stream.Send(StreamFrame.Stdin, "b\n");
        stream.EndInput();
        await node.Runtime.AttachStreamAsync(container, true, true, true, false, stream, node.Cancel);
        stream.Text(StreamFrame.Stdout).ShouldBe("got a\ngot b\n");
        stream.Text(StreamFrame.Error).ShouldContain("Success");
        (await node.EndOfAsync(container)).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task Logs_of_a_stopped_container_can_be_read_whole_from_the_end_and_up_to_a_size()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var container = await node.RunAsync(await node.RunSandboxAsync(), "sh", "-c", "echo one; echo two >&2; echo three");
        await node.EndOfAsync(container);

        (await node.LogsAsync(container)).Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe(["one", "two", "three"], ignoreOrder: true);
        (await node.LogsAsync(container, AllLines with { TailLines = 1 })).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(1);
        (await node.LogsAsync(container, AllLines with { TailLines = 0 })).ShouldBeEmpty();
        (await node.LogsAsync(container, AllLines with { LimitBytes = 5 })).Length.ShouldBe(5);
        (await node.LogsAsync(container, AllLines with { LimitBytes = 0 })).ShouldBeEmpty();
        (await node.LogsAsync(container, AllLines with { Since = TimeProvider.System.GetUtcNow().AddHours(1) })).ShouldBeEmpty();
        (await node.LogsAsync(container, AllLines with { Since = TimeProvider.System.GetUtcNow().AddHours(-1) })).ShouldContain("three");
    }

    [Fact]
    public async Task Timestamps_lead_each_line_in_nanoseconds()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var container = await node.RunAsync(await node.RunSandboxAsync(), "echo", "hello");
        await node.EndOfAsync(container);
        (await node.LogsAsync(container, AllLines with { Timestamps = true })).ShouldMatch(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z hello\n$");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Following_shows_lines_as_they_come_and_ends_with_the_container(bool tty)
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var container = await node.RunAsync(node.Container(await node.RunSandboxAsync(), "sh", "-c", "echo first; read line; echo last $line") with { Stdin = true, Tty = tty });
        var stream = new TestStream();
        var following = node.Runtime.LogStreamAsync(container, AllLines with { Follow = true }, stream, node.Cancel);
        await node.EventuallyAsync(() => Task.FromResult(stream.Text(StreamFrame.Stdout).Contains("first")));
        following.IsCompleted.ShouldBeFalse();

        var input = new TestStream();
        input.Send(StreamFrame.Stdin, "word\n");
        await node.Runtime.AttachStreamAsync(container, true, true, true, tty, input, node.Cancel);
        await following;
        stream.Text(StreamFrame.Stdout).ReplaceLineEndings("\n").ShouldEndWith("last word\n");
    }
}
