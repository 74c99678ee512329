using Orchestrator.Actors.Scheduling.Volumes;

namespace Orchestrator.Actors.Scheduling.Plugins;

/// <summary>
/// Refuses nodes where a disk that the pod names itself is mounted already by a pod that does not go together with it, and every node while another pod anywhere uses a
/// claim that only one pod may (ReadWriteOncePod).
/// </summary>
public sealed class VolumeRestrictions : IFilterPlugin
{
    private static readonly FilterStatus DiskConflict = new("VolumeRestrictions", false, "node(s) had no available disk");
    private static readonly FilterStatus ClaimInUse = new("VolumeRestrictions", false, "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode");

    /// <inheritdoc/>
    public string Name => "VolumeRestrictions";

    /// <inheritdoc/>
    public ClusterChange HelpedBy => ClusterChange.NodeAdded | ClusterChange.PodLeft | ClusterChange.Claim;

    /// <inheritdoc/>
    public bool LooksBeyondTheNode => true;

    /// <inheritdoc/>
    public bool MayHelp(in ClusterEvent change, PodInfo pod, NodeTable nodes)
    {
        if (change.Change == ClusterChange.Claim) return change.IsClaimOf(pod);
        if (change.Pod is not { } other) return true;
        foreach (var disk in pod.Volumes.Disks)
            if (Array.Exists(other.Volumes.Disks, disk.ConflictsWith)) return true;
        return other.Key.Namespace == pod.Key.Namespace && Array.Exists(pod.Volumes.Claims, c => Array.Exists(other.Volumes.Claims, o => o.Name == c.Name));
    }

    /// <inheritdoc/>
    public IPodFilter? Prepare(PodInfo pod, NodeTable nodes)
    {
        if (ReferenceEquals(pod.Volumes, PodVolumes.None)) return null;
        var alone = Array.FindAll(pod.Volumes.Claims, c => !c.Ephemeral && nodes.Volumes.Claim(pod.Key.Namespace, c.Name)?.Spec.AccessModes?.Contains("ReadWriteOncePod") == true);
        return alone.Length + pod.Volumes.Disks.Length == 0 ? null : new Filter(nodes.Volumes, pod, alone);
    }

    private sealed class Filter(VolumeTable volumes, PodInfo pod, PodClaim[] alone) : IPodFilter
    {
        public FilterStatus? Check(NodeInfo node)
        {
            if (pod.Volumes.Disks.Length > 0)
                foreach (var other in node.Pods)
                    if (Conflict(other) is not null) return DiskConflict;
            foreach (var claim in alone)
                if (volumes.UsersOf(pod.Key.Namespace, claim.Name) > 0) return ClaimInUse;
            return null;
        }

        public string Remedy(NodeInfo node)
        {
            foreach (var other in node.Pods)
                if (Conflict(other) is { } disk) return $"pod {other.Key.Namespace}/{other.Key.Name}, which has {disk.Kind} {disk.Id} mounted, must leave the node";
            return $"the pod that uses claim {string.Join(", ", alone.Where(c => volumes.UsersOf(pod.Key.Namespace, c.Name) > 0).Select(c => c.Name))} must end: its access mode is ReadWriteOncePod";
        }

        private InlineDisk? Conflict(PodInfo other)
        {
            foreach (var disk in pod.Volumes.Disks)
                foreach (var there in other.Volumes.Disks)
                    if (disk.ConflictsWith(there)) return disk;
            return null;
        }
    }
}
