using Orchestrator.Actors.Scheduling.Topology;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Selectors;
using Orchestrator.Resources.Types.Storage.V1;

namespace Orchestrator.Actors.Scheduling.Volumes;

/// <summary>A CSIStorageCapacity: how large a volume of one class can be made for the nodes of one topology segment.</summary>
internal sealed class StorageRoom(CSIStorageCapacity capacity)
{
    /// <summary>Nobody reaches it where no topology is given.</summary>
    private readonly LabelSelector _nodes = PodTerm.Compile(capacity.NodeTopology, []);

    /// <summary>The largest single volume is the more exact number where there is one.</summary>
    private readonly Quantity? _limit = capacity.MaximumVolumeSize ?? capacity.Capacity;

    public string ClassName => capacity.StorageClassName;

    public bool IsEnoughFor(Quantity wanted) => _limit is { } limit && limit >= wanted;

    public bool IsReachableFrom(NodeInfo node) => _nodes.Matches(node.Labels);
}
