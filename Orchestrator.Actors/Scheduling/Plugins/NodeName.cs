namespace Orchestrator.Actors.Scheduling.Plugins;

/// <summary>A pod that names its node goes nowhere else.</summary>
public sealed class NodeName : IFilterPlugin
{
    private static readonly FilterStatus Refusal = new("NodeName", true, "node(s) didn't match the requested node name");

    /// <inheritdoc/>
    public string Name => "NodeName";

    /// <inheritdoc/>
    public ClusterChange HelpedBy => ClusterChange.NodeAdded;

    /// <inheritdoc/>
    public IPodFilter? Prepare(PodInfo pod, NodeTable nodes) => pod.NodeName.Length == 0 ? null : new Filter(pod.NodeName);

    private sealed class Filter(string name) : IPodFilter
    {
        public FilterStatus? Check(NodeInfo node) => node.Name == name ? null : Refusal;

        public string Remedy(NodeInfo node) => $"the pod names node {name} in spec.nodeName";
    }
}
