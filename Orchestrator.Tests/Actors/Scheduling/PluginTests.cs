using Orchestrator.Actors.Scheduling;
using Orchestrator.Actors.Scheduling.Plugins;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Types.Core.V1;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.Actors.Scheduling.SchedulingObjects;
using NodeAffinity = Orchestrator.Actors.Scheduling.Plugins.NodeAffinity;

namespace Orchestrator.Tests.Actors.Scheduling;

public sealed class PluginTests
{
    [Theory]
    [InlineData("", null)]
    [InlineData("worker", null)]
    [InlineData("other", "node(s) didn't match the requested node name")]
    public void NodeName_takes_only_the_named_node(string wanted, string? refusal) =>
        Filter(_ => new NodeName(), Pod("p", and: p => p.Spec.NodeName = wanted), Node("worker"))?.Reasons[0].ShouldBe(refusal);

    [Fact]
    public void NodeUnschedulable_refuses_cordoned_nodes_unless_tolerated()
    {
        var cordoned = Node("worker", and: n => n.Spec.Unschedulable = true);
        Filter(_ => new NodeUnschedulable(), Pod("p"), cordoned)!.Reasons.ShouldBe(["node(s) were unschedulable"]);
        Filter(_ => new NodeUnschedulable(), Pod("p", and: p => p.Spec.Tolerations = [new Toleration { Operator = "Exists" }]), cordoned).ShouldBeNull();
        Filter(_ => new NodeUnschedulable(), Pod("p"), Node("worker")).ShouldBeNull();
    }

    [Theory]
    // taint, toleration as key|operator|value|effect, tolerated
    [InlineData("dedicated|db|NoSchedule", "", false)]
    [InlineData("dedicated|db|NoSchedule", "dedicated|Equal|db|NoSchedule", true)]
    [InlineData("dedicated|db|NoSchedule", "dedicated||db|", true)]
    [InlineData("dedicated|db|NoSchedule", "dedicated|Equal|web|NoSchedule", false)]
    [InlineData("dedicated|db|NoSchedule", "dedicated|Exists||NoExecute", false)]
    [InlineData("dedicated|db|NoExecute", "dedicated|Exists||NoExecute", true)]
    [InlineData("dedicated|db|NoSchedule", "|Exists||", true)]
    [InlineData("dedicated|db|PreferNoSchedule", "", true)]
    public void TaintToleration_refuses_untolerated_taints(string taintText, string tolerationText, bool tolerated)
    {
        var t = taintText.Split('|');
        var node = Node("worker", and: n => n.Spec.Taints = [new Taint { Key = t[0], Value = t[1], Effect = t[2] }]);
        var pod = Pod("p", and: p =>
        {
            if (tolerationText.Length == 0) return;
            var parts = tolerationText.Split('|');
            p.Spec.Tolerations = [new Toleration { Key = parts[0], Operator = parts[1], Value = parts[2], Effect = parts[3] }];
        });
        var refusal = Filter(_ => new TaintToleration(), pod, node);
        if (tolerated) refusal.ShouldBeNull();
        else refusal!.Reasons.ShouldBe(["node(s) had untolerated taint {dedicated: db}"]);
    }

    [Fact]
    public void TaintToleration_prefers_nodes_with_fewer_untolerated_soft_taints()
    {
        static Taint Soft(string key) => new() { Key = key, Effect = "PreferNoSchedule" };
        Scores(_ => new TaintToleration(), Pod("p"), Node("none"), Node("one", and: n => n.Spec.Taints = [Soft("a")]), Node("two", and: n => n.Spec.Taints = [Soft("a"), Soft("b")]))
            .ShouldBe([100L, 50, 0]);
    }

