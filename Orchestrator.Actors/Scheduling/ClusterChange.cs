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

    /// <summary>A volume, storage class, CSI driver or storage capacity was made or changed.</summary>
    Storage = 128,

    /// <summary>A node's CSI drivers changed, or a volume was detached from it.</summary>
    NodeDrivers = 256,

    /// <summary>A claim was made or changed.</summary>
    Claim = 512,

    /// <summary>Anything about a node itself.</summary>
    Node = NodeAdded | NodeAllocatable | NodeLabels | NodeTaints,
}

/// <summary>One such change.</summary>
/// <param name="Change">What happened.</param>
/// <param name="Node">The node it happened to, or null.</param>
/// <param name="Pod">The pod that came or left, or null.</param>
public readonly record struct ClusterEvent(ClusterChange Change, NodeInfo? Node, PodInfo? Pod)
{
    /// <summary>The claim of <see cref="ClusterChange.Claim"/>, by namespace and name.</summary>
    public (string Namespace, string Name) Claim { get; init; }

    /// <summary>Whether the pod mounts that claim.</summary>
    public bool IsClaimOf(PodInfo pod)
    {
        if (pod.Key.Namespace != Claim.Namespace) return false;
        foreach (var claim in pod.Volumes.Claims)
            if (claim.Name == Claim.Name) return true;
        return false;
    }
}
