using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Runtime.Simulated;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Tests.NodeAgent.Pods;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.NodeAgent.Pods.PodBuilder;

namespace Orchestrator.Tests.NodeAgent.Agent;

public sealed class PodLifecycleTests : SimulatedAgentTest
{
    [Fact]
    public void A_pod_comes_up_with_the_events_users_know()
    {
        Use(new SimulatedOptions());
        var pod = Pod();
        Fixture.Put(pod);
        Until(() => Fixture.Status(pod)?.Phase == "Running");
        Fixture.Status(pod)!.Conditions!.Single(c => c.Type == "Ready").Status.ShouldBe("True");
        Fixture.Status(pod)!.PodIP.ShouldStartWith("10.244.1.");
        Fixture.Events.Select(e => e.Reason).ShouldBe(["Pulling", "Pulled", "Created", "Started"]);
    }

    [Fact]
    public void A_crashing_container_is_restarted_at_once_and_then_backs_off()
    {
        Use(new SimulatedOptions { Behaviour = _ => new SimulatedBehaviour { EndsAfter = TimeSpan.FromSeconds(1), ExitCode = 1 } });
        var pod = Pod();
        Fixture.Put(pod);
        Until(() => Fixture.Status(pod)?.Phase == "Running");
        // Time stands still until the agent has seen what happened: nothing can pass by unseen.
        Time.Advance(TimeSpan.FromSeconds(1));
        Until(() => Fixture.Status(pod)!.ContainerStatuses![0] is { RestartCount: 1, State.Running: not null });
        Time.Advance(TimeSpan.FromSeconds(1));
        Until(() => Fixture.Status(pod)!.ContainerStatuses![0] is { RestartCount: 1, State.Waiting.Reason: "CrashLoopBackOff" });
        Fixture.Status(pod)!.ContainerStatuses![0].State.Waiting!.Message.ShouldStartWith("back-off 10s restarting failed container=main");
        Until(() => Fixture.Status(pod)!.ContainerStatuses![0].RestartCount >= 2, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void An_image_that_does_not_exist_is_tried_again_with_back_off()
    {
        Use(new SimulatedOptions { PullError = image => $"manifest for {image} not found" });
        var pod = Pod();
        Fixture.Put(pod);
        Until(() => Fixture.Status(pod)?.ContainerStatuses![0].State.Waiting?.Reason == "ErrImagePull");
        Until(() => Fixture.Status(pod)!.ContainerStatuses![0].State.Waiting?.Reason == "ImagePullBackOff", TimeSpan.FromSeconds(1));
        Fixture.Events.ShouldContain(e => e.Message == "Failed to pull image \"busybox:1\": manifest for busybox:1 not found");
        Fixture.Events.ShouldContain(e => e.Reason == "BackOff" && e.Message == "Back-off pulling image \"busybox:1\"");
    }

    [Fact]
    public void A_deleted_pod_stops_within_its_grace_and_leaves_nothing()
    {
        Use(new SimulatedOptions { Behaviour = _ => new SimulatedBehaviour { StopTakes = TimeSpan.FromSeconds(5) } });
        var pod = Pod();
        Fixture.Put(pod);
        Until(() => Fixture.Status(pod)?.Phase == "Running");
        pod.Metadata.DeletionTimestamp = VirtualNow;
        pod.Metadata.DeletionGracePeriodSeconds = 30;
        Fixture.Put(pod);
        Until(() => Fixture.Gone.Contains(pod.Metadata.UID), TimeSpan.FromSeconds(1));
        List().ShouldBeEmpty();
        Fixture.Events.ShouldContain(e => e.Reason == "Killing" && e.Message == "Stopping container main");
        Fixture.Status(pod)!.ContainerStatuses![0].State.Terminated!.ExitCode.ShouldBe(143);
    }

    [Fact]
    public void A_dead_sandbox_is_replaced_and_the_pod_runs_again()
    {
        Use(new SimulatedOptions());
        var pod = Pod();
        Fixture.Put(pod);
        Until(() => Fixture.Status(pod)?.Phase == "Running");
        var sandbox = List().Single(c => PodLabels.Get(c.Labels, PodLabels.Role) == PodLabels.SandboxRole);
        Runtime.Crash(sandbox.Id, 137);
        Until(() => Fixture.Status(pod)!.ContainerStatuses![0] is { RestartCount: 1, Ready: true });
        Fixture.Events.ShouldContain(e => e.Reason == "SandboxChanged");
        Until(() => List().Count(c => PodLabels.Get(c.Labels, PodLabels.Role) == PodLabels.SandboxRole) == 1);
    }

    [Fact]
    public async Task A_new_agent_adopts_what_runs_and_removes_what_is_not_its_own()
    {
        Use(new SimulatedOptions());
        var (kept, orphan) = (Pod("kept"), Pod("orphan"));
        Fixture.Put(kept);
        Fixture.Put(orphan);
        Until(() => Fixture.Status(kept)?.Phase == "Running" && Fixture.Status(orphan)?.Phase == "Running");
        await Fixture.Agent!.StopAsync();
        Fixture.Put(kept);
        var starts = Runtime.Calls["start"];
        Fixture.Remove(orphan);
        Fixture.Start();
        Until(() => List().All(c => PodLabels.Get(c.Labels, PodLabels.PodName) == "kept"));
        List().Count.ShouldBe(2);
        Runtime.Calls["start"].ShouldBe(starts);
        Fixture.Status(kept)!.ContainerStatuses![0].RestartCount.ShouldBe(0);
    }

    [Fact]
    public void A_dead_engine_makes_the_node_not_ready_and_everything_resumes()
    {
        Use(new SimulatedOptions());
        var first = Pod("first");
        Fixture.Put(first);
        Until(() => Fixture.Status(first)?.Phase == "Running");
        Runtime.GoDown("connection refused");
        Until(() => Ready() == "False", TimeSpan.FromSeconds(1));
        Fixture.NodeStatus!.Conditions!.Single(c => c.Type == "Ready").Message.ShouldBe("container runtime is down: connection refused");
        var second = Pod("second");
        Fixture.Put(second);
        Runtime.ComeBack();
        Until(() => Ready() == "True" && Fixture.Status(second)?.Phase == "Running", TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void A_failing_liveness_probe_restarts_the_container()
    {
        var healthy = true;
        Use(new SimulatedOptions { Exec = (_, _) => healthy ? new ExecResult(0, "") : new ExecResult(1, "broken") });
        var pod = Pod();
        pod.Spec.Containers![0].LivenessProbe = new Probe { Exec = new ExecAction { Command = ["check"] }, PeriodSeconds = 10, FailureThreshold = 2, TimeoutSeconds = 1, SuccessThreshold = 1 };
        Fixture.Put(pod);
        Until(() => Fixture.Status(pod)?.Phase == "Running");
        healthy = false;
        Until(() => Fixture.Status(pod)!.ContainerStatuses![0].RestartCount >= 1, TimeSpan.FromSeconds(5));
        Fixture.Events.ShouldContain(e => e.Reason == "Unhealthy" && e.Message == "Liveness probe failed: broken");
        Fixture.Events.ShouldContain(e => e.Reason == "Killing" && e.Message == "Container main failed liveness probe, will be restarted");
    }

    [Fact]
    public void Readiness_follows_its_probe()
    {
        var healthy = false;
        Use(new SimulatedOptions { Exec = (_, _) => new ExecResult(healthy ? 0 : 1, "not yet") });
        var pod = Pod();
        pod.Spec.Containers![0].ReadinessProbe = new Probe { Exec = new ExecAction { Command = ["check"] }, PeriodSeconds = 1, FailureThreshold = 1, TimeoutSeconds = 1, SuccessThreshold = 1 };
        Fixture.Put(pod);
        Until(() => Fixture.Status(pod)?.Phase == "Running");
        Fixture.Status(pod)!.ContainerStatuses![0].Ready.ShouldBeFalse();
        healthy = true;
        Until(() => Fixture.Status(pod)!.ContainerStatuses![0].Ready, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void A_readiness_that_was_withdrawn_while_the_node_was_taken_for_lost_is_reported_again()
    {
        Use(new SimulatedOptions());
        var pod = Pod();
        Fixture.Put(pod);
        Until(() => Ready() == "True", TimeSpan.FromSeconds(1));
        Fixture.Overrule(pod, "False");
        Ready().ShouldBe("False");
        Until(() => Ready() == "True", TimeSpan.FromSeconds(1));

        string? Ready() => Fixture.Status(pod)?.Conditions?.FirstOrDefault(c => c.Type == "Ready")?.Status;
    }

    [Fact]
    public void A_missing_config_map_holds_the_pod_until_it_appears()
    {
        Use(new SimulatedOptions());
        var pod = Pod();
        pod.Spec.Volumes = [new Volume { Name = "config", ConfigMap = new ConfigMapVolumeSource { Name = "settings" } }];
        pod.Spec.Containers![0].VolumeMounts = [new VolumeMount { Name = "config", MountPath = "/config" }];
        Fixture.Put(pod);
        Until(() => Fixture.Events.Any(e => e.Reason == "FailedMount"));
        Fixture.Events.First(e => e.Reason == "FailedMount").Message.ShouldBe("MountVolume.SetUp failed for volume \"config\" : configmap \"settings\" not found");
        Fixture.PutConfigMap("settings", ("key", "value"));
        Until(() => Fixture.Status(pod)?.Phase == "Running");
        var path = Path.Combine(Fixture.DataDirectory, "nodes/node-1/pods", pod.Metadata.UID, "volumes/kubernetes.io~configmap/config/key");
        File.ReadAllText(path).ShouldBe("value");
        Fixture.PutConfigMap("settings", ("key", "changed"));
        Until(() => File.ReadAllText(path) == "changed");
    }

    [Fact]
    public void A_pod_over_its_deadline_fails()
    {
        Use(new SimulatedOptions());
        var pod = Pod();
        pod.Spec.ActiveDeadlineSeconds = 20;
        Fixture.Put(pod);
        Until(() => Fixture.Status(pod)?.Phase == "Running");
        Until(() => Fixture.Status(pod)!.Phase == "Failed", TimeSpan.FromSeconds(5));
        Fixture.Status(pod)!.Reason.ShouldBe("DeadlineExceeded");
        Until(() => List().All(c => c.Phase != ContainerPhase.Running));
    }

    [Fact]
    public void A_finished_pod_keeps_its_containers_for_their_logs_and_frees_its_sandbox()
    {
        Use(new SimulatedOptions { Behaviour = _ => new SimulatedBehaviour { EndsAfter = TimeSpan.FromSeconds(3) } });
        var pod = Pod(restartPolicy: "Never");
        Fixture.Put(pod);
        Until(() => Fixture.Status(pod)?.Phase == "Running");
        Until(() => Fixture.Status(pod)!.Phase == "Succeeded" && List().Count == 1, TimeSpan.FromSeconds(1));
        List().Single().Phase.ShouldBe(ContainerPhase.Exited);
    }

    private string? Ready() => Fixture.NodeStatus?.Conditions?.Single(c => c.Type == "Ready").Status;
}
