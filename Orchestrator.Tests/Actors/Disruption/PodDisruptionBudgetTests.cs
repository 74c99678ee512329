using Orchestrator.Actors.Caching;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Policy.V1;
using Orchestrator.Tests.Actors.Resources;
using Orchestrator.Tests.Actors.Workloads;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Actors.Disruption;

/// <summary>Budgets follow their pods, and evictions keep to them, whoever asks at the same time.</summary>
public sealed class PodDisruptionBudgetTests() : WorkloadTests("worker-1")
{
    private static readonly ResourceKey Budget = new("poddisruptionbudgets.policy", "default", "web");

    [Fact]
    public async Task The_status_follows_the_pods()
    {
        await Protect(""" "maxUnavailable":1 """);
        await _plane.EventuallyAsync(() => Status() is { ObservedGeneration: 1, ExpectedPods: 0, DisruptionsAllowed: 0, Conditions: [{ Type: "DisruptionAllowed", Status: "False" }] });
        await Deploy(3);
        await _plane.EventuallyAsync(() => Status() is { ExpectedPods: 3, DesiredHealthy: 2, CurrentHealthy: 3, DisruptionsAllowed: 1, Conditions: [{ Status: "True", Reason: "SufficientPods" }] });
        await _plane.PatchAsync(Budget, """{"spec":{"maxUnavailable":"67%"}}""");
        await _plane.EventuallyAsync(() => Status() is { ObservedGeneration: 2, DesiredHealthy: 0, DisruptionsAllowed: 3 });
        // A pod that changes its labels leaves the budget, and its set makes another.
        await _plane.PatchAsync(Pods()[0].Key, """{"metadata":{"labels":{"app":"debug"}}}""");
        await _plane.EventuallyAsync(() => Pods().Count == 4 && Status() is { CurrentHealthy: 3, ExpectedPods: 3 });
    }

    [Fact]
    public async Task Evictions_at_the_same_time_take_no_more_than_the_budget_has()
    {
        await Deploy(4);
        await Protect(""" "minAvailable":3 """);
        await _plane.EventuallyAsync(() => Status() is { CurrentHealthy: 4, DisruptionsAllowed: 1 });
        _nodes.ImageWorks = _ => false; // who goes is not replaced
        var replies = await Task.WhenAll(Pods().Select(p => Evict(p)));
        replies.OfType<ResourceWritten>().Count().ShouldBe(1);
        foreach (var refused in replies.OfType<ResourceRefused>())
        {
            (refused.Status.Code, refused.Status.Message).ShouldBe((429, "Cannot evict pod as it would violate the pod's disruption budget."));
            refused.Status.Causes.Single().Reason.ShouldBe("DisruptionBudget");
        }
        await _plane.EventuallyAsync(() => Status() is { CurrentHealthy: 3, DisruptionsAllowed: 0, DisruptedPods: null });
        // The replacement does not run: it may go all the same.
        await _plane.EventuallyAsync(() => Pods().Exists(p => p.Header.Phase == "Pending"));
        (await Evict(Pods().Single(p => p.Header.Phase == "Pending"))).ShouldBeOfType<ResourceWritten>();
    }

    [Fact]
    public async Task A_trial_run_charges_nothing_and_two_budgets_are_one_too_many()
    {
        await Deploy(2);
        await Protect(""" "minAvailable":1 """);
        await _plane.EventuallyAsync(() => Status() is { DisruptionsAllowed: 1 });
        (await Evict(Pods()[0], dryRun: true)).ShouldBeOfType<ResourceWritten>();
        (Status().DisruptionsAllowed, Status().DisruptedPods, Pods().Count(p => !p.Header.Deleting)).ShouldBe((1, null, 2));
        await Protect(""" "minAvailable":1 """, "second");
        var refused = (await Evict(Pods()[0])).ShouldBeOfType<ResourceRefused>();
        (refused.Status.Code, refused.Status.Message).ShouldBe((500, "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."));
    }

    [Fact]
    public async Task A_controller_without_a_scale_forbids_disruptions_and_is_named()
    {
        await Protect(""" "maxUnavailable":1 """);
        (await _plane.CreateAsync("configmaps", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}}""")).ShouldBeOfType<ResourceWritten>();
        // An owner that is there: the garbage collector takes what has none.
        var owner = _plane.Cache.Get(new ResourceKey("configmaps", "default", "c"))!.Uid;
        (await _plane.CreateAsync("pods", $$"""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"odd","labels":{"app":"web"},"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"c","uid":"{{owner}}","controller":true}]},
            "spec":{"containers":[{"name":"c","image":"app:1"}]} }
            """)).ShouldBeOfType<ResourceWritten>();
        await _plane.EventuallyAsync(() => Status() is { DisruptionsAllowed: 0, Conditions: [{ Reason: "SyncFailed", Message: "configmaps does not implement the scale subresource" }] });
    }

    private Task<ResourceReply> Evict(ResourceEntry pod, bool dryRun = false) =>
        _plane.Plane.Client.SendAsync(new EvictPod(pod.Key, "v1", ControlPlaneHarness.User with { DryRun = dryRun }, null, null));

    private async Task Deploy(int replicas)
    {
        (await _plane.CreateAsync("deployments.apps", $$$$$"""
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":{{{{{replicas}}}}},"selector":{"matchLabels":{"app":"web"}},
            "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"app:1"}]}}}}
            """)).ShouldBeOfType<ResourceWritten>();
        await _plane.EventuallyAsync(() => Pods().Count(p => p.Header.Phase == "Running") == replicas);
    }

    private async Task Protect(string bound, string name = "web") =>
        (await _plane.CreateAsync("poddisruptionbudgets.policy", $$$$$"""
            {"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"{{{{{name}}}}}"},"spec":{ {{{{{bound}}}}},"selector":{"matchLabels":{"app":"web"}}}}
            """)).ShouldBeOfType<ResourceWritten>();

    private PodDisruptionBudgetStatus Status() => _plane.Cache.Get(Budget)!.Read<PodDisruptionBudget>().Status;

    private List<ResourceEntry> Pods() => [.. _plane.Cache.List("pods", "default")];
}
