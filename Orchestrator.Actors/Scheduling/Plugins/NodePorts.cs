namespace Orchestrator.Actors.Scheduling.Plugins;

/// <summary>Refuses nodes where a host port the pod wants is taken.</summary>
public sealed class NodePorts : IFilterPlugin
{
    private static readonly FilterStatus Refusal = new("NodePorts", false, "node(s) didn't have free ports for the requested pod ports");

    /// <inheritdoc/>
    public string Name => "NodePorts";

    /// <inheritdoc/>
    public ClusterChange HelpedBy => ClusterChange.NodeAdded | ClusterChange.PodLeft;

    /// <inheritdoc/>
    public bool MayHelp(in ClusterEvent change, PodInfo pod, NodeTable nodes)
    {
        if (change.Pod is not { } left) return true;
        foreach (var port in pod.HostPorts)
            if (Array.Exists(left.HostPorts, port.ConflictsWith)) return true;
        return false;
    }

    /// <inheritdoc/>
    public IPodFilter? Prepare(PodInfo pod, NodeTable nodes) => pod.HostPorts.Length == 0 ? null : new Filter(pod.HostPorts);

    private sealed class Filter(HostPort[] wanted) : IPodFilter
    {
        public FilterStatus? Check(NodeInfo node)
        {
            var used = node.UsedPorts;
            for (var i = 0; i < used.Count; i++)
                foreach (var port in wanted)
                    if (port.ConflictsWith(used[i])) return Refusal;
            return null;
        }

        public string Remedy(NodeInfo node) => $"free {string.Join(", ", wanted.Where(w => node.UsedPorts.Any(w.ConflictsWith)).Select(w => $"{w.Protocol} port {w.Port}"))} on the node, or ask for another hostPort";
    }
}
