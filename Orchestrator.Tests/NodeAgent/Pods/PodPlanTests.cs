using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.Resources.Types.Core.V1;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.NodeAgent.Pods.PodBuilder;

namespace Orchestrator.Tests.NodeAgent.Pods;

public sealed class PodPlanTests
{
    [Fact]
    public void A_new_pod_gets_its_sandbox_first()
    {
        var actions = PodPlan.Next(Input(Pod(), ObservedPod.Empty));
        actions.CreateSandbox.ShouldBe(0);
        actions.Start.ShouldBeEmpty();
    }

    [Fact]
    public void All_containers_start_together_once_the_sandbox_runs() =>
        PodPlan.Next(Input(Pod(containers: [Container("a"), Container("b")]), WithSandbox())).Start.Select(s => s.Container.Name).ShouldBe(["a", "b"]);

    [Fact]
    public void Containers_wait_for_volumes() => PodPlan.Next(Input(Pod(), WithSandbox()) with { VolumesReady = false }).Start.ShouldBeEmpty();

    [Fact]
    public void Init_containers_run_one_after_the_other()
    {
        var pod = Pod();
        pod.Spec.InitContainers = [Container("first"), Container("second")];
        PodPlan.Next(Input(pod, WithSandbox())).Start.Single().Container.Name.ShouldBe("first");
        PodPlan.Next(Input(pod, WithSandbox(Observed("first", ContainerPhase.Running)))).Start.ShouldBeEmpty();
        PodPlan.Next(Input(pod, WithSandbox(Observed("first", ContainerPhase.Exited)))).Start.Single().Container.Name.ShouldBe("second");
        PodPlan.Next(Input(pod, WithSandbox(Observed("first", ContainerPhase.Exited), Observed("second", ContainerPhase.Exited)))).Start.Single().Container.Name.ShouldBe("main");
    }

    [Fact]
    public void A_sidecar_holds_the_containers_back_until_it_has_started()
    {
        var pod = Pod();
        var sidecar = Container("proxy");
        sidecar.RestartPolicy = "Always";
        pod.Spec.InitContainers = [sidecar];
        var observed = WithSandbox(Observed("proxy", ContainerPhase.Running));
        PodPlan.Next(Input(pod, observed)).Start.ShouldBeEmpty();
        PodPlan.Next(Input(pod, observed) with { Health = new Dictionary<string, ContainerHealth> { ["proxy"] = new(true, true, null) } })
            .Start.Single().Container.Name.ShouldBe("main");
    }

