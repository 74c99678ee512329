using Orchestrator.Actors.Scheduling.Volumes;

namespace Orchestrator.Actors.Scheduling.Plugins;

/// <summary>
/// Refuses nodes in other zones or regions than the labels of the pod's bound volumes name. Nodes without any such label take everything: a cluster of one zone needs none.
/// </summary>
public sealed class VolumeZone : IFilterPlugin
{
    private const string BetaZone = "failure-domain.beta.kubernetes.io/zone";
    private const string BetaRegion = "failure-domain.beta.kubernetes.io/region";
    private const string Zone = "topology.kubernetes.io/zone";
    private const string Region = "topology.kubernetes.io/region";

    /// <summary>Between the zones of a volume that is in several.</summary>
    private const string Separator = "__";

    private static readonly string[] Labels = [BetaZone, BetaRegion, Zone, Region];
    private static readonly FilterStatus Refusal = new("VolumeZone", true, "node(s) had no available volume zone");

    /// <inheritdoc/>
    public string Name => "VolumeZone";

    /// <inheritdoc/>
    public ClusterChange HelpedBy => ClusterChange.NodeAdded | ClusterChange.NodeLabels | ClusterChange.Storage | ClusterChange.Claim;

    /// <inheritdoc/>
    public bool MayHelp(in ClusterEvent change, PodInfo pod, NodeTable nodes) => change.Change != ClusterChange.Claim || change.IsClaimOf(pod);

    /// <inheritdoc/>
    public IPodFilter? Prepare(PodInfo pod, NodeTable nodes)
    {
        if (pod.Volumes.Claims.Length == 0) return null;
        var needs = new List<(string Volume, string Label, string[] Values)>();
        foreach (var mounted in pod.Volumes.Claims)
        {
            // Ephemeral volumes are made where their pod is.
            if (mounted.Ephemeral || nodes.Volumes.Claim(pod.Key.Namespace, mounted.Name) is not { Spec.VolumeName.Length: > 0 } claim) continue;
            if (nodes.Volumes.Volume(claim.Spec.VolumeName) is not { } volume) continue;
            foreach (var label in Labels)
                if (volume.Object.Metadata.Labels?.TryGetValue(label, out var text) == true && text.Split(Separator) is var values && Array.TrueForAll(values, v => v.Length > 0))
                    needs.Add((volume.Name, label, Array.ConvertAll(values, v => v.Trim())));
        }
        return needs.Count == 0 ? null : new Filter(needs);
    }

    private sealed class Filter(List<(string Volume, string Label, string[] Values)> needs) : IPodFilter
    {
        public FilterStatus? Check(NodeInfo node)
        {
            if (!Array.Exists(Labels, node.Labels.ContainsKey)) return null;
            foreach (var (_, label, values) in needs)
                if (!Has(node, label, values)) return Refusal;
            return null;
        }

        public string Remedy(NodeInfo node) =>
            string.Join("; ", needs.Where(n => !Has(node, n.Label, n.Values)).Select(n => $"volume {n.Volume} is in {n.Label} {string.Join(" or ", n.Values)}: the node must be there, too"));

        private static bool Has(NodeInfo node, string label, string[] values) =>
            (node.Labels.TryGetValue(label, out var actual) || node.Labels.TryGetValue(Stable(label), out actual)) && Array.IndexOf(values, actual) >= 0;

        private static string Stable(string label) => label switch
        {
            BetaZone => Zone,
            BetaRegion => Region,
            _ => label,
        };
    }
}
