using Orchestrator.Actors.Scheduling;
using Orchestrator.Actors.Scheduling.Plugins;
using Orchestrator.Actors.Volumes;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Actors.Scheduling;

/// <summary>Every plugin that looks at volumes against the obvious reading of its rule, after random changes; and that a pod which waits for a volume wakes.</summary>
public sealed class VolumeRulesTests
{
    private const string Zone = "topology.kubernetes.io/zone";

    [Fact]
    public void Filters_agree_with_the_obvious_rules()
    {
        var first = Random.Shared.Next();
        for (var seed = first; seed < first + 300; seed++)
        {
            var cluster = new RandomVolumes(seed, 60);
            for (var i = 0; i < 6; i++)
            {
                var pod = cluster.NewPod();
                foreach (var node in cluster.Scheduler.Nodes.Nodes)
                {
                    var plain = cluster.Nodes[node.Name];
                    Ask(new VolumeBinding(), cluster, pod, node).ShouldBe(Binding(cluster, pod, plain), $"VolumeBinding, seed {seed}, {node.Name}");
                    Ask(new VolumeZone(), cluster, pod, node).ShouldBe(InZone(cluster, pod, plain), $"VolumeZone, seed {seed}, {node.Name}");
                    Ask(new VolumeRestrictions(), cluster, pod, node).ShouldBe(Restrictions(cluster, pod, plain), $"VolumeRestrictions, seed {seed}, {node.Name}");
                    Ask(new NodeVolumeLimits(), cluster, pod, node).ShouldBe(WithinLimits(cluster, pod, plain), $"NodeVolumeLimits, seed {seed}, {node.Name}");
                }
            }
        }
    }

    [Fact]
    public void No_pod_whose_volumes_allow_a_node_is_left_parked()
    {
        var first = Random.Shared.Next();
        for (var seed = first; seed < first + 60; seed++)
        {
            var cluster = new RandomVolumes(seed, 20);
            var waiting = new Dictionary<ResourceKey, Pod>();
            for (var step = 0; step < 40; step++)
            {
                if (cluster.Chance(20))
                {
                    var pod = cluster.NewPod();
                    waiting[new ResourceKey("pods", "default", pod.Metadata.Name)] = pod;
                    cluster.Scheduler.PodChanged(pod, cluster.Now);
                }
                else
                {
                    cluster.Change();
                }
                // Longer than any back-off, far shorter than the five minutes after which everything is tried again.
                cluster.Now += TimeSpan.FromSeconds(11);
                while (cluster.Scheduler.Next(cluster.Now) is { } decision)
                {
                    if (decision.Node is null || !waiting.Remove(decision.Pod.Key, out var pod)) continue;
                    cluster.Scheduler.Bound(decision.Pod);
                    cluster.Place(pod, decision.Node);
                }
                cluster.Now += TimeSpan.FromSeconds(11);
                while (cluster.Scheduler.Next(cluster.Now) is { } decision)
                {
                    if (decision.Node is null || !waiting.Remove(decision.Pod.Key, out var pod)) continue;
                    cluster.Scheduler.Bound(decision.Pod);
                    cluster.Place(pod, decision.Node);
                }
                foreach (var pod in waiting.Values)
                {
                    var report = cluster.Scheduler.Explain(pod, cluster.Now)!;
                    (report.Everywhere.Length > 0 || report.Nodes.All(n => n.Refusals.Count > 0)).ShouldBeTrue($"seed {seed}, step {step}: {pod.Metadata.Name} could have been placed");
                }
            }
        }
    }

    private static string Ask(IFilterPlugin plugin, RandomVolumes cluster, Pod pod, NodeInfo node)
    {
        var filter = plugin.Prepare(PodInfo.Of(pod, cluster.Columns), cluster.Scheduler.Nodes);
        return string.Join("; ", (filter?.Everywhere ?? filter?.Check(node))?.Reasons ?? []);
    }

    private static IEnumerable<string> ClaimNames(Pod pod) => pod.Spec.Volumes!.Where(v => v.PersistentVolumeClaim is not null).Select(v => v.PersistentVolumeClaim!.ClaimName);

    private static bool IsBound(PersistentVolumeClaim claim) => claim.Spec.VolumeName.Length > 0 && claim.Metadata.Annotations?.ContainsKey("pv.kubernetes.io/bind-completed") == true;

    private static bool Reaches(PersistentVolume volume, Node node) =>
        volume.Spec.NodeAffinity?.Required!.NodeSelectorTerms![0].MatchExpressions![0].Values!.Contains(ObviousRules.Label(node, Zone) ?? "") != false;

    private static string Binding(RandomVolumes cluster, Pod pod, Node node)
    {
        var claims = new List<PersistentVolumeClaim>();
        foreach (var name in ClaimNames(pod))
        {
            if (!cluster.Claims.TryGetValue(name, out var claim)) return $"persistentvolumeclaim \"{name}\" not found";
            if (claim.Status.Phase == "Lost") return $"persistentvolumeclaim \"{name}\" bound to non-existent persistentvolume \"{claim.Spec.VolumeName}\"";
            if (claim.Metadata.DeletionTimestamp is not null) return $"persistentvolumeclaim \"{name}\" is being deleted";
            claims.Add(claim);
        }
        if (claims.Exists(c => !IsBound(c) && (c.Spec.VolumeName.Length > 0 || cluster.Classes[c.Spec.StorageClassName!].VolumeBindingMode == "Immediate"))) return "pod has unbound immediate PersistentVolumeClaims";
        var reasons = new List<string>();
        foreach (var claim in claims.Where(IsBound))
        {
            if (!cluster.Volumes.TryGetValue(claim.Spec.VolumeName, out var volume)) reasons.Add("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");
            else if (!Reaches(volume, node)) reasons.Add("node(s) had volume node affinity conflict");
            if (reasons.Count > 0) break;
        }
        if (Unbound(cluster, [.. claims.Where(c => !IsBound(c))], node) is { } unbound) reasons.Add(unbound);
        string[] order = ["node(s) had volume node", "node(s) didn't find", "node(s) did not", "node(s) unavailable"];
        return string.Join("; ", reasons.OrderBy(r => Array.FindIndex(order, o => r.StartsWith(o, StringComparison.Ordinal))));
    }

