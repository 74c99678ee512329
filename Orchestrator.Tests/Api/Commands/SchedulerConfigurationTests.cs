using Orchestrator.Actors.Scheduling;
using Orchestrator.Api.Commands;
using Orchestrator.Engine.Configuration;
using Orchestrator.Tests.Actors.Scheduling;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Commands;

public sealed class SchedulerConfigurationTests
{
    [Fact]
    public void Profiles_are_read_with_Kubernetes_names()
    {
        var profiles = From("""
            orchestrator.scheduler.profiles {
              packing {
                strategy = MostAllocated, resources { cpu = 3, "example.com/gpu" = 5 }, disabled = [PodTopologySpread], weights { ImageLocality = 7, TaintToleration = 0 }
                hard-pod-affinity-weight = 9, percentage-of-nodes-to-score = 40
                default-constraints = ["topology.kubernetes.io/zone 2 DoNotSchedule"]
              }
              shaped { strategy = RequestedToCapacityRatio, shape = ["0:0", "50:10", "100:1"] }
            }
            """);
        profiles.Select(p => p.Name).ShouldBe(["default-scheduler", "packing", "shaped"], ignoreOrder: true);
        var packing = profiles.Single(p => p.Name == "packing");
        packing.Strategy.Name.ShouldBe("MostAllocated");
        packing.Strategy.Resources.ShouldBe([("cpu", 3L), ("example.com/gpu", 5L)], ignoreOrder: true);
        packing.Weights.ShouldBe(new Dictionary<string, long> { ["ImageLocality"] = 7, ["TaintToleration"] = 0 }, ignoreOrder: true);
        packing.Disabled.ShouldBe(["PodTopologySpread"]);
        (packing.HardPodAffinityWeight, packing.PercentageOfNodesToScore, packing.SpreadDefaults.AreSystem).ShouldBe((9, 40, false));
        var shaped = profiles.Single(p => p.Name == "shaped").Strategy;
        (shaped.Name, shaped.Score(50, 100), shaped.Score(25, 100), shaped.Score(100, 100)).ShouldBe(("RequestedToCapacityRatio", 100L, 50L, 10L));
    }

    [Fact]
    public void A_profile_can_keep_its_pods_on_certain_nodes_and_prefer_some()
    {
        var now = DateTimeOffset.UnixEpoch;
        var scheduler = new ClusterScheduler(1, From("""orchestrator.scheduler.profiles { fast { added-affinity = ["disk=ssd", "zone in (a,b),!old"], added-preferences = ["100 zone=b"] } }"""));
        foreach (var (name, labels) in new (string, Dictionary<string, string>)[] { ("plain", []), ("ssd", new() { ["disk"] = "ssd" }), ("b", new() { ["zone"] = "b" }), ("old-b", new() { ["zone"] = "b", ["old"] = "" }) })
            scheduler.NodeChanged(SchedulingObjects.Node(name, and: n => n.Metadata.Labels = labels), now);
        scheduler.PodChanged(SchedulingObjects.Pod("p", "1", and: p => p.Spec.SchedulerName = "fast"), now);
        scheduler.Next(now)!.Node.ShouldBe("b");
        scheduler.PodChanged(SchedulingObjects.Pod("nowhere", "1", and: p => (p.Spec.SchedulerName, p.Spec.NodeSelector) = ("fast", new() { ["disk"] = "hdd" })), now);
        scheduler.Next(now)!.Message.ShouldStartWith("0/4 nodes are available: 2 node(s) didn't match Pod's node affinity/selector, 2 node(s) didn't match scheduler-enforced node affinity.");
    }

    [Theory]
    [InlineData("p { added-affinity = [\"zone in\"] }", "must be a selector of nodes")]
    [InlineData("p { added-preferences = [\"zone=a\"] }", "must be a weight from 1 to 100 and a selector of nodes")]
    [InlineData("p { weights { Imagelocality = 7 } }", "Imagelocality")]
    [InlineData("p { weights { ImageLocality = 101 } }", "must be a weight from 0 to 100")]
    [InlineData("p { disabled = [Nothing] }", "must be the name of a plugin")]
    [InlineData("p { strategy = Random }", "must be LeastAllocated, MostAllocated or RequestedToCapacityRatio")]
    [InlineData("p { strategy = RequestedToCapacityRatio }", "points by rising utilization")]
    [InlineData("p { strategy = RequestedToCapacityRatio, shape = [\"50:1\", \"20:2\"] }", "points by rising utilization")]
    [InlineData("p { default-constraints = [\"zone one DoNotSchedule\"] }", "must be a constraint such as")]
    [InlineData("p { hard-pod-affinity-weight = 200 }", "must be a number from 0 to 100")]
    [InlineData("p { wieghts { ImageLocality = 7 } }", "a profile has the keys")]
    public void What_no_profile_can_have_is_named(string profile, string problem) =>
        Should.Throw<HoconException>(() => From($"orchestrator.scheduler.profiles {{ {profile} }}")).Message.ShouldContain(problem);

    [Fact]
    public void Pods_choose_their_profile_by_scheduler_name()
    {
        var now = DateTimeOffset.UnixEpoch;
        var scheduler = new ClusterScheduler(1, From("orchestrator.scheduler.profiles { packing { strategy = MostAllocated, disabled = [NodeResourcesBalancedAllocation] } }"));
        scheduler.NodeChanged(SchedulingObjects.Node("empty", "4", "4Gi"), now);
        scheduler.NodeChanged(SchedulingObjects.Node("half-full", "4", "4Gi"), now);
        scheduler.PodChanged(SchedulingObjects.Pod("there", "2", "2Gi", p => p.Spec.NodeName = "half-full"), now);
        Place("packed", "packing").ShouldBe("half-full");
        Place("spread", "default-scheduler").ShouldBe("empty");
        scheduler.PodChanged(SchedulingObjects.Pod("foreign", and: p => p.Spec.SchedulerName = "somebody-else"), now);
        scheduler.Next(now).ShouldBeNull();

        string? Place(string name, string profile)
        {
            scheduler.PodChanged(SchedulingObjects.Pod(name, "500m", "512Mi", p => p.Spec.SchedulerName = profile), now);
            var decision = scheduler.Next(now)!;
            scheduler.PodGone(decision.Pod.Key, now);
            return decision.Node;
        }
    }

    private static IReadOnlyList<SchedulerProfile> From(string hocon) => ClusterConfiguration.From(HoconConfiguration.Build([("test.hocon", hocon)], _ => null), new UpOptions("/nowhere")).ControlPlane.SchedulerProfiles;
}
