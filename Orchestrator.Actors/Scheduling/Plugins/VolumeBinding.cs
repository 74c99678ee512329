using Orchestrator.Actors.Scheduling.Volumes;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Scheduling.Plugins;

/// <summary>
/// Lets a pod go only where its claims' volumes can be used: bound ones by the volume's node affinity, claims that wait for their first consumer where a free
/// volume fits or their class can make one.
/// </summary>
public sealed class VolumeBinding : IFilterPlugin
{
    private static readonly FilterStatus NodeConflict = new("VolumeBinding", true, "node(s) had volume node affinity conflict");
    private static readonly FilterStatus BindConflict = new("VolumeBinding", true, "node(s) didn't find available persistent volumes to bind");
    private static readonly FilterStatus NoVolume = new("VolumeBinding", true, "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");
    private static readonly FilterStatus Immediate = new("VolumeBinding", true, "pod has unbound immediate PersistentVolumeClaims");

    /// <inheritdoc/>
    public string Name => "VolumeBinding";

    /// <inheritdoc/>
    public ClusterChange HelpedBy => ClusterChange.NodeAdded | ClusterChange.NodeLabels | ClusterChange.Storage;

    /// <inheritdoc/>
    public IPodFilter? Prepare(PodInfo pod, NodeTable nodes)
    {
        if (pod.Volumes.Claims.Length == 0) return null;
        var volumes = nodes.Volumes;
        var bound = new List<KnownVolume>();
        var waiting = new List<PersistentVolumeClaim>();
        var lost = false;
        var immediate = false;
        foreach (var (name, ephemeral) in pod.Volumes.Claims)
        {
            if (volumes.Claim(pod.Key.Namespace, name) is not { } claim)
                return new Refused(ephemeral ? $"waiting for ephemeral volume controller to create the persistentvolumeclaim \"{name}\"" : $"persistentvolumeclaim \"{name}\" not found");
            if (claim.Status.Phase == "Lost") return new Refused($"persistentvolumeclaim \"{name}\" bound to non-existent persistentvolume \"{claim.Spec.VolumeName}\"");
            if (claim.Metadata.DeletionTimestamp is not null) return new Refused($"persistentvolumeclaim \"{name}\" is being deleted");
            if (VolumeTable.IsBound(claim))
            {
                if (volumes.Volume(claim.Spec.VolumeName) is { } volume) bound.Add(volume);
                else lost = true;
            }
            else if (volumes.WaitsForConsumer(claim)) waiting.Add(claim);
            else immediate = true;
        }
        if (immediate) return new Refused(Immediate);
        return new Filter(volumes, bound, waiting, lost);
    }

    /// <summary>
    /// Which volumes the pod's waiting claims get on this node: a free volume each, or null for a claim whose class will make one. Null where the node will not do.
    /// </summary>
    public static IReadOnlyList<VolumeChoice>? Choose(VolumeTable volumes, IReadOnlyList<PersistentVolumeClaim> waiting, NodeInfo node)
    {
        var chosen = new List<KnownVolume>();
        var choice = new List<VolumeChoice>(waiting.Count);
        // The smallest claims first, so that a large one does not find its volume taken by a small one.
        foreach (var claim in waiting.OrderBy(c => c.Spec.Resources.Requests?.GetValueOrDefault("storage") ?? default))
        {
            var selected = claim.Metadata.Annotations?.GetValueOrDefault(VolumeTable.SelectedNode);
            if (selected is { Length: > 0 })
            {
                if (selected != node.Name) return null;
                choice.Add(new VolumeChoice(claim, null));
                continue;
            }
            var volume = volumes.FindFor(claim, node, chosen);
            if (volume is null && !volumes.CanProvision(claim, node)) return null;
            if (volume is not null) chosen.Add(volume);
            choice.Add(new VolumeChoice(claim, volume));
        }
        return choice;
    }

    private sealed class Filter(VolumeTable volumes, List<KnownVolume> bound, List<PersistentVolumeClaim> waiting, bool lost) : IPodFilter
    {
        public FilterStatus? Check(NodeInfo node)
        {
            if (lost) return NoVolume;
            foreach (var volume in bound)
                if (!volume.IsReachableFrom(node)) return NodeConflict;
            return waiting.Count == 0 || Choose(volumes, waiting, node) is not null ? null : BindConflict;
        }

        public string Remedy(NodeInfo node)
        {
            if (lost) return "the volumes that the pod's claims are bound to must exist";
            var unreachable = bound.Where(v => !v.IsReachableFrom(node)).Select(v => v.Name).ToList();
            return unreachable.Count > 0
                ? $"the node affinity of volume {string.Join(", ", unreachable)} must allow the node"
                : $"for {string.Join(", ", waiting.Select(c => c.Metadata.Name))} there must be a free volume the node can use, or a storage class that can make one there";
        }
    }

    private sealed class Refused(FilterStatus verdict) : IPodFilter
    {
        public Refused(string reason) : this(new FilterStatus("VolumeBinding", true, reason)) { }

        public FilterStatus? Everywhere => verdict;

        public FilterStatus? Check(NodeInfo node) => verdict;

        public string Remedy(NodeInfo node) => "the pod's claims must exist, and those that do not wait for a consumer must be bound";
    }
}