    /// <summary>First those whose node is chosen; of the others the smallest first, each the smallest volume that is left; what is left over must be made.</summary>
    private static string? Unbound(RandomVolumes cluster, List<PersistentVolumeClaim> claims, Node node)
    {
        var toMake = new List<PersistentVolumeClaim>();
        var taken = new HashSet<string>();
        foreach (var claim in claims.Where(c => Selected(c) is not null))
        {
            if (Selected(claim) != node.Metadata.Name) return "node(s) didn't find available persistent volumes to bind";
            if (Make(claim) is { } why) return why;
        }
        foreach (var claim in claims.Where(c => Selected(c) is null).OrderBy(VolumeMatch.RequestOf))
        {
            var found = cluster.Volumes.Values.Where(v => VolumeMatch.Suits(v, claim) && Reaches(v, node) && !taken.Contains(v.Metadata.Name))
                .OrderByDescending(v => v.Spec.ClaimRef is not null).ThenBy(VolumeMatch.CapacityOf).ThenBy(v => v.Metadata.Name, StringComparer.Ordinal).FirstOrDefault();
            if (found is not null) taken.Add(found.Metadata.Name);
            else if (Make(claim) is { } why) return why;
        }
        return null;

        string? Make(PersistentVolumeClaim claim)
        {
            if (claim.Spec.StorageClassName == "local") return "node(s) didn't find available persistent volumes to bind";
            var enough = !cluster.Measured || cluster.Capacities.Values.Any(c => (c.MaximumVolumeSize ?? c.Capacity) is { } limit && limit >= VolumeMatch.RequestOf(claim) && ObviousRules.Selects(c.NodeTopology, node.Metadata.Labels));
            return enough ? null : "node(s) did not have enough free storage";
        }
        static string? Selected(PersistentVolumeClaim claim) => claim.Metadata.Annotations?.GetValueOrDefault("volume.kubernetes.io/selected-node");
    }

    private static string InZone(RandomVolumes cluster, Pod pod, Node node)
    {
        if (ObviousRules.Label(node, Zone) is not { } zone) return "";
        foreach (var name in ClaimNames(pod))
        {
            if (!cluster.Claims.TryGetValue(name, out var claim) || !cluster.Volumes.TryGetValue(claim.Spec.VolumeName, out var volume)) continue;
            foreach (var label in volume.Metadata.Labels ?? [])
                if (!label.Value.Split("__").Contains(zone)) return "node(s) had no available volume zone";
        }
        return "";
    }

    private static string Restrictions(RandomVolumes cluster, Pod pod, Node node)
    {
        foreach (var (other, at) in cluster.Placed.Values)
        {
            if (at != node.Metadata.Name) continue;
            foreach (var mine in pod.Spec.Volumes!)
                foreach (var theirs in other.Spec.Volumes!)
                {
                    if (mine.GCEPersistentDisk is { } a && theirs.GCEPersistentDisk is { } b && a.PDName == b.PDName && !(a.ReadOnly && b.ReadOnly)) return "node(s) had no available disk";
                    if (mine.RBD is { } c && theirs.RBD is { } d && c.RBDImage == d.RBDImage && c.CephMonitors!.Intersect(d.CephMonitors!).Any() && !(c.ReadOnly && d.ReadOnly)) return "node(s) had no available disk";
                }
        }
        var alone = ClaimNames(pod).Where(c => cluster.Claims.GetValueOrDefault(c)?.Spec.AccessModes![0] == "ReadWriteOncePod");
        return cluster.Placed.Values.Any(p => ClaimNames(p.Pod).Intersect(alone).Any()) ? "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode" : "";
    }

    private static string WithinLimits(RandomVolumes cluster, Pod pod, Node node)
    {
        if (!cluster.Limits.TryGetValue(node.Metadata.Name, out var limit)) return "";
        var there = cluster.Placed.Values.Where(p => p.Node == node.Metadata.Name).SelectMany(p => ClaimNames(p.Pod)).Select(Handle)
            .Concat(cluster.Attachments.Values.Where(a => a.Node == node.Metadata.Name).Select(a => cluster.Volumes.GetValueOrDefault(a.Volume)?.Spec.CSI?.VolumeHandle)).OfType<string>().Distinct().ToList();
        var more = ClaimNames(pod).Select(Handle).OfType<string>().Distinct().Except(there).Count();
        return more > 0 && there.Count + more > limit ? "node(s) exceed max volume count" : "";

        string? Handle(string name)
        {
            if (!cluster.Claims.TryGetValue(name, out var claim)) return null;
            if (claim.Spec.VolumeName.Length > 0) return cluster.Volumes.GetValueOrDefault(claim.Spec.VolumeName)?.Spec.CSI?.VolumeHandle;
            return claim.Spec.StorageClassName == "local" ? null : "to be made for " + name;
        }
    }
}
