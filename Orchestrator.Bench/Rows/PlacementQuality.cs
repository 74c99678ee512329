using System.Globalization;
using Orchestrator.Actors.Scheduling;
using Orchestrator.Bench.Report;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Meta.V1;

namespace Orchestrator.Bench.Rows;

/// <summary>
/// What sampling costs in quality: one heterogeneous workload on 1,000 unequal nodes, placed once as always and once by a scheduler that looks at every node and scores
/// all that fit. Compared are how many pods find room until nothing fits any more, and how evenly each workload's pods end up over the zones.
/// </summary>
internal static class PlacementQuality
{
    private const int Nodes = 1000;
    private const int Workloads = 60;
    private const int Pods = 30_000;

    public static IEnumerable<BenchRow> Measure()
    {
        var seed = Random.Shared.Next();
        var sampled = Place(seed, percent: 0);
        var exhaustive = Place(seed, percent: 100);
        var which = string.Create(CultureInfo.InvariantCulture, $"every node scored (seed {seed})");
        yield return new BenchRow("placement: pods placed until full", sampled.Placed, exhaustive.Placed, "pods", which, Budget.RatioAtLeast(0.98));
        yield return new BenchRow("placement: evenness over zones", sampled.Evenness, exhaustive.Evenness, "%", which, Budget.RatioAtLeast(0.98));
    }

    private static (int Placed, double Evenness) Place(int seed, int percent)
    {
        var random = new Random(seed);
        var now = TimeProvider.System.GetUtcNow();
        var scheduler = new ClusterScheduler(1, [new SchedulerProfile { PercentageOfNodesToScore = percent }]);
        var zones = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < Nodes; i++)
        {
            var node = NewNode(i, random);
            zones[node.Metadata.Name] = node.Metadata.Labels!["topology.kubernetes.io/zone"];
            scheduler.NodeChanged(node, now);
        }
        var workloads = Enumerable.Range(0, Workloads).Select(_ => (Cpu: random.Next(1, 21) * 100, Memory: random.Next(1, 33) * 128)).ToArray();
        for (var i = 0; i < Pods; i++)
        {
            var workload = random.Next(Workloads);
            scheduler.PodChanged(NewPod(i, workload, workloads[workload]), now);
        }
        var placed = new Dictionary<(string Workload, string Zone), int>();
        var count = 0;
        while (scheduler.Next(now) is { } decision)
        {
            if (decision.Node is not { } node) continue;
            var key = (decision.Pod.Labels["app"], zones[node]);
            placed[key] = placed.GetValueOrDefault(key) + 1;
            count++;
        }
        // 100 % where each zone has a third of each workload.
        var evenness = placed.GroupBy(p => p.Key.Workload).Select(w => 100.0 * 3 * Math.Min(w.Count() < 3 ? 0 : w.Min(z => z.Value), w.Max(z => z.Value)) / w.Sum(z => z.Value)).Average();
        return (count, evenness);
    }

    private static Node NewNode(int i, Random random) => new()
    {
        Metadata = new ObjectMeta { Name = $"node-{i}", UID = $"uid-node-{i}", Labels = new() { ["kubernetes.io/hostname"] = $"node-{i}", ["topology.kubernetes.io/zone"] = $"zone-{i % 3}" } },
        Status = new NodeStatus { Allocatable = new() { ["cpu"] = Quantity.Parse($"{4 << random.Next(3)}"), ["memory"] = Quantity.Parse($"{16 << random.Next(3)}Gi"), ["pods"] = Quantity.Parse("110") } },
    };

    private static Pod NewPod(int i, int workload, (int Cpu, int Memory) size)
    {
        var container = new Container { Name = "c", Image = "registry/app:1" };
        container.Resources.Requests = new() { ["cpu"] = Quantity.Parse($"{size.Cpu}m"), ["memory"] = Quantity.Parse($"{size.Memory}Mi") };
        var app = $"app-{workload}";
        return new Pod
        {
            Metadata = new ObjectMeta { Name = $"pod-{i}", Namespace = "default", UID = $"uid-{i}", Labels = new() { ["app"] = app } },
            Spec = new PodSpec
            {
                Containers = [container],
                SchedulerName = ClusterScheduler.Name,
                TopologySpreadConstraints = [new() { TopologyKey = "topology.kubernetes.io/zone", MaxSkew = 1, WhenUnsatisfiable = "ScheduleAnyway", LabelSelector = new() { MatchLabels = new() { ["app"] = app } } }],
            },
            Status = new PodStatus { Phase = "Pending" },
        };
    }
}
