using Orchestrator.Actors.Scheduling;
using Orchestrator.Bench.Report;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Meta.V1;

namespace Orchestrator.Bench.Rows;

/// <summary>
/// Decisions per second of the scheduler alone, at 5,000 nodes in three zones: pods in, nodes out, no actors and no journal. Once with plain pods until nine tenths of the
/// cluster are full, once with pods that spread over zones and keep apart on hosts. Time is processor time of this process (its collector and compiler included): what one
/// core does in a second, whatever else the machine does.
/// </summary>
internal static class SchedulerDecisions
{
    private const int Nodes = 5000;
    private const int PlainPods = 50_000;
    private const int SpreadPods = 20_000;
    private const int Deployments = 100;

    public static IEnumerable<BenchRow> Measure()
    {
        Run(5000, NewPod); // warm-up
        var plain = Run(PlainPods, NewPod);
        yield return Speed("scheduler: plain pods, 5,000 nodes", plain, 10_000);
        yield return Flatness("scheduler: plain pods, last 10 % by first 10 %", plain);
        var spread = Run(SpreadPods, NewSpreadPod);
        yield return Speed("scheduler: zone spread + anti-affinity", spread, 2000);
        yield return Flatness("scheduler: spread, last 10 % by first 10 %", spread);
    }

    private static BenchRow Speed(string name, Measured run, double least) =>
        new(name, run.PerSecond, run.FloorPerSecond, "pods/s", "a scan over 5,000 structs per pod, on one core", new Budget($"≥ {least:N0}", r => r.Value, least, null));

    private static BenchRow Flatness(string name, Measured run) => new(name, run.LastByFirst, null, "×", "", Budget.AtMostValue(1.3, "×"));

    private static Measured Run(int pods, Func<int, Pod> make)
    {
        var now = TimeProvider.System.GetUtcNow();
        var scheduler = new ClusterScheduler(seed: 1);
        for (var i = 0; i < Nodes; i++) scheduler.NodeChanged(NewNode(i), now);
        for (var i = 0; i < pods; i++) scheduler.PodChanged(make(i), now);
        var marks = new TimeSpan[11];
        marks[0] = Environment.CpuUsage.TotalTime;
        for (var tenth = 0; tenth < 10; tenth++)
        {
            for (var i = 0; i < pods / 10; i++)
                if (scheduler.Next(now) is not { Node: not null }) throw new InvalidOperationException("a pod that fits somewhere was placed nowhere");
            marks[tenth + 1] = Environment.CpuUsage.TotalTime;
        }
        return new Measured(pods / (marks[10] - marks[0]).TotalSeconds, Floor(), (marks[10] - marks[9]) / (marks[1] - marks[0]));
    }

    /// <summary>For each pod one walk over an array of structs that looks for the most free room: no choice among nodes can be made with less.</summary>
    private static double Floor()
    {
        const int Rounds = 20_000;
        var free = new (long Cpu, long Memory)[Nodes];
        for (var i = 0; i < Nodes; i++) free[i] = (5500, (i * 7919L) % 100_000);
        var start = Environment.CpuUsage.TotalTime;
        for (var round = 0; round < Rounds; round++)
        {
            var best = 0;
            for (var i = 1; i < free.Length; i++)
                if (free[i].Cpu >= 500 && free[i].Memory > free[best].Memory) best = i;
            free[best].Memory--;
        }
        return Rounds / (Environment.CpuUsage.TotalTime - start).TotalSeconds;
    }

    private static Node NewNode(int i) => new()
    {
        Metadata = new ObjectMeta
        {
            Name = $"node-{i}",
            UID = $"uid-node-{i}",
            Labels = new() { ["kubernetes.io/hostname"] = $"node-{i}", ["topology.kubernetes.io/zone"] = $"zone-{i % 3}", ["topology.kubernetes.io/region"] = "here" },
        },
        // Eleven of the pods below: 50,000 of them fill the cluster to nine tenths.
        Status = new NodeStatus { Allocatable = new() { ["cpu"] = Quantity.Parse("5500m"), ["memory"] = Quantity.Parse("64Gi"), ["pods"] = Quantity.Parse("110") } },
    };

    private static Pod NewPod(int i)
    {
        var container = new Container { Name = "c", Image = "registry/app:1" };
        container.Resources.Requests = new() { ["cpu"] = Quantity.Parse("500m"), ["memory"] = Quantity.Parse("512Mi") };
        return new Pod
        {
            Metadata = new ObjectMeta { Name = $"pod-{i}", Namespace = "default", UID = $"uid-{i}", Labels = new() { ["app"] = $"app-{i % Deployments}" } },
            Spec = new PodSpec { Containers = [container], SchedulerName = ClusterScheduler.Name },
            Status = new PodStatus { Phase = "Pending" },
        };
    }

    private static Pod NewSpreadPod(int i)
    {
        var pod = NewPod(i);
        var selector = new LabelSelector { MatchLabels = new() { ["app"] = $"app-{i % Deployments}" } };
        pod.Spec.TopologySpreadConstraints = [new() { TopologyKey = "topology.kubernetes.io/zone", MaxSkew = 1, WhenUnsatisfiable = "DoNotSchedule", LabelSelector = selector }];
        pod.Spec.Affinity = new()
        {
            PodAntiAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = [new() { TopologyKey = "kubernetes.io/hostname", LabelSelector = selector }] },
        };
        return pod;
    }

    private readonly record struct Measured(double PerSecond, double FloorPerSecond, double LastByFirst);
}
