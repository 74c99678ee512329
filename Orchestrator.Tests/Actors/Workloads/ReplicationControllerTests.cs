using System.Text;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Workloads;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Tests.Actors.Resources;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Actors.Workloads;

/// <summary>ReplicationControllers run on the ReplicaSet's control loop; what is their own is tested here.</summary>
public sealed class ReplicationControllerTests() : WorkloadTests("worker-1")
{
    private static readonly ResourceKey Web = new("replicationcontrollers", "default", "web");

    [Fact]
    public async Task It_makes_its_pods_owns_them_under_its_own_kind_and_counts_them()
    {
        await Create(2);
        await _plane.EventuallyAsync(() => Status() is { Replicas: 2, FullyLabeledReplicas: 2, ReadyReplicas: 2, AvailableReplicas: 2, ObservedGeneration: 1 });
        foreach (var pod in Pods())
        {
            var owner = pod.Read<Pod>().Metadata.OwnerReferences!.ShouldHaveSingleItem();
            (owner.APIVersion, owner.Kind, owner.Name, owner.UID, owner.Controller).ShouldBe(("v1", "ReplicationController", "web", _plane.Cache.Get(Web)!.Uid, true));
        }
    }

    [Fact]
    public async Task It_follows_its_scale_in_both_directions()
    {
        await Create(1);
        await Scale(3);
        await _plane.EventuallyAsync(() => Status() is { Replicas: 3, ReadyReplicas: 3, ObservedGeneration: 2 });
        await Scale(1);
        await _plane.EventuallyAsync(() => Status() is { Replicas: 1, ObservedGeneration: 3 } && Pods().Count == 1);
    }

    [Fact]
    public async Task A_pod_that_no_longer_matches_is_let_go_and_replaced_and_a_matching_orphan_is_taken_up()
    {
        await Create(1);
        await _plane.EventuallyAsync(() => Status() is { ReadyReplicas: 1 });
        var pod = Pods().Single().Key;
        await _plane.PatchAsync(pod, """{"metadata":{"labels":{"app":"debug"}}}""");
        await _plane.EventuallyAsync(() => _plane.Cache.Get(pod)!.Header.ControllerOwner is null && Pods().Count == 2);
        await Scale(2);
        await _plane.PatchAsync(pod, """{"metadata":{"labels":{"app":"web"}}}""");
        await _plane.EventuallyAsync(() => Pods().Count == 2 && Pods().TrueForAll(p => p.Header.ControllerOwner?.Uid == _plane.Cache.Get(Web)!.Uid) && Status() is { Replicas: 2 });
    }

    [Fact]
    public async Task Why_its_pods_cannot_be_made_is_a_condition_until_they_can()
    {
        await Create(1, """ "serviceAccountName":"nobody", """);
        await _plane.EventuallyAsync(() => Status().Conditions is [{ Type: "ReplicaFailure", Status: "True", Reason: "FailedCreate" }]);
        Status().Conditions![0].Message.ShouldContain("nobody");
        (await _plane.CreateAsync("serviceaccounts", """{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"nobody"}}""")).ShouldBeOfType<ResourceWritten>();
        await _plane.EventuallyAsync(() => Status() is { ReadyReplicas: 1, Conditions: null or [] });
    }

    [Fact]
    public async Task Deleted_without_a_word_about_dependents_it_leaves_its_pods_running()
    {
        await Create(2);
        await _plane.EventuallyAsync(() => Status() is { ReadyReplicas: 2 });
        await _plane.DeleteAsync(Web);
        await _plane.EventuallyAsync(() => _plane.Cache.Get(Web) is null);
        Pods().Count(p => !p.Header.Deleting && p.Header.Owners.Count == 0).ShouldBe(2);
        await Create(2);
        await _plane.EventuallyAsync(() => Status() is { ReadyReplicas: 2 } && Pods().Count == 2);
        await _plane.DeleteAsync(Web, "Background");
        await _plane.EventuallyAsync(() => Pods().Count == 0);
    }

    [Fact]
    public void It_reads_as_a_replica_set_of_its_own_kind()
    {
        var controller = new ReplicationController
        {
            Spec = new ReplicationControllerSpec { Replicas = 4, MinReadySeconds = 5, Selector = new() { ["app"] = "web" }, Template = WorkloadObjects.Template("app:1") },
            Status = new ReplicationControllerStatus { Replicas = 3, ReadyReplicas = 2, Conditions = [new ReplicationControllerCondition { Type = "ReplicaFailure", Status = "True", Message = "why" }] },
        };
        controller.Metadata.Name = "web";
        var read = ReplicaSetKind.From(controller);
        (read.APIVersion, read.Kind, read.Metadata.Name).ShouldBe(("v1", "ReplicationController", "web"));
        (read.Spec.Replicas, read.Spec.MinReadySeconds, read.Spec.Selector!.MatchLabels!["app"]).ShouldBe((4, 5, "web"));
        (read.Status.Replicas, read.Status.ReadyReplicas, read.Status.Conditions!.Single().Message).ShouldBe((3, 2, "why"));
    }

    private async Task Create(int replicas, string podSpec = "") =>
        (await _plane.CreateAsync("replicationcontrollers", $$$$$"""
            {"apiVersion":"v1","kind":"ReplicationController","metadata":{"name":"web"},"spec":{"replicas":{{{{{replicas}}}}},
            "template":{"metadata":{"labels":{"app":"web"}},"spec":{ {{{{{podSpec}}}}} "containers":[{"name":"c","image":"app:1"}]}}}}
            """)).ShouldBeOfType<ResourceWritten>();

    private async Task Scale(int replicas) =>
        (await _plane.Plane.Client.SendAsync(new PatchResource(Web, "v1", ControlPlaneHarness.User, PatchType.Merge, Encoding.UTF8.GetBytes($$$"""{"spec":{"replicas":{{{replicas}}}}}"""), "scale", false)))
            .ShouldBeOfType<ResourceWritten>();

    private ReplicationControllerStatus Status() => _plane.Cache.Get(Web)!.Read<ReplicationController>().Status;

    private List<ResourceEntry> Pods() => [.. _plane.Cache.List("pods", "default")];
}
