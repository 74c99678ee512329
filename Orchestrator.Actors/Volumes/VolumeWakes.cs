using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Scheduling.Volumes;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Volumes;

/// <summary>Which claims and volumes a change concerns.</summary>
public static class VolumeWakes
{
    /// <summary>The resource of volumes.</summary>
    public const string Volumes = "persistentvolumes";

    /// <summary>The resource of claims.</summary>
    public const string Claims = "persistentvolumeclaims";

    /// <summary>The resource of storage classes.</summary>
    public const string Classes = "storageclasses.storage.k8s.io";

    /// <summary>The key of a volume.</summary>
    public static ResourceKey VolumeKey(string name) => new(Volumes, "", name);

    /// <summary>Pods that mount a claim and have not ended.</summary>
    public static IEnumerable<ResourceEntry> UsersOf(ResourceKey claim, ResourceCache cache) => cache.List("pods", claim.Namespace)
        .Where(p => p.Header.Phase is not ("Succeeded" or "Failed") && MayClaim(p) && PodVolumes.Of(p.Glance<Pod>()).Claims.Any(c => c.Name == claim.Name));

    /// <summary>Most pods have no volume that is claimed, which their bytes tell without being taken apart.</summary>
    private static bool MayClaim(ResourceEntry pod) => pod.Json.Span.IndexOf("\"persistentVolumeClaim\""u8) >= 0 || pod.Json.Span.IndexOf("\"ephemeral\""u8) >= 0;

    /// <summary>The claims and volumes to look again.</summary>
    internal static IEnumerable<ResourceKey> For(ResourceChange change, ResourceCache cache) => change.Entry.Key.Resource switch
    {
        Volumes => OfVolume(change, cache),
        Claims => OfClaim(change, cache),
        Classes => Waiting(cache),
        "pods" => OfPod(change, cache),
        _ => [],
    };

    private static IEnumerable<ResourceKey> OfVolume(ResourceChange change, ResourceCache cache)
    {
        var now = change.Entry.Read<PersistentVolume>().Spec.ClaimRef;
        if (now is not null) yield return new ResourceKey(Claims, now.Namespace, now.Name);
        if (change.Previous?.Read<PersistentVolume>().Spec.ClaimRef is { } before && (before.Namespace, before.Name) != (now?.Namespace, now?.Name))
            yield return new ResourceKey(Claims, before.Namespace, before.Name);
        // A free volume may be what anybody waits for.
        if (now is null && change.Type != ChangeType.Deleted)
            foreach (var key in Waiting(cache)) yield return key;
    }

    private static IEnumerable<ResourceKey> OfClaim(ResourceChange change, ResourceCache cache)
    {
        var claim = change.Entry.Read<PersistentVolumeClaim>();
        if (claim.Spec.VolumeName.Length > 0) yield return VolumeKey(claim.Spec.VolumeName);
        if (change.Type == ChangeType.Modified && change.Previous?.Read<PersistentVolumeClaim>().Spec.VolumeName == claim.Spec.VolumeName) yield break;
        // Volumes that are kept for it, or were.
        foreach (var volume in cache.List(Volumes))
            if (volume.Read<PersistentVolume>().Spec.ClaimRef is { } owner && owner.Namespace == change.Entry.Namespace && owner.Name == change.Entry.Name) yield return volume.Key;
    }

    /// <summary>Pods that end, or go, let go of claims that are being deleted.</summary>
    private static IEnumerable<ResourceKey> OfPod(ResourceChange change, ResourceCache cache)
    {
        if (change.Type != ChangeType.Deleted && change.Entry.Header.Phase is not ("Succeeded" or "Failed")) yield break;
        if (cache.List(Claims).Count == 0) yield break;
        foreach (var claim in cache.List(Claims, change.Entry.Namespace))
            if (claim.Header.Deleting) yield return claim.Key;
    }

    private static IEnumerable<ResourceKey> Waiting(ResourceCache cache) => cache.List(Claims).Where(c => c.Header.Phase is "Pending" or "").Select(c => c.Key);
}
