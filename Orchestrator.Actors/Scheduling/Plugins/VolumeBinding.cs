using Orchestrator.Actors.Scheduling.Volumes;
using Orchestrator.Actors.Volumes;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Workloads;

namespace Orchestrator.Actors.Scheduling.Plugins;

/// <summary>
/// Lets a pod go only where its claims' volumes can be used: bound ones by the volume's node affinity, claims that wait for their first consumer where a free
/// volume fits or their class can make one.
/// </summary>
public sealed class VolumeBinding : IFilterPlugin
{
    private static readonly FilterStatus Immediate = new("VolumeBinding", true, "pod has unbound immediate PersistentVolumeClaims");

    /// <summary>A node's verdict by what is wrong with it: every reason is told.</summary>
    private static readonly FilterStatus[] Refusals = [.. Enumerable.Range(0, 16).Select(wrong => new FilterStatus("VolumeBinding", true, [.. Reasons((Wrong)wrong)]))];

    /// <inheritdoc/>
    public string Name => "VolumeBinding";

    /// <inheritdoc/>
    public ClusterChange HelpedBy => ClusterChange.NodeAdded | ClusterChange.NodeLabels | ClusterChange.Storage | ClusterChange.Claim;

    /// <inheritdoc/>
    public bool MayHelp(in ClusterEvent change, PodInfo pod, NodeTable nodes) => change.Change != ClusterChange.Claim || change.IsClaimOf(pod);

    /// <inheritdoc/>
    public IPodFilter? Prepare(PodInfo pod, NodeTable nodes)
    {
        if (pod.Volumes.Claims.Length == 0) return null;
        var volumes = nodes.Volumes;
        var bound = new List<KnownVolume?>();
        var waiting = new List<PersistentVolumeClaim>();
        var immediate = false;
        foreach (var (name, ephemeral) in pod.Volumes.Claims)
        {
            if (volumes.Claim(pod.Key.Namespace, name) is not { } claim)
                return new Refused(ephemeral ? $"waiting for ephemeral volume controller to create the persistentvolumeclaim \"{name}\"" : $"persistentvolumeclaim \"{name}\" not found");
            if (ephemeral && PodStatusFacts.Controller(claim.Metadata)?.UID != pod.Uid)
                return new Refused($"PVC {pod.Key.Namespace}/{name} was not created for pod {pod.Key.Namespace}/{pod.Key.Name} (pod is not owner)");
            if (claim.Status.Phase == "Lost") return new Refused($"persistentvolumeclaim \"{name}\" bound to non-existent persistentvolume \"{claim.Spec.VolumeName}\"");
            if (claim.Metadata.DeletionTimestamp is not null) return new Refused($"persistentvolumeclaim \"{name}\" is being deleted");
            if (VolumeTable.IsBound(claim)) bound.Add(volumes.Volume(claim.Spec.VolumeName));
            else if (volumes.WaitsForConsumer(claim)) waiting.Add(claim);
            else immediate = true;
        }
        if (immediate) return new Refused(Immediate);
        return new Filter(volumes, bound, waiting);
    }

    /// <summary>
    /// Which volumes the pod's waiting claims get on this node: a free volume each, or null for a claim whose class will make one. Null where the node will not do.
    /// </summary>
    public static IReadOnlyList<VolumeChoice>? Choose(VolumeTable volumes, IReadOnlyList<PersistentVolumeClaim> waiting, NodeInfo node)
    {
        var choices = new List<VolumeChoice>(waiting.Count);
        return Match(volumes, waiting, node, choices) == Wrong.Nothing ? choices : null;
    }

