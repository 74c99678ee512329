using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.NodeAgent.Agent;
using Orchestrator.NodeAgent.Runtime.Docker;
using Orchestrator.Protocol.Streams;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Tests.NodeAgent.Pods;
using Orchestrator.Tests.NodeAgent.Runtime;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.NodeAgent.Agent;

/// <summary>The whole agent on the real engine, with a cluster and a pod network of its own that are removed whatever happens.</summary>
[Trait("Needs", "docker")]
public abstract class DockerAgentTest : Orchestrator.TestKit.TestKit
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private readonly DockerTestEngine _engine;

    protected DockerAgentTest(DockerTestEngine engine, Func<NodeAgentOptions, NodeAgentOptions>? change = null)
        : base(realTime: true)
    {
        _engine = engine;
        var clusterId = "agent-" + Guid.NewGuid().ToString("N")[..8];
        var third = Random.Shared.Next(256);
        Runtime = DockerRuntime.Create(new DockerOptions { ClusterId = clusterId, NodeName = "node-1", ClusterCidr = $"10.189.{third}.0/24" }, TimeProvider.System, NullLogger.Instance);
        Fixture = new AgentFixture(Sys, Runtime, clusterId, podCidr: $"10.189.{third}.0/26", change: change);
        Fixture.Start();
    }

    private protected DockerRuntime Runtime { get; }

    private protected AgentFixture Fixture { get; }

    public override async Task DisposeAsync()
    {
        await Fixture.Agent!.StopAsync();
        await base.DisposeAsync();
        await NodeAgentReset.RemoveAllAsync(Runtime, Fixture.DataDirectory, "node-1", CancellationToken.None);
        await Runtime.Network.RemoveAllAsync(CancellationToken.None);
        await Runtime.DisposeAsync();
        Fixture.Dispose();
    }

    /// <summary>A pod of one container per script, each obeying SIGTERM at once unless its script says otherwise.</summary>
    private protected Pod Shell(params (string Name, string Script)[] containers)
    {
        var pod = PodBuilder.Pod(Guid.NewGuid().ToString("N")[..8], "Always", [.. containers.Select(c => ShellContainer(c.Name, c.Script))]);
        pod.Spec.TerminationGracePeriodSeconds = 5;
        return pod;
    }

    private protected Container ShellContainer(string name, string script)
    {
        var container = PodBuilder.Container(name);
        container.Image = _engine.Image;
        container.Command = ["sh", "-c", script];
        return container;
    }

    private protected void Until(Pod pod, Func<PodStatus, bool> condition) =>
        AwaitAssert(() => (Fixture.Status(pod) is { } status && condition(status)).ShouldBeTrue(Described(pod)), Patience);

    private protected void Delete(Pod pod)
    {
        pod.Metadata.DeletionTimestamp = TimeProvider.System.GetUtcNow();
        pod.Metadata.DeletionGracePeriodSeconds = pod.Spec.TerminationGracePeriodSeconds;
        Fixture.Put(pod);
        AwaitAssert(() => Fixture.Gone.Contains(pod.Metadata.UID).ShouldBeTrue(Described(pod)), Patience);
    }

    /// <summary>Output of a shell script in a container, through the agent; a failure of the script is one of the test.</summary>
    private protected async Task<string> ExecAsync(Pod pod, string container, string script)
    {
        using var deadline = new CancellationTokenSource(Patience);
        var stream = new TestStream();
        await Fixture.Agent!.Streams.HandleAsync(new ExecRequest(Key(pod), pod.Metadata.UID, container, ["sh", "-c", script], false, true, true, false), stream, deadline.Token);
        var frames = stream.Text(StreamFrame.Stdout);
        var errors = stream.Text(StreamFrame.Stderr);
        stream.Text(StreamFrame.Error).ShouldContain("\"Success\"", Case.Sensitive, $"{script}\n{frames}{errors}");
        return frames;
    }

    private protected async Task<string> LogsAsync(Pod pod, string container, bool previous = false)
    {
        using var deadline = new CancellationTokenSource(Patience);
        var stream = new TestStream();
        await Fixture.Agent!.Streams.HandleAsync(new LogRequest(Key(pod), pod.Metadata.UID, container, false, previous, false, null, null, null), stream, deadline.Token);
        return stream.Text(StreamFrame.Stdout);
    }

    private protected static ResourceKey Key(Pod pod) => new("pods", pod.Metadata.Namespace, pod.Metadata.Name);

    /// <summary>The pod's state and events: what a failing test needs to say.</summary>
    private protected string Described(Pod pod)
    {
        var containers = (Fixture.Status(pod)?.InitContainerStatuses ?? []).Concat(Fixture.Status(pod)?.ContainerStatuses ?? []);
        return string.Join('\n', containers.Select(c => $"{c.Name}: restarts {c.RestartCount}, ready {c.Ready}, waiting {c.State.Waiting?.Reason} {c.State.Waiting?.Message}"))
            + "\n" + string.Join('\n', Fixture.Events.Select(e => $"{e.FieldPath} {e.Reason}: {e.Message}"));
    }
}
