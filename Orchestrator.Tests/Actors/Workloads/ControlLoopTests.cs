using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Workloads;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Apps.V1;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Workloads;
using Orchestrator.Tests.Actors.Resources;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Actors.Workloads;

/// <summary>Deployments, ReplicaSets, the scheduler and garbage collection together.</summary>
public sealed class ControlLoopTests() : WorkloadTests("worker-1", "worker-2")
{
    private static readonly ResourceKey Web = new("deployments.apps", "default", "web");

    [Fact]
    public async Task A_deployment_becomes_pods_on_nodes_and_says_so()
    {
        await Apply(3);
        await RolledOut(3, "1");
        Pods().Select(p => p.Header.NodeName).Distinct().Count().ShouldBe(2, "both nodes are used");
        await _plane.EventuallyAsync(() => Events("ScalingReplicaSet").Any());
        Events("ScalingReplicaSet").Single().ShouldBe($"Scaled up replica set {ReplicaSets().Single().Name} from 0 to 3");
        await _plane.EventuallyAsync(() => Events("Scheduled").Count() == 3 && Events("SuccessfulCreate").Count() == 3);
        Events("Scheduled").ShouldAllBe(m => m.StartsWith("Successfully assigned default/web-"));
    }

    [Fact]
    public async Task A_rolling_update_keeps_its_promise_and_can_be_undone()
    {
        await Apply(4);
        await RolledOut(4, "1");
        var lowest = new ConcurrentBag<int>();
        using (_plane.Cache.Subscribe(_ => lowest.Add(Pods().Count(p => PodStatusFacts.IsActive(p.Read<Pod>()) && PodStatusFacts.IsReady(p.Read<Pod>())))))
        {
            await SetImage("app:2");
            await RolledOut(4, "2");
            Images().ShouldBe(["app:2"]);
            await SetImage("app:1");
            await RolledOut(4, "3");
        }
        lowest.Min().ShouldBeGreaterThanOrEqualTo(3);
        Images().ShouldBe(["app:1"]);
        ReplicaSets().Count.ShouldBe(2, "the set of revision 1 is used again");
        ReplicaSets().Single(r => r.Read<ReplicaSet>().Spec.Replicas == 4).Read<ReplicaSet>().Metadata.Annotations![RolloutAnnotations.RevisionHistory].ShouldBe("1");
    }

    [Fact]
    public async Task A_broken_image_stops_the_rollout_at_what_the_strategy_allows()
    {
        await Apply(4);
        await RolledOut(4, "1");
        await SetImage("broken");
        await _plane.EventuallyAsync(() => Pods().Count(p => p.Header.Phase != "Running" && p.Header.NodeName.Length > 0) == 2);
        Pods().Count(p => p.Header.Phase == "Running" && !p.Header.Deleting).ShouldBe(3);
        await SetImage("app:1");
        await RolledOut(4, "3");
    }

    [Fact]
    public async Task A_deleted_pod_is_replaced()
    {
        await Apply(2);
        await RolledOut(2, "1");
        var victim = Pods()[0];
        await _plane.DeleteAsync(victim.Key);
        await _plane.EventuallyAsync(() => _plane.Cache.Get(victim.Key) is null && Pods().Count(p => p.Header.Phase == "Running") == 2);
    }

    [Fact]
    public async Task Recreate_starts_only_after_the_last_old_pod()
    {
        await Apply(3, """{"type":"Recreate"}""");
        await RolledOut(3, "1");
        var mixed = false;
        using (_plane.Cache.Subscribe(_ => mixed |= Images().Count > 1))
        {
            await SetImage("app:2");
            await RolledOut(3, "2");
        }
        mixed.ShouldBeFalse();
    }

    [Fact]
    public async Task A_pod_whose_labels_change_is_let_go_and_replaced_and_a_matching_orphan_is_taken_up()
    {
        await Apply(1);
        await RolledOut(1, "1");
        var pod = Pods()[0];
        await _plane.PatchAsync(pod.Key, """{"metadata":{"labels":{"app":"debug"}}}""");
        await _plane.EventuallyAsync(() => _plane.Cache.Get(pod.Key)!.Header.ControllerOwner is null && Pods().Count == 2);
        await _plane.PatchAsync(pod.Key, """{"metadata":{"labels":{"app":"web"}}}""");
        // Taken up again, it is one too many.
        await _plane.EventuallyAsync(() => Pods().Count == 1 && Pods()[0].Header.ControllerOwner is not null && Pods()[0].Header.Phase == "Running");
    }