    private static Wrong Match(VolumeTable volumes, IReadOnlyList<PersistentVolumeClaim> waiting, NodeInfo node, List<VolumeChoice> choices)
    {
        foreach (var claim in waiting)
        {
            if (claim.Metadata.Annotations?.GetValueOrDefault(VolumeAnnotations.SelectedNode) is not { Length: > 0 } selected) continue;
            if (selected != node.Name) return Wrong.Unbindable;
            if (Provision(claim) is var wrong and not Wrong.Nothing) return wrong;
        }
        var chosen = new List<KnownVolume>();
        // The smallest claims first, so that a large one does not find its volume taken by a small one.
        foreach (var claim in waiting.Where(c => string.IsNullOrEmpty(c.Metadata.Annotations?.GetValueOrDefault(VolumeAnnotations.SelectedNode))).OrderBy(VolumeMatch.RequestOf))
        {
            if (volumes.FindFor(claim, node, chosen) is { } volume)
            {
                chosen.Add(volume);
                choices.Add(new VolumeChoice(claim, volume));
            }
            else if (Provision(claim) is var wrong and not Wrong.Nothing)
            {
                return wrong;
            }
        }
        return Wrong.Nothing;

        Wrong Provision(PersistentVolumeClaim claim)
        {
            if (!volumes.CanProvision(claim, node)) return Wrong.Unbindable;
            if (!volumes.HasRoom(claim, node)) return Wrong.NoRoom;
            choices.Add(new VolumeChoice(claim, null));
            return Wrong.Nothing;
        }
    }

    private static IEnumerable<string> Reasons(Wrong wrong)
    {
        if (wrong.HasFlag(Wrong.Unreachable)) yield return "node(s) had volume node affinity conflict";
        if (wrong.HasFlag(Wrong.Unbindable)) yield return "node(s) didn't find available persistent volumes to bind";
        if (wrong.HasFlag(Wrong.NoRoom)) yield return "node(s) did not have enough free storage";
        if (wrong.HasFlag(Wrong.Missing)) yield return "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";
    }

    [Flags]
    private enum Wrong
    {
        Nothing = 0,
        Unreachable = 1,
        Unbindable = 2,
        NoRoom = 4,
        Missing = 8,
    }

    /// <param name="volumes">Everything known of volumes.</param>
    /// <param name="bound">The volumes of claims that are bound; null for one that does not exist.</param>
    /// <param name="waiting">Claims that wait for their first consumer.</param>
    private sealed class Filter(VolumeTable volumes, List<KnownVolume?> bound, List<PersistentVolumeClaim> waiting) : IPodFilter
    {
        private readonly List<VolumeChoice> _choices = [];

        public FilterStatus? Check(NodeInfo node) => Judge(node) is var wrong and not Wrong.Nothing ? Refusals[(int)wrong] : null;

        public string Remedy(NodeInfo node)
        {
            var wrong = Judge(node);
            var remedies = new List<string>();
            if (wrong.HasFlag(Wrong.Missing)) remedies.Add("the volumes that the pod's claims are bound to must exist");
            if (wrong.HasFlag(Wrong.Unreachable)) remedies.Add($"the node affinity of volume {string.Join(", ", bound.OfType<KnownVolume>().Where(v => !v.IsReachableFrom(node)).Select(v => v.Name))} must allow the node");
            if (wrong.HasFlag(Wrong.Unbindable)) remedies.Add($"for {string.Join(", ", waiting.Select(c => c.Metadata.Name))} there must be a free volume the node can use, or a storage class that can make one there");
            if (wrong.HasFlag(Wrong.NoRoom)) remedies.Add($"the CSI driver of {string.Join(", ", waiting.Where(c => !volumes.HasRoom(c, node)).Select(c => c.Metadata.Name))} must have room for it that the node can reach");
            return string.Join("; ", remedies);
        }

        private Wrong Judge(NodeInfo node)
        {
            var wrong = Wrong.Nothing;
            foreach (var volume in bound)
            {
                if (volume is null) wrong = Wrong.Missing;
                else if (!volume.IsReachableFrom(node)) wrong = Wrong.Unreachable;
                if (wrong != Wrong.Nothing) break;
            }
            if (waiting.Count == 0) return wrong;
            _choices.Clear();
            return wrong | Match(volumes, waiting, node, _choices);
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
