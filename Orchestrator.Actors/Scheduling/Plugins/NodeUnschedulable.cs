using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Scheduling.Plugins;

/// <summary>Cordoned nodes take only pods that tolerate <c>node.kubernetes.io/unschedulable:NoSchedule</c>.</summary>
public sealed class NodeUnschedulable : IFilterPlugin, IPodFilter
{
    private static readonly FilterStatus Refusal = new("NodeUnschedulable", true, "node(s) were unschedulable");
    private static readonly Taint Cordon = new() { Key = "node.kubernetes.io/unschedulable", Effect = "NoSchedule" };

    /// <inheritdoc/>
    public string Name => "NodeUnschedulable";

    /// <inheritdoc/>
    public ClusterChange HelpedBy => ClusterChange.NodeAdded | ClusterChange.NodeTaints;

    /// <inheritdoc/>
    public IPodFilter? Prepare(PodInfo pod, NodeTable nodes) => Tolerations.Tolerate(pod.Tolerations, Cordon) ? null : this;

    /// <inheritdoc/>
    public FilterStatus? Check(NodeInfo node) => node.Unschedulable ? Refusal : null;

    /// <inheritdoc/>
    public string Remedy(NodeInfo node) => $"kubectl uncordon {node.Name}, or tolerate node.kubernetes.io/unschedulable:NoSchedule";
}
