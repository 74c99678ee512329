using Orchestrator.Actors.Scheduling;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Policy.V1;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.Actors.Scheduling.SchedulingObjects;

namespace Orchestrator.Tests.Actors.Scheduling;

public sealed class PreemptionTests
{
    private readonly ClusterScheduler _scheduler = new(seed: 1);
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_more_important_pod_takes_the_place_of_a_less_important_one()
    {
        See(Node("n", cpu: "1"));
        See(On("n", Pod("low", "1")));
        See(Important("high", "1", 10));
        var decision = _scheduler.Next(_now)!;
        decision.Node.ShouldBeNull();
        decision.Message.ShouldBe("0/1 nodes are available: 1 Insufficient cpu.");
        decision.Preemption!.Node.ShouldBe("n");
        Victims(decision).ShouldBe(["low"]);
        _now += TimeSpan.FromSeconds(2);
        Gone("low");
        _scheduler.Next(_now)!.Node.ShouldBe("n");
    }

    [Fact]
    public void Pods_of_the_same_or_higher_priority_stay()
    {
        See(Node("n", cpu: "2"));
        See(On("n", Important("same", "1", 10)), On("n", Important("higher", "1", 20)));
        See(Important("high", "1", 10));
        var decision = _scheduler.Next(_now)!;
        decision.Preemption.ShouldBeNull();
        decision.Message.ShouldBe("0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.");
    }

    [Fact]
    public void A_pod_that_may_not_preempt_does_not()
    {
        See(Node("n", cpu: "1"));
        See(On("n", Pod("low", "1")));
        See(Important("high", "1", 10, p => p.Spec.PreemptionPolicy = "Never"));
        var decision = _scheduler.Next(_now)!;
        decision.Preemption.ShouldBeNull();
        decision.Message.ShouldBe("0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.");
    }

    [Fact]
    public void Nodes_that_no_eviction_helps_are_not_tried()
    {
        See(Node("cordoned", and: n => n.Spec.Unschedulable = true), Node("small", cpu: "500m"), Node("full", cpu: "2"));
        See(On("cordoned", Pod("a", "1")), On("small", Pod("b", "500m")), On("full", Pod("c", "500m")), On("full", Important("d", "1500m", 20)));
        See(Important("high", "1", 10));
        _scheduler.Next(_now)!.Message.ShouldBe("0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu. "
            + "preemption: 0/3 nodes are available: 1 Insufficient cpu, 2 Preemption is not helpful for scheduling.");
    }

    [Fact]
    public void The_node_whose_victims_matter_least_is_chosen()
    {
        See(Node("n1", cpu: "1"), Node("n2", cpu: "1"), Node("n3", cpu: "1"));
        See(On("n1", Important("a", "1", 5)), On("n2", Important("b", "1", 2)), On("n3", Important("c1", "500m", 2)), On("n3", Important("c2", "500m", 2)));
        See(Important("high", "1", 10));
        _scheduler.Next(_now)!.Preemption!.Node.ShouldBe("n2", "the lowest priority, and fewest of it");
    }

    [Fact]
    public void Among_equals_those_that_started_last_go()
    {
        See(Node("n", cpu: "2"));
        See(On("n", Started("old", 1)), On("n", Started("new", 2)));
        See(Important("high", "1", 10));
        Victims(_scheduler.Next(_now)!).ShouldBe(["new"]);

        Pod Started(string name, int minute) => Pod(name, "1", and: p => p.Status.StartTime = _now + TimeSpan.FromMinutes(minute));
    }

    [Fact]
    public void A_pod_that_a_disruption_budget_protects_goes_last()
    {
        See(Node("n1", cpu: "1"), Node("n2", cpu: "1"));
        See(On("n1", Labelled("protected", "1")), On("n2", Important("more-important", "1", 5)));
        Protect(allowed: 0);
        See(Important("high", "1", 10));
        Victims(_scheduler.Next(_now)!).ShouldBe(["more-important"]);
    }

