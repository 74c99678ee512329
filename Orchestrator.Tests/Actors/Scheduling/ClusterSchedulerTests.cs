using Orchestrator.Actors.Scheduling;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.Actors.Scheduling.SchedulingObjects;

namespace Orchestrator.Tests.Actors.Scheduling;

public sealed class ClusterSchedulerTests
{
    private readonly ClusterScheduler _scheduler = new(seed: 1);
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Without_nodes_there_is_nothing_to_count()
    {
        See(Pod("p"));
        Next()!.Message.ShouldBe("no nodes available to schedule pods");
    }

    [Fact]
    public void Reasons_are_counted_and_worded_as_in_Kubernetes()
    {
        See(Node("control", and: n => n.Spec.Taints = [new Taint { Key = "node-role.kubernetes.io/control-plane", Effect = "NoSchedule" }]));
        See(Node("busy-1", cpu: "2"), Node("busy-2", cpu: "2"));
        See(Bound(Pod("a", "1"), "busy-1"), Bound(Pod("b", "1"), "busy-2"));
        See(Pod("p", "2"));
        Next()!.Message.ShouldBe("0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 Insufficient cpu. "
            + "preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.");
    }

    [Fact]
    public void A_decision_counts_before_it_is_bound()
    {
        See(Node("n", cpu: "1"));
        See(Pod("first", "1"), Pod("second", "1"));
        Next()!.Node.ShouldBe("n");
        Next()!.Node.ShouldBeNull();
        Next().ShouldBeNull();
    }

    [Fact]
    public void A_failed_binding_gives_the_place_back_and_is_tried_again_after_its_back_off()
    {
        See(Node("n", cpu: "1"));
        See(Pod("p", "1"));
        var decision = Next()!;
        _scheduler.BindFailed(decision.Pod, _now);
        Next().ShouldBeNull();
        _scheduler.NextDue.ShouldBe(_now + TimeSpan.FromSeconds(1));
        _now += TimeSpan.FromSeconds(1);
        Next()!.Node.ShouldBe("n");
    }

    [Fact]
    public void A_node_that_comes_tainted_helps_when_its_taint_goes()
    {
        See(Node("small", cpu: "1"));
        See(Pod("p", "2"));
        Next()!.Node.ShouldBeNull();
        See(Node("large", cpu: "4", and: n => n.Spec.Taints = [new Taint { Key = "node.kubernetes.io/not-ready", Effect = "NoSchedule" }]));
        Next().ShouldBeNull();
        See(Node("large", cpu: "4"));
        _now += TimeSpan.FromSeconds(1);
        Next()!.Node.ShouldBe("large");
    }

    [Fact]
    public void Higher_priority_goes_first_then_age()
    {
        See(Node("n"));
        See(Pod("old"), Pod("urgent", and: p => p.Spec.Priority = 1000), Pod("young"));
        new[] { Next()!, Next()!, Next()! }.Select(d => d.Pod.Key.Name).ShouldBe(["urgent", "old", "young"]);
    }

    [Fact]
    public void A_parked_pod_wakes_only_for_a_change_that_lets_it_in()
    {
        See(Node("n", cpu: "1"), Node("other", cpu: "1"));
        See(Bound(Pod("a", "800m"), "n"), Bound(Pod("b", "900m"), "other"));
        See(Pod("p", "500m"));
        Next()!.Node.ShouldBeNull();
        _now += TimeSpan.FromSeconds(5);

        See(Node("n", cpu: "1", and: n => n.Metadata.Labels!["new"] = "label"));
        Next().ShouldBeNull("labels do not help against a lack of cpu");
        See(Node("small", cpu: "100m"));
        Next().ShouldBeNull("the new node is too small");
        _scheduler.PodGone(new ResourceKey("pods", "default", "b"), _now);
        Next()!.Node.ShouldBe("other");
    }

    [Fact]
    public void A_pod_that_was_just_tried_waits_for_its_back_off_even_if_something_helps()
    {
        See(Node("n", cpu: "1"));
        See(Pod("p", "2"));
        Next()!.Node.ShouldBeNull();
        See(Node("large", cpu: "4"));
        Next().ShouldBeNull();
        _now = _scheduler.NextDue!.Value;
        Next()!.Node.ShouldBe("large");
    }

    [Fact]
    public void An_ended_pod_leaves_room()
    {
        See(Node("n", cpu: "1"));
        See(Bound(Pod("job", "1"), "n"));
        See(Pod("p", "1"));
        Next()!.Node.ShouldBeNull();
        _now += TimeSpan.FromSeconds(2);
        See(Bound(Pod("job", "1", and: p => p.Status.Phase = "Succeeded"), "n"));
        Next()!.Node.ShouldBe("n");
    }

