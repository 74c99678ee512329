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

    /// <summary>A namespace's labels changed.</summary>
    NamespaceLabels = 64,

    /// <summary>A claim, volume or storage class was made or changed.</summary>
    Storage = 128,

    /// <summary>A node's CSI drivers changed.</summary>
    NodeDrivers = 256,

    /// <summary>Anything about a node itself.</summary>
    Node = NodeAdded | NodeAllocatable | NodeLabels | NodeTaints,
}

/// <summary>One such change.</summary>
/// <param name="Change">What happened.</param>
/// <param name="Node">The node it happened to, or null.</param>
/// <param name="Pod">The pod that came or left, or null.</param>
public readonly record struct ClusterEvent(ClusterChange Change, NodeInfo? Node, PodInfo? Pod);
