namespace Orchestrator.Actors.Scheduling;

/// <summary>Something that happened to the cluster and may let a waiting pod in.</summary>
[Flags]
public enum ClusterChange
{
    /// <summary>Nothing of interest.</summary>
    None = 0,

    /// <summary>A node appeared.</summary>
    NodeAdded = 1,

    /// <summary>A node's allocatable amounts changed.</summary>
    NodeAllocatable = 2,

    /// <summary>A node's labels changed.</summary>
    NodeLabels = 4,

    /// <summary>A node's taints changed, or it was cordoned or uncordoned.</summary>
    NodeTaints = 8,

    /// <summary>A pod left a node: deleted, ended, or an assumed binding was given up.</summary>
    PodLeft = 16,

    /// <summary>A pod came to a node.</summary>
    PodCame = 32,
}

/// <summary>
/// Kubernetes' PreFilter and Filter points. <see cref="Prepare"/> runs once per pod and may allocate; what it returns is asked once
/// per node and may not.
/// </summary>
public interface IFilterPlugin
{
    /// <summary>The plugin's name in Kubernetes.</summary>
    string Name { get; }

    /// <summary>Changes after which a pod this plugin refused is worth another look.</summary>
    ClusterChange HelpedBy { get; }

    /// <summary>The pod's question to every node, or null where the plugin has nothing to ask for this pod.</summary>
    IPodFilter? Prepare(PodInfo pod, NodeTable nodes);
}

/// <summary>One pod's question to nodes.</summary>
public interface IPodFilter
{
    /// <summary>Null where the node will do. Allocates nothing.</summary>
    FilterStatus? Check(NodeInfo node);
}