    [Fact]
    public async Task Deleting_in_the_background_removes_everything_below()
    {
        await Apply(2);
        await RolledOut(2, "1");
        await _plane.DeleteAsync(Web, "Background");
        _plane.Cache.Get(Web).ShouldBeNull();
        await _plane.EventuallyAsync(() => ReplicaSets().Count == 0 && Pods().Count == 0);
    }

    [Fact]
    public async Task Deleting_in_the_foreground_keeps_the_owner_until_everything_below_is_gone()
    {
        await Apply(2);
        await RolledOut(2, "1");
        var early = false;
        using (_plane.Cache.Subscribe(_ => early |= _plane.Cache.Get(Web) is null && (ReplicaSets().Count > 0 || Pods().Count > 0)))
        {
            await _plane.DeleteAsync(Web, "Foreground");
            await _plane.EventuallyAsync(() => _plane.Cache.Get(Web) is null);
        }
        early.ShouldBeFalse();
    }

    [Fact]
    public async Task Orphaned_dependents_stay_and_are_taken_up_by_a_new_owner()
    {
        await Apply(2);
        await RolledOut(2, "1");
        var pods = Pods().Select(p => p.Uid).Order().ToList();
        await _plane.DeleteAsync(Web, "Orphan");
        await _plane.EventuallyAsync(() => _plane.Cache.Get(Web) is null);
        ReplicaSets().Single().Header.Owners.ShouldBeEmpty();
        await Apply(2);
        await RolledOut(2, "1");
        Pods().Select(p => p.Uid).Order().ShouldBe(pods);
    }

    [Fact]
    public async Task A_pod_that_fits_nowhere_says_why_and_is_placed_when_a_node_comes()
    {
        (await _plane.CreateAsync("pods", """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"large"},"spec":{"containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"6"}}}]}}""")).ShouldBeOfType<ResourceWritten>();
        var key = new ResourceKey("pods", "default", "large");
        const string why = "0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.";
        await _plane.EventuallyAsync(() => PodStatusFacts.Condition(_plane.Cache.Get(key)!.Read<Pod>(), "PodScheduled") is { Status: "False", Reason: "Unschedulable", Message: why });
        await _plane.EventuallyAsync(() => Events("FailedScheduling").Any());
        Events("FailedScheduling").ShouldBe([why]);
        await _nodes.AddAsync("large", cpu: "8");
        await _plane.EventuallyAsync(() => _plane.Cache.Get(key)!.Header.NodeName == "large");
    }

    private async Task Apply(int replicas, string strategy = """{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1,"maxUnavailable":1}}""") =>
        (await _plane.CreateAsync("deployments.apps", $$$$$"""
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":{{{{{replicas}}}}},"strategy":{{{{{strategy}}}}},"selector":{"matchLabels":{"app":"web"}},
            "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"app:1"}]}}}}
            """)).ShouldBeOfType<ResourceWritten>();

    private async Task SetImage(string image)
    {
        var patch = $$$$$"""{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"{{{{{image}}}}}"}]}}}}""";
        (await _plane.Plane.Client.SendAsync(new PatchResource(Web, "apps/v1", ControlPlaneHarness.User, PatchType.StrategicMerge, Encoding.UTF8.GetBytes(patch), "", false)))
            .ShouldBeOfType<ResourceWritten>();
    }

    private Task RolledOut(int replicas, string revision) => _plane.EventuallyAsync(() =>
    {
        if (_plane.Cache.Get(Web)?.Read<Deployment>() is not { } d) return false;
        return d.Status.ObservedGeneration >= d.Metadata.Generation && d.Status.UpdatedReplicas == replicas && d.Status.Replicas == replicas && d.Status.AvailableReplicas == replicas
            && d.Metadata.Annotations?.GetValueOrDefault(RolloutAnnotations.Revision) == revision
            && d.Status.Conditions!.Exists(c => c is { Type: "Progressing", Reason: "NewReplicaSetAvailable" })
            && Pods().Count == replicas;
    });

    private List<ResourceEntry> Pods() => [.. _plane.Cache.List("pods", "default")];

    private List<ResourceEntry> ReplicaSets() => [.. _plane.Cache.List("replicasets.apps", "default")];

    private List<string> Images() => [.. Pods().Select(p => p.Read<Pod>().Spec.Containers![0].Image).Distinct()];

    private IEnumerable<string> Events(string reason) => _plane.Cache.List("events", "default").Select(e => e.ToJsonObject()).Where(e => (string?)e["reason"] == reason).Select(e => (string)e["message"]!);
}
