using Orchestrator.Actors.Scheduling;
using Orchestrator.Bench.Report;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Meta.V1;

namespace Orchestrator.Bench.Rows;

/// <summary>Decisions per second of the scheduler alone, at 5,000 nodes: pods in, nodes out, no actors and no journal.</summary>
internal static class SchedulerDecisions
{
    private const int Nodes = 5000;
    private const int WarmUp = 2000;
    private const int Pods = 8000;

    public static IEnumerable<BenchRow> Measure()
    {
        var time = TimeProvider.System;
        var now = time.GetUtcNow();
        var scheduler = new ClusterScheduler(seed: 1);
        for (var i = 0; i < Nodes; i++) scheduler.NodeChanged(NewNode($"node-{i}"), now);
        for (var i = 0; i < Pods; i++) scheduler.PodChanged(NewPod($"pod-{i}"), now);
        for (var i = 0; i < WarmUp; i++) Decide();
        var start = time.GetTimestamp();
        for (var i = WarmUp; i < Pods; i++) Decide();
        var perSecond = (Pods - WarmUp) / time.GetElapsedTime(start).TotalSeconds;
        return [new BenchRow("scheduler decisions at 5,000 nodes", perSecond, Floor(scheduler, time), "pods/s", "a loop that sums every node's resources")];

        void Decide()
        {
            if (scheduler.Next(now)?.Node is null) throw new InvalidOperationException("a pod that fits everywhere was placed nowhere");
        }
    }

    /// <summary>For each pod one walk over the same table that only adds up what is free.</summary>
    private static double Floor(ClusterScheduler scheduler, TimeProvider time)
    {
        const int rounds = 2000;
        var nodes = scheduler.Nodes.Nodes;
        long total = 0;
        var start = time.GetTimestamp();
        for (var round = 0; round < rounds; round++)
            foreach (var node in nodes)
                for (var column = 0; column < Math.Min(node.Allocatable.Length, node.Requested.Length); column++) total += node.Allocatable[column] - node.Requested[column];
        var elapsed = time.GetElapsedTime(start);
        GC.KeepAlive(total);
        return rounds / elapsed.TotalSeconds;
    }

    private static Node NewNode(string name) => new()
    {
        Metadata = new ObjectMeta { Name = name, UID = $"uid-{name}", Labels = new() { ["kubernetes.io/hostname"] = name } },
        Status = new NodeStatus { Allocatable = new() { ["cpu"] = Quantity.Parse("64"), ["memory"] = Quantity.Parse("256Gi"), ["pods"] = Quantity.Parse("110") } },
    };

    private static Pod NewPod(string name)
    {
        var container = new Container { Name = "c", Image = "i" };
        container.Resources.Requests = new() { ["cpu"] = Quantity.Parse("500m"), ["memory"] = Quantity.Parse("512Mi") };
        return new Pod
        {
            Metadata = new ObjectMeta { Name = name, Namespace = "default", UID = $"uid-{name}" },
            Spec = new PodSpec { Containers = [container], SchedulerName = ClusterScheduler.Name },
            Status = new PodStatus { Phase = "Pending" },
        };
    }
}