    [Theory]
    [InlineData("Always", 0, true)]
    [InlineData("Always", 1, true)]
    [InlineData("OnFailure", 0, false)]
    [InlineData("OnFailure", 1, true)]
    [InlineData("Never", 0, false)]
    [InlineData("Never", 1, false)]
    public void A_container_that_ended_is_restarted_by_policy(string policy, int exitCode, bool restarts)
    {
        var actions = PodPlan.Next(Input(Pod(restartPolicy: policy), WithSandbox(Observed("main", ContainerPhase.Exited, exitCode))));
        actions.Start.Count.ShouldBe(restarts ? 1 : 0);
        actions.Finished.ShouldBe(!restarts);
        if (restarts) actions.Start[0].Attempt.ShouldBe(1);
        else actions.RemoveSandboxes.ShouldBe(["s0"]);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 10)]
    [InlineData(2, 20)]
    [InlineData(5, 160)]
    [InlineData(6, 300)]
    [InlineData(40, 300)]
    public void Restarts_back_off_from_ten_seconds_to_five_minutes(int level, int seconds) => RestartBackOff.Delay(level).ShouldBe(TimeSpan.FromSeconds(seconds));

    [Fact]
    public void A_crashing_container_waits_for_its_back_off_and_wakes_in_time()
    {
        var observed = WithSandbox(Observed("main", ContainerPhase.Exited, 1, attempt: 2, level: 2));
        var actions = PodPlan.Next(Input(Pod(), observed, Start.AddSeconds(5)));
        actions.Start.ShouldBeEmpty();
        actions.BackingOff["main"].ShouldBe(TimeSpan.FromSeconds(20));
        actions.WakeAt.ShouldBe(Start.AddSeconds(21));
        PodPlan.Next(Input(Pod(), observed, Start.AddSeconds(21))).Start.Single().BackOffLevel.ShouldBe(3);
    }

    [Fact]
    public void A_try_of_more_than_ten_minutes_resets_the_back_off()
    {
        var (_, delay, level) = RestartBackOff.Next(Observed("main", ContainerPhase.Exited, 1, attempt: 9, level: 9, ranSeconds: 601));
        delay.ShouldBe(TimeSpan.Zero);
        level.ShouldBe(1);
    }

    [Fact]
    public void A_dead_sandbox_takes_its_containers_along_before_the_next_one_is_made()
    {
        var dead = ObservedPod.Empty.With(new ObservedSandbox("s0", 0, false, null, Start));
        var first = PodPlan.Next(Input(Pod(), dead.With(Observed("main", ContainerPhase.Running))));
        first.Kill.Single().Name.ShouldBe("main");
        first.CreateSandbox.ShouldBeNull();
        PodPlan.Next(Input(Pod(), dead.With(Observed("main", ContainerPhase.Exited, 137)))).CreateSandbox.ShouldBe(1);
    }

    [Fact]
    public void Init_containers_run_again_in_a_new_sandbox()
    {
        var pod = Pod();
        pod.Spec.InitContainers = [Container("init")];
        var observed = WithSandbox(Observed("init", ContainerPhase.Exited, sandbox: "old"), Observed("main", ContainerPhase.Exited, 137, sandbox: "old"));
        var start = PodPlan.Next(Input(pod, observed)).Start.Single();
        start.Container.Name.ShouldBe("init");
        start.Attempt.ShouldBe(1);
    }

    [Fact]
    public void A_failed_init_container_ends_a_pod_that_is_never_restarted()
    {
        var pod = Pod(restartPolicy: "Never");
        pod.Spec.InitContainers = [Container("init")];
        PodPlan.Next(Input(pod, WithSandbox(Observed("init", ContainerPhase.Exited, 3)))).Finished.ShouldBeTrue();
    }

    [Fact]
    public void Stopping_kills_containers_then_sidecars_then_removes_the_sandbox()
    {
        var pod = Pod();
        var sidecar = Container("proxy");
        sidecar.RestartPolicy = "Always";
        pod.Spec.InitContainers = [sidecar];
        PodPlan.Next(Input(pod, WithSandbox(Observed("proxy", ContainerPhase.Running), Observed("main", ContainerPhase.Running)), stopping: true)).Kill.Single().Name.ShouldBe("main");
        PodPlan.Next(Input(pod, WithSandbox(Observed("proxy", ContainerPhase.Running), Observed("main", ContainerPhase.Exited)), stopping: true)).Kill.Single().Name.ShouldBe("proxy");
        PodPlan.Next(Input(pod, WithSandbox(Observed("proxy", ContainerPhase.Exited), Observed("main", ContainerPhase.Exited)), stopping: true)).RemoveSandboxes.ShouldBe(["s0"]);
        PodPlan.Next(Input(pod, ObservedPod.Empty.With(Observed("main", ContainerPhase.Exited)), stopping: true)).Stopped.ShouldBeTrue();
    }

    [Fact]
    public void A_changed_image_replaces_the_running_container()
    {
        var pod = Pod();
        pod.Spec.Containers![0].Image = "busybox:2";
        PodPlan.Next(Input(pod, WithSandbox(Observed("main", ContainerPhase.Running)))).Kill.Single().Message.ShouldBe("Container main definition changed, will be restarted");
    }

    [Fact]
    public void A_start_that_was_cut_short_is_made_again_as_the_same_try()
    {
        var start = PodPlan.Next(Input(Pod(), WithSandbox(Observed("main", ContainerPhase.Created, attempt: 3)))).Start.Single();
        start.Attempt.ShouldBe(3);
        start.Leftover.ShouldBe("main-3");
    }

    [Fact]
    public void A_list_older_than_a_death_does_not_bring_the_dead_back()
    {
        var known = WithSandbox(Observed("main", ContainerPhase.Exited, 137));
        var list = WithSandbox(Observed("main", ContainerPhase.Running));
        known.Relisted(list).Newest("main")!.HasEnded.ShouldBeTrue();
    }
}