    [Theory]
    [InlineData("In", "zone", "a,b", true)]
    [InlineData("In", "zone", "b", false)]
    [InlineData("NotIn", "zone", "b", true)]
    [InlineData("NotIn", "absent", "b", true)]
    [InlineData("Exists", "zone", "", true)]
    [InlineData("DoesNotExist", "zone", "", false)]
    [InlineData("Gt", "cores", "4", true)]
    [InlineData("Gt", "cores", "8", false)]
    [InlineData("Lt", "cores", "9", true)]
    [InlineData("Lt", "zone", "9", false)]
    public void NodeAffinity_understands_every_operator(string op, string key, string values, bool fits)
    {
        var node = Node("worker", and: n => n.Metadata.Labels = new() { ["zone"] = "a", ["cores"] = "8" });
        var pod = Pod("p", and: p => Require(p, new NodeSelectorTerm
        {
            MatchExpressions = [new NodeSelectorRequirement { Key = key, Operator = op, Values = values.Length == 0 ? null : [.. values.Split(',')] }],
        }));
        (Filter(_ => new NodeAffinity(), pod, node) is null).ShouldBe(fits);
    }

    [Fact]
    public void NodeAffinity_needs_the_selector_and_one_of_the_terms()
    {
        var node = Node("worker", and: n => n.Metadata.Labels = new() { ["disk"] = "ssd", ["zone"] = "a" });
        NodeSelectorTerm Zone(string zone) => new() { MatchExpressions = [new NodeSelectorRequirement { Key = "zone", Operator = "In", Values = [zone] }] };
        FilterStatus? Ask(Action<Pod> shape) => Filter(_ => new NodeAffinity(), Pod("p", and: shape), node);

        Ask(p => p.Spec.NodeSelector = new() { ["disk"] = "ssd" }).ShouldBeNull();
        Ask(p => p.Spec.NodeSelector = new() { ["disk"] = "hdd" })!.Reasons.ShouldBe(["node(s) didn't match Pod's node affinity/selector"]);
        Ask(p => Require(p, Zone("b"), Zone("a"))).ShouldBeNull();
        Ask(p => Require(p, new NodeSelectorTerm())).ShouldNotBeNull("an empty term matches nothing");
        Ask(p => Require(p, new NodeSelectorTerm { MatchFields = [new NodeSelectorRequirement { Key = "metadata.name", Operator = "In", Values = ["worker"] }] })).ShouldBeNull();
        Ask(p =>
        {
            p.Spec.NodeSelector = new() { ["disk"] = "hdd" };
            Require(p, Zone("a"));
        }).ShouldNotBeNull();
    }

    [Fact]
    public void NodeAffinity_scores_preferred_terms_by_weight()
    {
        var pod = Pod("p", and: p => p.Spec.Affinity = new Affinity
        {
            NodeAffinity = new() { PreferredDuringSchedulingIgnoredDuringExecution = [Prefer(10, "a"), Prefer(40, "b")] },
        });
        Scores(_ => new NodeAffinity(), pod, Zone("a"), Zone("b"), Zone("c")).ShouldBe([25L, 100, 0]);

        static Node Zone(string zone) => Node(zone, and: n => n.Metadata.Labels = new() { ["zone"] = zone });
        static PreferredSchedulingTerm Prefer(int weight, string zone) => new()
        {
            Weight = weight,
            Preference = new NodeSelectorTerm { MatchExpressions = [new NodeSelectorRequirement { Key = "zone", Operator = "In", Values = [zone] }] },
        };
    }

    [Theory]
    [InlineData("TCP", "", 80, false)]
    [InlineData("TCP", "", 81, true)]
    [InlineData("UDP", "", 80, true)]
    [InlineData("TCP", "127.0.0.1", 80, false)]
    [InlineData("TCP", "", 0, true)]
    public void NodePorts_refuses_taken_host_ports(string protocol, string ip, int port, bool fits)
    {
        static Action<Pod> Port(string protocol, string ip, int port) =>
            p => p.Spec.Containers![0].Ports = [new ContainerPort { Protocol = protocol, HostIP = ip, HostPort = port }];
        var refusal = Filter(_ => new NodePorts(), Pod("p", and: Port(protocol, ip, port)), Node("worker"), Pod("there", and: Port("TCP", "", 80)));
        if (fits) refusal.ShouldBeNull();
        else refusal!.Reasons.ShouldBe(["node(s) didn't have free ports for the requested pod ports"]);
    }

