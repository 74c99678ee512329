using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Runtime.Simulated;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Tests.NodeAgent.Pods;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.NodeAgent.Pods.PodBuilder;
using ContainerState = Orchestrator.NodeAgent.Runtime.ContainerState;

namespace Orchestrator.Tests.NodeAgent.Agent;

public sealed class PodLifecycleTests : Orchestrator.TestKit.TestKit
{
    private SimulatedRuntime _runtime = null!;
    private AgentFixture _fixture = null!;

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _fixture.Dispose();
    }

    [Fact]
    public void A_pod_comes_up_with_the_events_users_know()
    {
        Use(new SimulatedOptions());
        var pod = Pod();
        _fixture.Put(pod);
        Until(() => _fixture.Status(pod)?.Phase == "Running");
        _fixture.Status(pod)!.Conditions!.Single(c => c.Type == "Ready").Status.ShouldBe("True");
        _fixture.Status(pod)!.PodIP.ShouldStartWith("10.244.1.");
        _fixture.Events.Select(e => e.Reason).ShouldBe(["Pulling", "Pulled", "Created", "Started"]);
    }

    [Fact]
    public void A_crashing_container_is_restarted_at_once_and_then_backs_off()
    {
        Use(new SimulatedOptions { Behaviour = _ => new SimulatedBehaviour { EndsAfter = TimeSpan.FromSeconds(1), ExitCode = 1 } });
        var pod = Pod();
        _fixture.Put(pod);
        Until(() => _fixture.Status(pod)?.Phase == "Running");
        Until(() => _fixture.Status(pod)!.ContainerStatuses![0] is { RestartCount: 1, State.Waiting.Reason: "CrashLoopBackOff" }, TimeSpan.FromMilliseconds(500));
        _fixture.Status(pod)!.ContainerStatuses![0].State.Waiting!.Message.ShouldStartWith("back-off 10s restarting failed container=main");
        Until(() => _fixture.Status(pod)!.ContainerStatuses![0].RestartCount == 2, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void An_image_that_does_not_exist_is_tried_again_with_back_off()
    {
        Use(new SimulatedOptions { PullError = image => $"manifest for {image} not found" });
        var pod = Pod();
        _fixture.Put(pod);
        Until(() => _fixture.Status(pod)?.ContainerStatuses![0].State.Waiting?.Reason == "ErrImagePull");
        Until(() => _fixture.Status(pod)!.ContainerStatuses![0].State.Waiting?.Reason == "ImagePullBackOff", TimeSpan.FromSeconds(1));
        _fixture.Events.ShouldContain(e => e.Message == "Failed to pull image \"busybox:1\": manifest for busybox:1 not found");
        _fixture.Events.ShouldContain(e => e.Reason == "BackOff" && e.Message == "Back-off pulling image \"busybox:1\"");
    }

    [Fact]
    public void A_deleted_pod_stops_within_its_grace_and_leaves_nothing()
    {
        Use(new SimulatedOptions { Behaviour = _ => new SimulatedBehaviour { StopTakes = TimeSpan.FromSeconds(5) } });
        var pod = Pod();
        _fixture.Put(pod);
        Until(() => _fixture.Status(pod)?.Phase == "Running");
        pod.Metadata.DeletionTimestamp = VirtualNow;
        pod.Metadata.DeletionGracePeriodSeconds = 30;
        _fixture.Put(pod);
        Until(() => _fixture.Gone.Contains(pod.Metadata.UID), TimeSpan.FromSeconds(1));
        List().ShouldBeEmpty();
        _fixture.Events.ShouldContain(e => e.Reason == "Killing" && e.Message == "Stopping container main");
        _fixture.Status(pod)!.ContainerStatuses![0].State.Terminated!.ExitCode.ShouldBe(143);
    }

    [Fact]
    public void A_dead_sandbox_is_replaced_and_the_pod_runs_again()
    {
        Use(new SimulatedOptions());
        var pod = Pod();
        _fixture.Put(pod);
        Until(() => _fixture.Status(pod)?.Phase == "Running");
        var sandbox = List().Single(c => PodLabels.Get(c.Labels, PodLabels.Role) == PodLabels.SandboxRole);
        _runtime.Crash(sandbox.Id, 137);
        Until(() => _fixture.Status(pod)!.ContainerStatuses![0] is { RestartCount: 1, Ready: true });
        _fixture.Events.ShouldContain(e => e.Reason == "SandboxChanged");
        Until(() => List().Count(c => PodLabels.Get(c.Labels, PodLabels.Role) == PodLabels.SandboxRole) == 1);
    }

    [Fact]
    public async Task A_new_agent_adopts_what_runs_and_removes_what_is_not_its_own()
    {
        Use(new SimulatedOptions());
        var (kept, orphan) = (Pod("kept"), Pod("orphan"));
        _fixture.Put(kept);
        _fixture.Put(orphan);
        Until(() => _fixture.Status(kept)?.Phase == "Running" && _fixture.Status(orphan)?.Phase == "Running");
        await _fixture.Agent!.StopAsync();
        _fixture.Put(kept);
        var starts = _runtime.Calls["start"];
        _fixture.Remove(orphan);
        _fixture.Start();
        Until(() => List().All(c => PodLabels.Get(c.Labels, PodLabels.PodName) == "kept"));
        List().Count.ShouldBe(2);
        _runtime.Calls["start"].ShouldBe(starts);
        _fixture.Status(kept)!.ContainerStatuses![0].RestartCount.ShouldBe(0);
    }

    [Fact]
    public void A_dead_engine_makes_the_node_not_ready_and_everything_resumes()
    {
        Use(new SimulatedOptions());
        var first = Pod("first");
        _fixture.Put(first);
        Until(() => _fixture.Status(first)?.Phase == "Running");
        _runtime.GoDown("connection refused");
        Until(() => Ready() == "False", TimeSpan.FromSeconds(1));
        _fixture.NodeStatus!.Conditions!.Single(c => c.Type == "Ready").Message.ShouldBe("container runtime is down: connection refused");
        var second = Pod("second");
        _fixture.Put(second);
        _runtime.ComeBack();
        Until(() => Ready() == "True" && _fixture.Status(second)?.Phase == "Running", TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void A_failing_liveness_probe_restarts_the_container()
    {
        var healthy = true;
        Use(new SimulatedOptions { Exec = (_, _) => healthy ? new ExecResult(0, "") : new ExecResult(1, "broken") });
        var pod = Pod();
        pod.Spec.Containers![0].LivenessProbe = new Probe { Exec = new ExecAction { Command = ["check"] }, PeriodSeconds = 10, FailureThreshold = 2, TimeoutSeconds = 1, SuccessThreshold = 1 };
        _fixture.Put(pod);
        Until(() => _fixture.Status(pod)?.Phase == "Running");
        healthy = false;
        Until(() => _fixture.Status(pod)!.ContainerStatuses![0].RestartCount == 1, TimeSpan.FromSeconds(5));
        _fixture.Events.ShouldContain(e => e.Reason == "Unhealthy" && e.Message == "Liveness probe failed: broken");
        _fixture.Events.ShouldContain(e => e.Reason == "Killing" && e.Message == "Container main failed liveness probe, will be restarted");
    }

    [Fact]
    public void Readiness_follows_its_probe()
    {
        var healthy = false;
        Use(new SimulatedOptions { Exec = (_, _) => new ExecResult(healthy ? 0 : 1, "not yet") });
        var pod = Pod();
        pod.Spec.Containers![0].ReadinessProbe = new Probe { Exec = new ExecAction { Command = ["check"] }, PeriodSeconds = 1, FailureThreshold = 1, TimeoutSeconds = 1, SuccessThreshold = 1 };
        _fixture.Put(pod);
        Until(() => _fixture.Status(pod)?.Phase == "Running");
        _fixture.Status(pod)!.ContainerStatuses![0].Ready.ShouldBeFalse();
        healthy = true;
        Until(() => _fixture.Status(pod)!.ContainerStatuses![0].Ready, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void A_missing_config_map_holds_the_pod_until_it_appears()
    {
        Use(new SimulatedOptions());
        var pod = Pod();
        pod.Spec.Volumes = [new Volume { Name = "config", ConfigMap = new ConfigMapVolumeSource { Name = "settings" } }];
        pod.Spec.Containers![0].VolumeMounts = [new VolumeMount { Name = "config", MountPath = "/config" }];
        _fixture.Put(pod);
        Until(() => _fixture.Events.Any(e => e.Reason == "FailedMount"));
        _fixture.Events.First(e => e.Reason == "FailedMount").Message.ShouldBe("MountVolume.SetUp failed for volume \"config\" : configmap \"settings\" not found");
        _fixture.PutConfigMap("settings", ("key", "value"));
        Until(() => _fixture.Status(pod)?.Phase == "Running");
        var path = Path.Combine(_fixture.DataDirectory, "nodes/node-1/pods", pod.Metadata.UID, "volumes/kubernetes.io~configmap/config/key");
        File.ReadAllText(path).ShouldBe("value");
        _fixture.PutConfigMap("settings", ("key", "changed"));
        Until(() => File.ReadAllText(path) == "changed");
    }

    [Fact]
    public void A_pod_over_its_deadline_fails()
    {
        Use(new SimulatedOptions());
        var pod = Pod();
        pod.Spec.ActiveDeadlineSeconds = 20;
        _fixture.Put(pod);
        Until(() => _fixture.Status(pod)?.Phase == "Running");
        Until(() => _fixture.Status(pod)!.Phase == "Failed", TimeSpan.FromSeconds(5));
        _fixture.Status(pod)!.Reason.ShouldBe("DeadlineExceeded");
        Until(() => List().All(c => c.Phase != ContainerPhase.Running));
    }

    [Fact]
    public void A_finished_pod_keeps_its_containers_for_their_logs_and_frees_its_sandbox()
    {
        Use(new SimulatedOptions { Behaviour = _ => new SimulatedBehaviour { EndsAfter = TimeSpan.FromSeconds(3) } });
        var pod = Pod(restartPolicy: "Never");
        _fixture.Put(pod);
        Until(() => _fixture.Status(pod)?.Phase == "Running");
        Until(() => _fixture.Status(pod)!.Phase == "Succeeded" && List().Count == 1, TimeSpan.FromSeconds(1));
        List().Single().Phase.ShouldBe(ContainerPhase.Exited);
    }

    private DateTimeOffset VirtualNow => Sys.TimeProvider.GetUtcNow();

    private string? Ready() => _fixture.NodeStatus?.Conditions?.Single(c => c.Type == "Ready").Status;

    private IReadOnlyList<ContainerState> List() => _runtime.ListAsync(CancellationToken.None).GetAwaiter().GetResult();

    private void Use(SimulatedOptions options)
    {
        _runtime = new SimulatedRuntime(options, Sys.TimeProvider);
        _fixture = new AgentFixture(Sys, _runtime);
        _fixture.Start();
    }

    /// <summary>Waits for a condition; with a step, virtual time passes while waiting.</summary>
    private void Until(Func<bool> condition, TimeSpan? step = null)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(deadline) > TimeSpan.FromSeconds(20)) throw new TimeoutException("the condition did not come true");
            if (step is { } by) Time.Advance(by);
            Thread.Yield();
        }
    }
}
