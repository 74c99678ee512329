using Orchestrator.Actors.Workloads;
using Orchestrator.Resources.Types.Apps.V1;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Meta.V1;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Actors.Workloads;

public sealed class ReplicaSetPlanTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(5, 0, 1, 1)]
    [InlineData(5, 1, 2, 2)]
    [InlineData(5, 3, 4, 2)]
    [InlineData(2000, 0, 512, 500)]
    public void Missing_pods_are_created_in_batches(int replicas, int there, int batch, int created) =>
        Next(Set(replicas), Pods(there), batch).Actions.ShouldBe([new ReplicaSetAction.Create(created)]);

    [Fact]
    public void While_waiting_after_a_refusal_nothing_is_created() => Next(Set(3), [], batch: 0).Actions.ShouldBeEmpty();

    [Fact]
    public void Ended_and_terminating_pods_do_not_count()
    {
        var pods = Pods(3);
        pods[0].Status.Phase = "Failed";
        pods[1].Metadata.DeletionTimestamp = Now;
        var decision = Next(Set(3), pods, 8);
        decision.Actions.ShouldBe([new ReplicaSetAction.Create(2)]);
        decision.Status.Replicas.ShouldBe(1);
    }

    [Fact]
    public void Surplus_pods_go_not_ready_ones_first()
    {
        var pods = Pods(3);
        pods[1].Status.Conditions = null;
        Next(Set(2), pods, 1).Actions.ShouldBe([new ReplicaSetAction.Delete(pods[1])]);
    }

    [Fact]
    public void Claims_are_settled_before_numbers()
    {
        var pods = Pods(3);
        pods[0].Metadata.OwnerReferences = null;
        pods[1].Metadata.Labels = new() { ["app"] = "other" };
        pods[2].Metadata.OwnerReferences![0].UID = "someone-else";
        Next(Set(5), pods, 8).Actions.ShouldBe([new ReplicaSetAction.Adopt(pods[0]), new ReplicaSetAction.Release(pods[1])]);
    }

    [Fact]
    public void A_terminating_set_neither_claims_nor_scales()
    {
        var set = Set(3);
        set.Metadata.DeletionTimestamp = Now;
        var pods = Pods(1);
        pods[0].Metadata.OwnerReferences = null;
        Next(set, pods, 8).Actions.ShouldBeEmpty();
    }

    [Fact]
    public void Available_means_ready_for_minReadySeconds_and_the_loop_comes_back_in_time()
    {
        var set = Set(2);
        set.Spec.MinReadySeconds = 10;
        var pods = Pods(2);
        pods[0].Status.Conditions![0].LastTransitionTime = Now.AddSeconds(-10);
        pods[1].Status.Conditions![0].LastTransitionTime = Now.AddSeconds(-3);
        var decision = Next(set, pods, 1);
        (decision.Status.ReadyReplicas, decision.Status.AvailableReplicas).ShouldBe((2, 1));
        decision.LookAgainAfter.ShouldBe(TimeSpan.FromSeconds(7));
    }

    [Fact]
    public void A_failure_is_a_condition_until_the_numbers_are_right()
    {
        var condition = Next(Set(2), Pods(1), 0, "quota").Status.Conditions!.Single();
        (condition.Type, condition.Status, condition.Reason, condition.Message).ShouldBe(("ReplicaFailure", "True", "FailedCreate", "quota"));
        Next(Set(1), Pods(1), 0, "quota").Status.Conditions.ShouldBeNull();
    }

    private static ReplicaSetDecision Next(ReplicaSet set, List<Pod> pods, int batch, string? failure = null) =>
        ReplicaSetPlan.Next(set, pods.ConvertAll(ReplicaPod.Of), _ => 0, labels => labels?.GetValueOrDefault("app") == "web", batch, failure, Now);

    private static ReplicaSet Set(int replicas) => new()
    {
        Metadata = new ObjectMeta { Name = "web", UID = "set", Generation = 3 },
        Spec = new ReplicaSetSpec { Replicas = replicas, Template = WorkloadObjects.Template("app:1") },
    };

    private static List<Pod> Pods(int count) =>
    [
        .. Enumerable.Range(0, count).Select(i => new Pod
        {
            Metadata = new ObjectMeta { Name = $"p{i}", UID = $"p{i}", Labels = new() { ["app"] = "web" }, OwnerReferences = [new OwnerReference { UID = "set", Controller = true }] },
            Spec = new PodSpec { NodeName = "n" },
            Status = new PodStatus { Phase = "Running", Conditions = [new PodCondition { Type = "Ready", Status = "True", LastTransitionTime = Now.AddHours(-1) }] },
        }),
    ];
}
