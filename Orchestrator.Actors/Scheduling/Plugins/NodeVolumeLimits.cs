using Orchestrator.Actors.Scheduling.Volumes;

namespace Orchestrator.Actors.Scheduling.Plugins;

/// <summary>Refuses nodes that would have more volumes of a CSI driver than the node's CSINode object says it can attach. A volume counts once, however many pods use it.</summary>
public sealed class NodeVolumeLimits : IFilterPlugin
{
    private static readonly FilterStatus Refusal = new("NodeVolumeLimits", false, "node(s) exceed max volume count");

    /// <inheritdoc/>
    public string Name => "NodeVolumeLimits";

    /// <inheritdoc/>
    public ClusterChange HelpedBy => ClusterChange.NodeAdded | ClusterChange.NodeDrivers | ClusterChange.PodLeft | ClusterChange.PodCame | ClusterChange.Claim;

    /// <inheritdoc/>
    public bool MayHelp(in ClusterEvent change, PodInfo pod, NodeTable nodes) => change.Change switch
    {
        // One that came may have brought the volume along: with it there, this pod's counts no more.
        ClusterChange.PodLeft or ClusterChange.PodCame => change.Pod!.Volumes.Claims.Length > 0,
        ClusterChange.Claim => change.IsClaimOf(pod),
        _ => true,
    };

    /// <inheritdoc/>
    public IPodFilter? Prepare(PodInfo pod, NodeTable nodes)
    {
        if (pod.Volumes.Claims.Length == 0) return null;
        var wanted = new HashSet<(string Driver, string Volume)>();
        Collect(pod, nodes.Volumes, wanted);
        return wanted.Count == 0 ? null : new Filter(nodes.Volumes, wanted);
    }

    private static void Collect(PodInfo pod, VolumeTable volumes, HashSet<(string Driver, string Volume)> into)
    {
        foreach (var mounted in pod.Volumes.Claims)
        {
            if (volumes.Claim(pod.Key.Namespace, mounted.Name) is not { } claim) continue;
            if (claim.Spec.VolumeName.Length > 0)
            {
                if (volumes.Volume(claim.Spec.VolumeName)?.Csi is { } csi) into.Add(csi);
            }
            // Not bound yet: the class says whose volume it will be.
            else if (volumes.ClassOf(claim) is { } storageClass) into.Add((storageClass.Provisioner, $"{pod.Key.Namespace}/{mounted.Name}"));
        }
    }

    private sealed class Filter(VolumeTable volumes, HashSet<(string Driver, string Volume)> wanted) : IPodFilter
    {
        public FilterStatus? Check(NodeInfo node) => TooMany(node) is null ? null : Refusal;

        public string Remedy(NodeInfo node) => TooMany(node) is var (driver, limit) ? $"it can attach {limit} volumes of {driver}: pods that use others must leave" : "";

        private (string Driver, int Limit)? TooMany(NodeInfo node)
        {
            if (volumes.LimitsOf(node.Name) is not { } limits || !wanted.Any(w => limits.ContainsKey(w.Driver))) return null;
            var all = new HashSet<(string Driver, string Volume)>();
            foreach (var pod in node.Pods)
                if (pod.Volumes.Claims.Length > 0) Collect(pod, volumes, all);
            // Also what is attached without a pod: its pod is still coming, or already gone.
            foreach (var attached in volumes.AttachedTo(node.Name))
                if (volumes.Volume(attached)?.Csi is { } csi) all.Add(csi);
            var added = wanted.Where(w => !all.Contains(w)).GroupBy(w => w.Driver);
            foreach (var driver in added)
                if (limits.TryGetValue(driver.Key, out var limit) && all.Count(v => v.Driver == driver.Key) + driver.Count() > limit) return (driver.Key, limit);
            return null;
        }
    }
}
