using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.NodeAgent.Agent;
using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Runtime.Docker;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Tests.NodeAgent.Runtime;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.NodeAgent.Pods.PodBuilder;

namespace Orchestrator.Tests.NodeAgent.Agent;

/// <summary>The whole agent on the real engine.</summary>
[Trait("Needs", "docker")]
[Collection(DockerTestEngine.Collection)]
public sealed class DockerAgentTests : Orchestrator.TestKit.TestKit
{
    private readonly DockerTestEngine _engine;
    private readonly DockerRuntime _runtime;
    private readonly AgentFixture _fixture;

    public DockerAgentTests(DockerTestEngine engine)
        : base(realTime: true)
    {
        _engine = engine;
        var clusterId = "agent-" + Guid.NewGuid().ToString("N")[..8];
        var third = Random.Shared.Next(256);
        _runtime = DockerRuntime.Create(new DockerOptions { ClusterId = clusterId, NodeName = "node-1", ClusterCidr = $"10.189.{third}.0/24" }, TimeProvider.System, NullLogger.Instance);
        _fixture = new AgentFixture(Sys, _runtime, clusterId, podCidr: $"10.189.{third}.0/26");
        _fixture.Start();
    }

    public override async Task DisposeAsync()
    {
        await _fixture.Agent!.StopAsync();
        await base.DisposeAsync();
        await NodeAgentReset.RemoveAllAsync(_runtime, _fixture.DataDirectory, "node-1", CancellationToken.None);
        await _runtime.Network.RemoveAllAsync(CancellationToken.None);
        await _runtime.DisposeAsync();
        _fixture.Dispose();
    }

    [Fact]
    public async Task A_pod_with_config_runs_survives_the_agent_and_is_restarted_after_a_kill()
    {
        _fixture.PutConfigMap("settings", ("greeting", "hello"));
        var pod = Pod(Guid.NewGuid().ToString("N")[..8]);
        var container = pod.Spec.Containers![0];
        container.Image = _engine.Image;
        container.Command = ["sh", "-c", "cat /config/greeting > /work/out; trap 'exit 0' TERM; while true; do sleep 1; done"];
        container.Env = [new EnvVar { Name = "POD_IP", ValueFrom = new EnvVarSource { FieldRef = new ObjectFieldSelector { FieldPath = "status.podIP" } } }];
        container.VolumeMounts = [new VolumeMount { Name = "config", MountPath = "/config" }, new VolumeMount { Name = "work", MountPath = "/work" }];
        container.ReadinessProbe = new Probe { Exec = new ExecAction { Command = ["sh", "-c", "test \"$(cat /work/out)\" = hello -a -n \"$POD_IP\""] }, PeriodSeconds = 1, TimeoutSeconds = 5, FailureThreshold = 1, SuccessThreshold = 1 };
        pod.Spec.Volumes = [new Volume { Name = "config", ConfigMap = new ConfigMapVolumeSource { Name = "settings" } }, new Volume { Name = "work", EmptyDir = new EmptyDirVolumeSource() }];
        _fixture.Put(pod);
        AwaitCondition(() => _fixture.Status(pod)?.ContainerStatuses?[0].Ready == true, TimeSpan.FromSeconds(30));
        _fixture.Status(pod)!.PodIP.ShouldStartWith("10.189.");
        var id = _fixture.Status(pod)!.ContainerStatuses![0].ContainerID;

        await _fixture.Agent!.StopAsync();
        _fixture.Put(pod);
        _fixture.Start();
        AwaitCondition(() => _fixture.NodeStatus?.Conditions?.Single(c => c.Type == "Ready").Status == "True", TimeSpan.FromSeconds(20));
        await _runtime.StopContainerAsync(id["docker://".Length..], TimeSpan.Zero, CancellationToken.None);
        AwaitAssert(() => Described(pod).StartsWith("restarts 1, ready True", StringComparison.Ordinal).ShouldBeTrue(Described(pod)), TimeSpan.FromSeconds(20));
        _fixture.Status(pod)!.ContainerStatuses![0].LastTerminationState.Terminated!.ContainerID.ShouldBe(id);

        pod.Metadata.DeletionTimestamp = TimeProvider.System.GetUtcNow();
        pod.Metadata.DeletionGracePeriodSeconds = 10;
        _fixture.Put(pod);
        AwaitCondition(() => _fixture.Gone.Contains(pod.Metadata.UID), TimeSpan.FromSeconds(30));
        (await _runtime.ListAsync(CancellationToken.None)).ShouldBeEmpty();
        Directory.Exists(Path.Combine(_fixture.DataDirectory, "nodes/node-1/pods", pod.Metadata.UID)).ShouldBeFalse();
    }

    /// <summary>The pod's state and events: what a failing test needs to say.</summary>
    private string Described(Pod pod)
    {
        var container = _fixture.Status(pod)!.ContainerStatuses![0];
        return $"restarts {container.RestartCount}, ready {container.Ready}, waiting {container.State.Waiting?.Reason} {container.State.Waiting?.Message}\n"
            + string.Join('\n', _fixture.Events.Select(e => $"{e.Reason}: {e.Message}"));
    }
}