    [Fact]
    public void A_gated_pod_waits_for_its_gates()
    {
        See(Node("n"));
        See(Pod("p", and: p => p.Spec.SchedulingGates = [new PodSchedulingGate { Name = "wait" }]));
        Next().ShouldBeNull();
        See(Pod("p"));
        Next()!.Node.ShouldBe("n");
    }

    [Fact]
    public void What_a_pod_waits_for_can_be_asked()
    {
        var gated = Pod("gated", and: p => p.Spec.SchedulingGates = [new PodSchedulingGate { Name = "example.com/a" }, new PodSchedulingGate { Name = "example.com/b" }]);
        See(Node("n", cpu: "1"));
        See(gated);
        Waits(gated).ShouldBe("it waits until its scheduling gates are removed: example.com/a, example.com/b");
        var large = Pod("large", "2");
        See(large);
        Waits(large).ShouldBe("it is next to be placed");
        Next()!.Node.ShouldBeNull();
        Waits(large).ShouldBe("it is tried again when something changes that may help NodeResourcesFit");
        See(Node("n", cpu: "4"));
        Waits(large).ShouldBe("it is tried again after a back-off, at the latest in 1 s");

        string Waits(Pod pod) => _scheduler.Explain(pod, _now)!.Waits;
    }

    [Fact]
    public void Pods_of_other_schedulers_and_terminating_pods_are_left_alone()
    {
        See(Node("n"));
        See(Pod("other", and: p => p.Spec.SchedulerName = "mine"), Pod("going", and: p => p.Metadata.DeletionTimestamp = _now));
        Next().ShouldBeNull();
    }

    [Fact]
    public void A_namesake_with_another_uid_is_another_pod()
    {
        See(Node("n", cpu: "1"));
        See(Pod("p", "1"));
        Next()!.Node.ShouldBe("n");
        _scheduler.PodGone(new ResourceKey("pods", "default", "p"), _now);
        See(Pod("p", "1", and: p => p.Metadata.UID = "another"));
        Next()!.Pod.Uid.ShouldBe("another");
    }

    [Fact]
    public void Accounts_of_nodes_agree_with_their_pods_whatever_order_changes_come_in()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var nodes = Enumerable.Range(0, 5).Select(i => $"n{i}").ToList();
        var alive = new Dictionary<string, (string Node, int Cpu)>();
        for (var step = 0; step < 3000; step++)
        {
            var name = $"p{random.Next(40)}";
            switch (random.Next(4))
            {
                case 0: See(Node(nodes[random.Next(5)], cpu: "1000")); break;
                case 1: _scheduler.NodeGone(nodes[random.Next(5)], _now); break;
                case 2 when !alive.ContainsKey(name):
                    alive[name] = (nodes[random.Next(5)], random.Next(1, 9));
                    See(Bound(Pod(name, $"{alive[name].Cpu}"), alive[name].Node));
                    break;
                default:
                    alive.Remove(name);
                    _scheduler.PodGone(new ResourceKey("pods", "default", name), _now);
                    break;
            }
        }
        foreach (var node in nodes) See(Node(node, cpu: "1000"));
        foreach (var node in _scheduler.Nodes.Nodes)
        {
            var pods = alive.Values.Where(p => p.Node == node.Name).ToList();
            node.PodCount.ShouldBe(pods.Count, $"seed {seed}");
            (node.Requested.Length == 0 ? 0 : node.Requested[ResourceColumns.MilliCpu]).ShouldBe(pods.Sum(p => p.Cpu) * 1000L, $"seed {seed}");
        }
    }

    [Theory]
    [InlineData(99, 99)]
    [InlineData(100, 100)]
    [InlineData(1000, 420)]
    [InlineData(5000, 500)]
    [InlineData(10000, 500)]
    public void Large_clusters_are_sampled(int nodes, int enough) => SchedulingAlgorithm.EnoughOf(nodes).ShouldBe(enough);

    private SchedulingDecision? Next() => _scheduler.Next(_now);

    private void See(params Node[] nodes)
    {
        foreach (var node in nodes) _scheduler.NodeChanged(node, _now);
    }

    private void See(params Pod[] pods)
    {
        foreach (var pod in pods) _scheduler.PodChanged(pod, _now);
    }

    private static Pod Bound(Pod pod, string node)
    {
        pod.Spec.NodeName = node;
        return pod;
    }
}