    [Fact]
    public void A_budget_is_broken_where_nothing_else_helps()
    {
        See(Node("n", cpu: "1"));
        See(On("n", Labelled("protected", "1")));
        Protect(allowed: 0);
        See(Important("high", "1", 10));
        Victims(_scheduler.Next(_now)!).ShouldBe(["protected"]);
    }

    [Fact]
    public void Room_that_is_made_is_kept_from_less_important_pods_until_its_pod_comes()
    {
        See(Node("n", cpu: "1"));
        See(On("n", Pod("low", "1")));
        See(Important("high", "1", 10));
        _scheduler.Next(_now)!.Preemption!.Node.ShouldBe("n");
        Gone("low");
        See(Important("middle", "1", 5));
        _scheduler.Next(_now)!.Node.ShouldBeNull("the place belongs to the pod that waits for its back-off");
        _now += TimeSpan.FromSeconds(2);
        var next = _scheduler.Next(_now)!;
        (next.Pod.Key.Name, next.Node).ShouldBe(("high", "n"));
    }

    [Fact]
    public void A_pod_whose_victims_are_still_going_preempts_nobody_else()
    {
        See(Node("n1", cpu: "1"), Node("n2", cpu: "1"));
        See(On("n1", Pod("a", "1")), On("n2", Pod("b", "1")));
        See(Important("high", "1", 10));
        var first = _scheduler.Next(_now)!.Preemption!;
        // Its victim goes with grace; something else wakes the pod meanwhile.
        See(On(first.Node, Pod(first.Victims[0].Key.Name, "1", and: p =>
        {
            p.Metadata.DeletionTimestamp = _now;
            p.Status.Conditions = [new PodCondition { Type = "DisruptionTarget", Status = "True", Reason = "PreemptionByScheduler" }];
        })));
        _now += TimeSpan.FromMinutes(6);
        var second = _scheduler.Next(_now)!;
        second.Preemption.ShouldBeNull();
        second.Message.ShouldBe("0/2 nodes are available: 2 Insufficient cpu. preemption: not eligible due to terminating pod on the nominated node.");
    }

