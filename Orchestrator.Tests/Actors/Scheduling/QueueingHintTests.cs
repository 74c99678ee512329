using Orchestrator.Actors.Scheduling;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.Actors.Scheduling.SchedulingObjects;

namespace Orchestrator.Tests.Actors.Scheduling;

/// <summary>A parked pod wakes for what can help it, and for nothing else.</summary>
public sealed class QueueingHintTests
{
    private readonly ClusterScheduler _scheduler = new(seed: 1);
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_pod_that_wants_company_wakes_when_the_right_pod_comes()
    {
        See(Node("n"));
        Park(Labelled("new", "web", p => p.Spec.Affinity = new() { PodAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = [Term("db")] } }));
        See(On("n", Labelled("other", "cache")));
        _scheduler.Next(_now).ShouldBeNull();
        See(On("n", Labelled("right", "db")));
        _scheduler.Next(_now)!.Node.ShouldBe("n");
    }

    [Fact]
    public void A_pod_that_wants_distance_wakes_when_the_other_leaves_even_from_another_node()
    {
        See(Zone("a1", "a"), Zone("a2", "a"));
        See(On("a1", Labelled("web", "db")), On("a1", Labelled("bystander", "cache")), On("a2", Pod("filler", "4")));
        Park(Labelled("new", "web", p => p.Spec.Affinity = new() { PodAntiAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = [Term("db", "zone")] } }));
        Gone("bystander");
        _scheduler.Next(_now).ShouldBeNull();
        Gone("web");
        _scheduler.Next(_now)!.Node.ShouldNotBeNull();
    }

    [Fact]
    public void A_pod_that_must_spread_wakes_when_the_emptiest_domain_fills()
    {
        See(Zone("a", "a"), Zone("b", "b", n => n.Spec.Unschedulable = true));
        See(On("a", Labelled("first", "web")));
        Park(Labelled("new", "web", p => p.Spec.TopologySpreadConstraints =
            [new() { TopologyKey = "zone", MaxSkew = 1, WhenUnsatisfiable = "DoNotSchedule", LabelSelector = new() { MatchLabels = new() { ["app"] = "web" } } }]));
        See(On("b", Labelled("stranger", "cache")));
        _scheduler.Next(_now).ShouldBeNull();
        See(On("b", Labelled("second", "web")));
        _scheduler.Next(_now)!.Node.ShouldBe("a");
    }

    [Fact]
    public void A_label_that_a_namespace_gets_can_bring_pods_together()
    {
        See(Node("n"));
        See(On("n", Labelled("right", "db", p => p.Metadata.Namespace = "other")));
        Park(Labelled("new", "web", p => p.Spec.Affinity = new()
        {
            PodAffinity = new()
            {
                RequiredDuringSchedulingIgnoredDuringExecution =
                    [new() { TopologyKey = "kubernetes.io/hostname", LabelSelector = new() { MatchLabels = new() { ["app"] = "db" } }, NamespaceSelector = new() { MatchLabels = new() { ["team"] = "x" } } }],
            },
        }));
        _scheduler.NamespaceChanged("other", new Dictionary<string, string> { ["team"] = "x" }, _now);
        _scheduler.Next(_now)!.Node.ShouldBe("n");
    }

    [Fact]
    public void What_refuses_a_pod_after_the_first_reason_is_gone_is_waited_for_too()
    {
        See(Node("n", cpu: "1", and: n => n.Metadata.Labels!["disk"] = "hdd"));
        Park(Pod("new", "2", and: p => p.Spec.NodeSelector = new() { ["disk"] = "ssd" }));
        See(Node("n", cpu: "1", and: n => n.Metadata.Labels!["disk"] = "ssd"));
        _scheduler.Next(_now).ShouldBeNull("it is still too small");
        See(Node("n", cpu: "2", and: n => n.Metadata.Labels!["disk"] = "ssd"));
        _scheduler.Next(_now)!.Node.ShouldBe("n");
    }

    [Fact]
    public void A_pod_nothing_helps_is_tried_again_after_five_minutes()
    {
        See(Node("n", cpu: "1"));
        Park(Pod("new", "2"));
        _now += TimeSpan.FromMinutes(4);
        _scheduler.Next(_now).ShouldBeNull();
        _now += TimeSpan.FromMinutes(1);
        _scheduler.Next(_now)!.Pod.Key.Name.ShouldBe("new");
    }

    [Fact]
    public void No_pod_that_fits_is_left_parked_whatever_happens()
    {
        var first = Random.Shared.Next();
        for (var seed = first; seed < first + 40; seed++)
        {
            var cluster = new RandomCluster(seed, steps: 0);
            var scheduler = new ClusterScheduler(seed, [new SchedulerProfile { Disabled = new HashSet<string> { "DefaultPreemption" } }]);
            foreach (var node in cluster.Nodes.Values) scheduler.NodeChanged(node, _now);
            var waiting = new Dictionary<ResourceKey, Pod>();
            var placed = new List<ResourceKey>();
            for (var step = 0; step < 30; step++)
            {
                switch (cluster.Pick(4))
                {
                    case 0:
                        var name = $"n{cluster.Pick(7)}";
                        scheduler.NodeChanged(Node(name, $"{1 + cluster.Pick(4)}", and: n =>
                        {
                            n.Metadata.Labels!["zone"] = cluster.Pick(["a", "b", "c"]);
                            if (cluster.Chance(20)) n.Spec.Taints = [new Taint { Key = "dedicated", Value = "db", Effect = "NoSchedule" }];
                        }), _now);
                        break;
                    case 1 when placed.Count > 0:
                        var gone = cluster.Pick(placed);
                        placed.Remove(gone);
                        scheduler.PodGone(gone, _now);
                        break;
                    default:
                        var pod = cluster.NewPod();
                        waiting[new ResourceKey("pods", pod.Metadata.Namespace, pod.Metadata.Name)] = pod;
                        scheduler.PodChanged(pod, _now);
                        break;
                }
                // Each placement may wake pods that were tried before it: they come again when their back-off is over, long before the five minutes are.
                int before;
                do
                {
                    before = placed.Count;
                    _now += TimeSpan.FromSeconds(11);
                    while (scheduler.Next(_now) is { } decision)
                    {
                        if (decision.Node is null) continue;
                        waiting.Remove(decision.Pod.Key);
                        placed.Add(decision.Pod.Key);
                        scheduler.Bound(decision.Pod);
                    }
                }
                while (placed.Count > before);
                foreach (var pod in waiting.Values)
                    scheduler.Explain(pod, _now)!.Nodes.ShouldAllBe(n => n.Refusals.Count > 0, $"seed {seed}, step {step}: {pod.Metadata.Name} could have been placed");
            }
        }
    }

    private void Park(Pod pod)
    {
        See(pod);
        _scheduler.Next(_now)!.Node.ShouldBeNull();
        _now += TimeSpan.FromSeconds(20);
    }

    private void Gone(string name) => _scheduler.PodGone(new ResourceKey("pods", "default", name), _now);

    private void See(params Node[] nodes)
    {
        foreach (var node in nodes) _scheduler.NodeChanged(node, _now);
    }

    private void See(params Pod[] pods)
    {
        foreach (var pod in pods) _scheduler.PodChanged(pod, _now);
    }

    private static Node Zone(string name, string zone, Action<Node>? and = null) => Node(name, and: n =>
    {
        n.Metadata.Labels!["zone"] = zone;
        and?.Invoke(n);
    });

    private static PodAffinityTerm Term(string app, string key = "kubernetes.io/hostname") => new() { TopologyKey = key, LabelSelector = new() { MatchLabels = new() { ["app"] = app } } };

    private static Pod Labelled(string name, string app, Action<Pod>? and = null) => Pod(name, "100m", and: p =>
    {
        p.Metadata.Labels = new() { ["app"] = app };
        and?.Invoke(p);
    });

    private static Pod On(string node, Pod pod)
    {
        pod.Spec.NodeName = node;
        return pod;
    }
}
