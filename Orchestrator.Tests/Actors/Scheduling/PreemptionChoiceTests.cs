using Orchestrator.Actors.Scheduling;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Policy.V1;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.Actors.Scheduling.SchedulingObjects;

namespace Orchestrator.Tests.Actors.Scheduling;

/// <summary>Which node's pods have to go, and which of them, against working it out node by node in kube-scheduler's order; budgets that allow some disruptions included.</summary>
public sealed class PreemptionChoiceTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly string[] Apps = ["web", "db"];

    private sealed record There(string Name, string Node, int Cpu, int Priority, string App, DateTimeOffset Started);

    private sealed record Plan(string Node, List<There> Victims, int Violations);

    [Fact]
    public void The_victims_are_those_that_kube_scheduler_would_choose()
    {
        var first = Random.Shared.Next();
        for (var seed = first; seed < first + 300; seed++)
        {
            var random = new Random(seed);
            var cpus = Enumerable.Range(0, 5).ToDictionary(n => $"n{n}", _ => 4 + random.Next(6));
            var allowed = Apps.ToDictionary(a => a, _ => random.Next(4));
            var granted = new HashSet<string>();
            var pods = new List<There>();
            for (var i = 0; i < 30; i++)
            {
                var pod = new There($"p{i}", $"n{random.Next(5)}", 1 + random.Next(3), random.Next(-1, 4) * 10, random.Next(3) == 0 ? "" : Apps[random.Next(2)], Now.AddMinutes(random.Next(4)).AddSeconds(i));
                if (pods.Where(p => p.Node == pod.Node).Sum(p => p.Cpu) + pod.Cpu > cpus[pod.Node]) continue;
                pods.Add(pod);
                if (random.Next(8) == 0) granted.Add(pod.Name);
            }
            var (want, priority) = (3 + random.Next(5), 5 + random.Next(4) * 10);

            var scheduler = new ClusterScheduler(seed);
            foreach (var (name, cpu) in cpus) scheduler.NodeChanged(Node(name, $"{cpu}"), Now);
            foreach (var app in Apps) scheduler.BudgetChanged("default", app, Budget(app, allowed[app], granted));
            foreach (var pod in pods.OrderBy(_ => random.Next())) scheduler.PodChanged(Object(pod), Now);
            scheduler.PodChanged(Pod("new", $"{want}", and: p => p.Spec.Priority = priority), Now);
            var decision = scheduler.Next(Now)!;
            if (decision.Node is not null) continue;

            var plans = cpus.Keys.Select(n => Try(n, cpus[n], pods, want, priority, allowed, granted)).OfType<Plan>().ToList();
            (decision.Preemption is null).ShouldBe(plans.Count == 0, $"seed {seed}");
            if (decision.Preemption is not { } preemption) continue;
            var chosen = plans.Single(p => p.Node == preemption.Node);
            preemption.Victims.Select(v => v.Key.Name).ShouldBe(chosen.Victims.Select(v => v.Name), ignoreOrder: true, customMessage: $"seed {seed}");
            plans.ShouldAllBe(p => Compare(p, chosen) >= 0, $"seed {seed}");
        }
    }

    /// <summary>Everything of lower priority goes; then comes back, most important first, those whose going breaks a budget before the others, as long as the pod still fits.</summary>
    private static Plan? Try(string node, int cpu, List<There> pods, int want, int priority, Dictionary<string, int> allowed, HashSet<string> granted)
    {
        var lower = pods.Where(p => p.Node == node && p.Priority < priority).OrderByDescending(p => p.Priority).ThenBy(p => p.Started).ToList();
        var stays = pods.Where(p => p.Node == node && p.Priority >= priority).Sum(p => p.Cpu);
        if (lower.Count == 0 || stays + want > cpu) return null;
        var left = new Dictionary<string, int>(allowed);
        var violating = lower.Where(p => p.App.Length > 0 && !granted.Contains(p.Name) && --left[p.App] < 0).ToList();
        var victims = new List<There>();
        foreach (var pod in violating.Concat(lower.Except(violating)))
        {
            if (stays + pod.Cpu + want <= cpu) stays += pod.Cpu;
            else victims.Add(pod);
        }
        return new Plan(node, [.. victims.OrderByDescending(v => v.Priority)], victims.Count(violating.Contains));
    }

    /// <summary>Fewer broken budgets; a less important first victim; a lower sum of priorities; fewer victims; the first victims started later.</summary>
    private static int Compare(Plan one, Plan other)
    {
        int[] differences =
        [
            one.Violations.CompareTo(other.Violations),
            one.Victims[0].Priority.CompareTo(other.Victims[0].Priority),
            one.Victims.Sum(v => v.Priority + (1L << 31)).CompareTo(other.Victims.Sum(v => v.Priority + (1L << 31))),
            one.Victims.Count.CompareTo(other.Victims.Count),
            Earliest(other).CompareTo(Earliest(one)),
        ];
        return differences.FirstOrDefault(d => d != 0);

        static DateTimeOffset Earliest(Plan plan) => plan.Victims.Where(v => v.Priority == plan.Victims[0].Priority).Min(v => v.Started);
    }

    private static Pod Object(There there) => Pod(there.Name, $"{there.Cpu}", and: p =>
    {
        p.Spec.NodeName = there.Node;
        p.Spec.Priority = there.Priority;
        p.Status.StartTime = there.Started;
        if (there.App.Length > 0) p.Metadata.Labels = new() { ["app"] = there.App };
    });

    private static PodDisruptionBudget Budget(string app, int allowed, HashSet<string> granted) => new()
    {
        Spec = new() { Selector = new() { MatchLabels = new() { ["app"] = app } } },
        Status = new() { DisruptionsAllowed = allowed, DisruptedPods = granted.ToDictionary(g => g, _ => Now) },
    };
}