    [Fact]
    public void NodeResourcesFit_names_everything_that_is_short()
    {
        var node = Node("worker", cpu: "2", memory: "1Gi", pods: "1");
        FilterStatus? Ask(Pod pod, params Pod[] there) => Filter(c => new NodeResourcesFit(c), pod, node, there);

        Ask(Pod("p", "2", "1Gi")).ShouldBeNull();
        Ask(Pod("p", "2100m", "2Gi"))!.Reasons.ShouldBe(["Insufficient cpu", "Insufficient memory"]);
        Ask(Pod("p", "2100m", "2Gi"))!.Unresolvable.ShouldBeTrue("no eviction makes the node larger");
        var second = Ask(Pod("p", "1500m"), Pod("there", "1"))!;
        second.Reasons.ShouldBe(["Too many pods", "Insufficient cpu"]);
        second.Unresolvable.ShouldBeFalse();
        Ask(Pod("p", and: p => p.Spec.Containers![0].Resources.Requests = new() { ["example.com/gpu"] = Quantity.Parse("1") }))!.Reasons.ShouldBe(["Insufficient example.com/gpu"]);
    }

    [Fact]
    public void NodeResourcesFit_counts_the_larger_of_init_containers_and_containers()
    {
        var pod = Pod("p", "1", and: p => p.Spec.InitContainers = [new Container { Resources = new() { Requests = new() { ["cpu"] = Quantity.Parse("3") } } }]);
        Filter(c => new NodeResourcesFit(c), pod, Node("worker", cpu: "2"))!.Reasons.ShouldBe(["Insufficient cpu"]);
        Filter(c => new NodeResourcesFit(c), pod, Node("worker", cpu: "3")).ShouldBeNull();
    }

    [Fact]
    public void NodeResourcesFit_prefers_the_least_allocated_node() =>
        Scores(c => new NodeResourcesFit(c), Pod("p", "1", "1Gi"), Node("large", "10", "10Gi"), Node("small", "2", "2Gi"), Node("tiny", "1", "1Gi")).ShouldBe([90L, 50, 0]);

    [Fact]
    public void BalancedAllocation_prefers_even_use_of_cpu_and_memory() =>
        Scores(_ => new NodeResourcesBalancedAllocation(), Pod("p", "1", "1Gi"), Node("even", "2", "2Gi"), Node("odd", "1", "2Gi"), Node("odder", "1", "10Gi")).ShouldBe([100L, 75, 55]);

    [Fact]
    public void BalancedAllocation_has_no_opinion_on_pods_that_ask_for_nothing() =>
        Scores(_ => new NodeResourcesBalancedAllocation(), Pod("p"), Node("a"), Node("b")).ShouldBeEmpty();

    [Fact]
    public void Fit_agrees_with_adding_up_by_hand()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        for (var run = 0; run < 2000; run++)
        {
            var (cpu, memory, pods) = (random.Next(0, 8), random.Next(0, 8), random.Next(0, 6));
            var there = Enumerable.Range(0, random.Next(0, 5)).Select(_ => (Cpu: random.Next(0, 4), Memory: random.Next(0, 4))).ToList();
            var (wantCpu, wantMemory) = (random.Next(0, 5), random.Next(0, 5));
            var refusal = Filter(c => new NodeResourcesFit(c), Pod("p", $"{wantCpu}", $"{wantMemory}Gi"), Node("n", $"{cpu}", $"{memory}Gi", $"{pods}"),
                [.. there.Select((t, i) => Pod($"t{i}", $"{t.Cpu}", $"{t.Memory}Gi"))]);
            List<string> expected = [];
            if (there.Count + 1 > pods) expected.Add("Too many pods");
            if (wantCpu > 0 && there.Sum(t => t.Cpu) + wantCpu > cpu) expected.Add("Insufficient cpu");
            if (wantMemory > 0 && there.Sum(t => t.Memory) + wantMemory > memory) expected.Add("Insufficient memory");
            (refusal?.Reasons ?? []).ShouldBe(expected, $"seed {seed} run {run}");
        }
    }

    private static void Require(Pod pod, params NodeSelectorTerm[] terms) => pod.Spec.Affinity = new Affinity
    {
        NodeAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = new NodeSelector { NodeSelectorTerms = [.. terms] } },
    };
}
