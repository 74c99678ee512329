using System.Text.Json.Nodes;
using Orchestrator.Actors.Scheduling;
using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Workloads;
using Orchestrator.Tests.Actors.Resources;
using Orchestrator.Tests.Actors.Workloads;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Actors.Scheduling;

/// <summary>The scheduler among the other actors, on a journal in memory.</summary>
public sealed class SchedulerActorTests : IAsyncLifetime
{
    private ControlPlaneHarness _plane = null!;
    private ObedientNodes _nodes = null!;

    public async Task InitializeAsync()
    {
        _plane = await ControlPlaneHarness.StartAsync();
        _nodes = new ObedientNodes(_plane);
        await _nodes.AddAsync("worker", cpu: "1");
        await _plane.EventuallyAsync(() => _plane.Cache.Get(new ResourceKey("serviceaccounts", "default", "default")) is not null);
    }

    public async Task DisposeAsync()
    {
        _nodes.Dispose();
        await _plane.DisposeAsync();
    }

    [Fact]
    public async Task An_important_pod_displaces_another_which_is_told_why()
    {
        var told = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var watching = _plane.Cache.Subscribe(changes =>
        {
            foreach (var change in changes)
                if (change.Entry.Name == "low" && change.Entry.Key.Resource == "pods" && PodStatusFacts.Condition(change.Entry.Read<Pod>(), "DisruptionTarget") is { } condition) told.TrySetResult($"{condition.Reason}: {condition.Message}");
        });
        await CreateAsync("low");
        await _plane.EventuallyAsync(() => OnNode("low") == "worker");
        await CreateAsync("high", priorityClass: "system-cluster-critical");
        await _plane.EventuallyAsync(() => OnNode("high") == "worker");
        _plane.Cache.Get(Key("low")).ShouldBeNull();
        (await told.Task).ShouldBe("PreemptionByScheduler: default-scheduler: preempting to accommodate a higher priority pod");
        _plane.Cache.Get(Key("high"))!.Read<Pod>().Status.NominatedNodeName.ShouldBe("worker");
        await _plane.EventuallyAsync(() => _plane.Cache.List("events").Any(e => e.Read<Event>() is { Reason: "Preempted" } happened && happened.InvolvedObject.Name == "low"));
    }

    [Fact]
    public async Task The_priority_classes_of_the_system_are_there_from_the_start()
    {
        foreach (var name in (string[])["system-cluster-critical", "system-node-critical"])
            await _plane.EventuallyAsync(() => _plane.Cache.Get(new ResourceKey("priorityclasses.scheduling.k8s.io", "", name)) is not null);
    }

    [Fact]
    public async Task The_scheduler_says_why_a_pod_waits_and_what_would_help()
    {
        await CreateAsync("large", cpu: "3");
        await _plane.EventuallyAsync(() => PodStatusFacts.Condition(_plane.Cache.Get(Key("large"))!.Read<Pod>(), "PodScheduled") is { Reason: "Unschedulable" });
        var report = (await ExplainAsync("large")).ShouldNotBeNull();
        var refusal = report.Nodes.Single().Refusals.Single();
        (refusal.Plugin, refusal.Reason).ShouldBe(("NodeResourcesFit", "Insufficient cpu"));
        refusal.Remedy.ShouldBe("the pod asks for cpu 3000m, cpu 1000m of cpu 1000m are free");
    }

    [Fact]
    public async Task The_scheduler_says_why_a_node_won()
    {
        await _nodes.AddAsync("larger", cpu: "4");
        await CreateAsync("small");
        await _plane.EventuallyAsync(() => OnNode("small").Length > 0);
        var report = (await ExplainAsync("small")).ShouldNotBeNull();
        report.Node.ShouldBe("larger");
        report.Nodes[0].Node.ShouldBe("larger", "best first");
        report.Nodes[0].Total.ShouldBeGreaterThan(report.Nodes[1].Total);
        report.Nodes[0].Scores.Select(s => s.Plugin).ShouldContain("NodeResourcesFit");
        (await ExplainAsync("nobody")).ShouldBeNull();
    }

    private async Task<PlacementReport?> ExplainAsync(string name) =>
        (await _plane.Plane.Services.Scheduler.Ask<PodExplained>(new ExplainPod(Key(name)), TimeSpan.FromSeconds(30))).Report;

    private string OnNode(string name) => _plane.Cache.Get(Key(name))?.Header.NodeName ?? "";

    private static ResourceKey Key(string name) => new("pods", "default", name);

    private async Task CreateAsync(string name, string cpu = "1", string? priorityClass = null)
    {
        var spec = new JsonObject
        {
            ["containers"] = new JsonArray(new JsonObject { ["name"] = "c", ["image"] = "i", ["resources"] = new JsonObject { ["requests"] = new JsonObject { ["cpu"] = cpu } } }),
        };
        if (priorityClass is not null) spec["priorityClassName"] = priorityClass;
        var pod = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Pod", ["metadata"] = new JsonObject { ["name"] = name }, ["spec"] = spec };
        (await _plane.CreateAsync("pods", pod.ToJsonString())).ShouldBeOfType<ResourceWritten>();
    }
}
