using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Core.V1;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.NodeAgent.Pods.PodBuilder;

namespace Orchestrator.Tests.NodeAgent.Pods;

public sealed class PodStatusTests
{
    private static readonly Dictionary<string, ContainerHealth> Healthy = new() { ["main"] = new(true, true, null) };

    [Fact]
    public void Before_anything_runs_the_pod_is_pending_and_its_container_is_being_created()
    {
        var status = Build(Pod(), ObservedPod.Empty);
        status.Phase.ShouldBe("Pending");
        status.ContainerStatuses!.Single().State.Waiting!.Reason.ShouldBe("ContainerCreating");
        Condition(status, "Ready").Message.ShouldBe("containers with unready status: [main]");
        Condition(status, "PodReadyToStartContainers").Status.ShouldBe("False");
    }

    [Fact]
    public void A_running_healthy_pod_is_ready_with_its_address()
    {
        var status = Build(Pod(), WithSandbox(Observed("main", ContainerPhase.Running)), Healthy);
        status.Phase.ShouldBe("Running");
        status.PodIP.ShouldBe("10.244.0.2");
        status.ContainerStatuses!.Single().ContainerID.ShouldBe("docker://main-0");
        status.Conditions!.ShouldAllBe(c => c.Status == "True");
    }

    [Fact]
    public void Init_containers_that_have_not_run_make_the_pod_initialize()
    {
        var pod = Pod();
        pod.Spec.InitContainers = [Container("init")];
        var status = Build(pod, WithSandbox(Observed("init", ContainerPhase.Running)));
        status.ContainerStatuses!.Single().State.Waiting!.Reason.ShouldBe("PodInitializing");
        Condition(status, "Initialized").Message.ShouldBe("containers with incomplete status: [init]");
    }

    [Fact]
    public void A_crash_loop_says_how_long_it_waits_and_how_it_ended()
    {
        var status = PodStatusBuilder.Build(new PodStatusInput
        {
            Pod = Pod(),
            Containers = PodContainers.Of(Pod().Spec),
            Observed = WithSandbox(Observed("main", ContainerPhase.Exited, 1, attempt: 2)),
            Now = Start,
            BackingOff = new Dictionary<string, TimeSpan> { ["main"] = TimeSpan.FromSeconds(80) },
        });
        var container = status.ContainerStatuses!.Single();
        container.State.Waiting!.Reason.ShouldBe("CrashLoopBackOff");
        container.State.Waiting.Message.ShouldBe("back-off 1m20s restarting failed container=main pod=web_default(uid-web)");
        container.LastTerminationState.Terminated!.Reason.ShouldBe("Error");
        container.RestartCount.ShouldBe(2);
        status.Phase.ShouldBe("Running");
    }

    [Theory]
    [InlineData("Never", 0, "Succeeded", "Completed")]
    [InlineData("Never", 7, "Failed", "Error")]
    [InlineData("OnFailure", 0, "Succeeded", "Completed")]
    [InlineData("Always", 0, "Running", "Completed")]
    public void The_phase_of_ended_containers_follows_the_policy(string policy, int exit, string phase, string reason)
    {
        var status = Build(Pod(restartPolicy: policy), WithSandbox(Observed("main", ContainerPhase.Exited, exit)));
        status.Phase.ShouldBe(phase);
        status.ContainerStatuses!.Single().State.Terminated!.Reason.ShouldBe(reason);
    }

    [Fact]
    public void Transition_times_stay_where_nothing_changed()
    {
        var pod = Pod();
        pod.Status = Build(pod, WithSandbox(Observed("main", ContainerPhase.Running)), Healthy);
        var later = PodStatusBuilder.Build(new PodStatusInput
        {
            Pod = pod,
            Containers = PodContainers.Of(pod.Spec),
            Observed = WithSandbox(Observed("main", ContainerPhase.Running)),
            Health = Healthy,
            Now = Start.AddHours(1),
        });
        TypedJson.Same(later, pod.Status).ShouldBeTrue();
    }

    private static PodStatus Build(Pod pod, ObservedPod observed, IReadOnlyDictionary<string, ContainerHealth>? health = null) => PodStatusBuilder.Build(
        new PodStatusInput { Pod = pod, Containers = PodContainers.Of(pod.Spec), Observed = observed, Health = health ?? new Dictionary<string, ContainerHealth>(), Now = Start });

    private static PodCondition Condition(PodStatus status, string type) => status.Conditions!.Single(c => c.Type == type);
}