    [Fact]
    public void Anti_affinity_is_a_reason_to_preempt_too()
    {
        See(Node("n"));
        See(On("n", Labelled("there", "100m")));
        See(Important("high", "100m", 10, p => p.Spec.Affinity = new()
        {
            PodAntiAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = [new() { TopologyKey = "kubernetes.io/hostname", LabelSelector = new() { MatchLabels = new() { ["app"] = "web" } } }] },
        }));
        Victims(_scheduler.Next(_now)!).ShouldBe(["there"]);
    }

    [Fact]
    public void Preemption_never_evicts_more_than_needed_and_breaks_no_budget_without_need()
    {
        var first = Random.Shared.Next();
        for (var seed = first; seed < first + 150; seed++)
        {
            var random = new Random(seed);
            var scheduler = new ClusterScheduler(seed);
            var cpus = new Dictionary<string, int>();
            var there = new Dictionary<string, (string Node, int Cpu, int Priority, bool Protected, string Port)>();
            for (var n = 0; n < 3; n++)
            {
                cpus[$"n{n}"] = 4 + random.Next(8);
                scheduler.NodeChanged(Node($"n{n}", $"{cpus[$"n{n}"]}"), _now);
            }
            scheduler.BudgetChanged("default", "budget", Budget(0));
            for (var i = 0; i < 14; i++)
            {
                var (node, cpu) = ($"n{random.Next(3)}", 1 + random.Next(4));
                if (there.Values.Where(p => p.Node == node).Sum(p => p.Cpu) + cpu > cpus[node]) continue;
                there[$"p{i}"] = (node, cpu, random.Next(4) * 10, random.Next(2) == 0, random.Next(3) == 0 ? "80" : "");
                scheduler.PodChanged(On(node, Shape(Important($"p{i}", $"{cpu}", there[$"p{i}"].Priority), there[$"p{i}"].Protected, there[$"p{i}"].Port)), _now);
            }
            var (want, priority, port) = (1 + random.Next(6), 5 + random.Next(4) * 10, random.Next(3) == 0 ? "80" : "");
            scheduler.PodChanged(Shape(Important("new", $"{want}", priority), false, port), _now);
            var decision = scheduler.Next(_now)!;

            bool Fits(string node, IReadOnlyCollection<string> without)
            {
                var left = there.Where(p => p.Value.Node == node && !without.Contains(p.Key)).Select(p => p.Value).ToList();
                return left.Sum(p => p.Cpu) + want <= cpus[node] && (port.Length == 0 || left.TrueForAll(p => p.Port.Length == 0));
            }
            List<string> Lower(string node, bool spareProtected) => [.. there.Where(p => p.Value.Node == node && p.Value.Priority < priority && !(spareProtected && p.Value.Protected)).Select(p => p.Key)];

            var anywhere = cpus.Keys.Any(n => Fits(n, []));
            (decision.Node is not null).ShouldBe(anywhere, $"seed {seed}");
            if (anywhere) continue;
            (decision.Preemption is not null).ShouldBe(cpus.Keys.Any(n => Fits(n, Lower(n, false))), $"seed {seed}");
            if (decision.Preemption is not { } preemption) continue;
            var victims = preemption.Victims.Select(v => v.Key.Name).ToList();
            victims.ShouldBeSubsetOf(Lower(preemption.Node, false), $"seed {seed}");
            Fits(preemption.Node, victims).ShouldBeTrue($"seed {seed}");
            foreach (var victim in victims) Fits(preemption.Node, [.. victims.Where(v => v != victim)]).ShouldBeFalse($"seed {seed}: {victim} could have stayed");
            if (cpus.Keys.Any(n => Fits(n, Lower(n, true)))) victims.ShouldAllBe(v => !there[v].Protected, $"seed {seed}");
            // What was tried out has been taken back.
            foreach (var node in scheduler.Nodes.Nodes) node.PodCount.ShouldBe(there.Values.Count(p => p.Node == node.Name), $"seed {seed}");
        }
    }

    private static Pod Shape(Pod pod, bool isProtected, string port)
    {
        if (isProtected) pod.Metadata.Labels = new() { ["app"] = "web" };
        if (port.Length > 0) pod.Spec.Containers![0].Ports = [new ContainerPort { HostPort = int.Parse(port), Protocol = "TCP" }];
        return pod;
    }

    private void Protect(int allowed) => _scheduler.BudgetChanged("default", "budget", Budget(allowed));

    private static PodDisruptionBudget Budget(int allowed) => new()
    {
        Spec = new() { Selector = new() { MatchLabels = new() { ["app"] = "web" } } },
        Status = new() { DisruptionsAllowed = allowed },
    };

    private void Gone(string name) => _scheduler.PodGone(new ResourceKey("pods", "default", name), _now);

    private static IEnumerable<string> Victims(SchedulingDecision decision) => decision.Preemption!.Victims.Select(v => v.Key.Name);

    private void See(params Node[] nodes)
    {
        foreach (var node in nodes) _scheduler.NodeChanged(node, _now);
    }

    private void See(params Pod[] pods)
    {
        foreach (var pod in pods) _scheduler.PodChanged(pod, _now);
    }

    private static Pod Important(string name, string cpu, int priority, Action<Pod>? and = null) => Pod(name, cpu, and: p =>
    {
        p.Spec.Priority = priority;
        and?.Invoke(p);
    });

    private static Pod Labelled(string name, string cpu) => Pod(name, cpu, and: p => p.Metadata.Labels = new() { ["app"] = "web" });

    private static Pod On(string node, Pod pod)
    {
        pod.Spec.NodeName = node;
        return pod;
    }
}
