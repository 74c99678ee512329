using Orchestrator.Actors.Scheduling;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Meta.V1;

namespace Orchestrator.Tests.Actors.Scheduling;

/// <summary>Builders for nodes and pods in Kubernetes' own terms.</summary>
internal static class SchedulingObjects
{
    public static Node Node(string name, string cpu = "4", string memory = "8Gi", string pods = "110", Action<Node>? and = null)
    {
        var node = new Node
        {
            Metadata = new ObjectMeta { Name = name, UID = $"uid-{name}", Labels = new() { ["kubernetes.io/hostname"] = name } },
            Status = new NodeStatus { Allocatable = new() { ["cpu"] = Quantity.Parse(cpu), ["memory"] = Quantity.Parse(memory), ["pods"] = Quantity.Parse(pods) } },
        };
        and?.Invoke(node);
        return node;
    }

    public static Pod Pod(string name, string? cpu = null, string? memory = null, Action<Pod>? and = null)
    {
        var container = new Container { Name = "c", Image = "i" };
        if (cpu is not null) (container.Resources.Requests ??= [])["cpu"] = Quantity.Parse(cpu);
        if (memory is not null) (container.Resources.Requests ??= [])["memory"] = Quantity.Parse(memory);
        var pod = new Pod
        {
            Metadata = new ObjectMeta { Name = name, Namespace = "default", UID = $"uid-{name}" },
            Spec = new PodSpec { Containers = [container], SchedulerName = ClusterScheduler.Name },
        };
        pod.Status.Phase = "Pending";
        and?.Invoke(pod);
        return pod;
    }

    /// <summary>The plugin's refusal of this pod by this node, or null.</summary>
    public static FilterStatus? Filter(Func<ResourceColumns, IFilterPlugin> plugin, Pod pod, Node node, params Pod[] onNode)
    {
        var columns = new ResourceColumns();
        var table = new NodeTable(columns);
        table.Set(node);
        foreach (var other in onNode) table.AddPod(node.Metadata.Name, PodInfo.Of(other, columns));
        return plugin(columns).Prepare(PodInfo.Of(pod, columns), table)?.Check(table.Nodes[0]);
    }

    /// <summary>The plugin's scores of nodes for this pod, normalised; empty where it has no opinion.</summary>
    public static long[] Scores(Func<ResourceColumns, IScorePlugin> plugin, Pod pod, params Node[] nodes)
    {
        var columns = new ResourceColumns();
        var table = new NodeTable(columns);
        foreach (var node in nodes) table.Set(node);
        if (plugin(columns).Prepare(PodInfo.Of(pod, columns), table, [.. table.Nodes]) is not { } opinion) return [];
        var scores = table.Nodes.Select(opinion.Score).ToArray();
        opinion.Normalize(scores);
        return scores;
    }
}
