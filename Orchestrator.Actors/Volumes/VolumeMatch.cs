using Orchestrator.Actors.Scheduling.Topology;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Volumes;

/// <summary>Which volumes suit which claims (upstream: component-helpers/storage/volume). The control loop and the scheduler ask the same questions.</summary>
public static class VolumeMatch
{
    /// <summary>The claim's class; empty where it has none.</summary>
    public static string ClassOf(PersistentVolumeClaim claim) => claim.Metadata.Annotations?.GetValueOrDefault(VolumeAnnotations.BetaClass) ?? claim.Spec.StorageClassName ?? "";

    /// <summary>The volume's class; empty where it has none.</summary>
    public static string ClassOf(PersistentVolume volume) => volume.Metadata.Annotations?.GetValueOrDefault(VolumeAnnotations.BetaClass) ?? volume.Spec.StorageClassName;

    /// <summary>spec.capacity.storage.</summary>
    public static Quantity CapacityOf(PersistentVolume volume) => volume.Spec.Capacity?.GetValueOrDefault("storage") ?? default;

    /// <summary>What the claim asks for.</summary>
    public static Quantity RequestOf(PersistentVolumeClaim claim) => claim.Spec.Resources.Requests?.GetValueOrDefault("storage") ?? default;

    /// <summary>Whether the volume is this claim's, or kept for it by name.</summary>
    public static bool IsReservedFor(PersistentVolume volume, PersistentVolumeClaim claim) =>
        volume.Spec.ClaimRef is { } owner && owner.Namespace == claim.Metadata.Namespace && owner.Name == claim.Metadata.Name && (owner.UID.Length == 0 || owner.UID == claim.Metadata.UID);

    /// <summary>Filesystem where unset.</summary>
    public static bool SameMode(PersistentVolume volume, PersistentVolumeClaim claim) => (volume.Spec.VolumeMode ?? "Filesystem") == (claim.Spec.VolumeMode ?? "Filesystem");

    /// <summary>Whether it has every access mode that the claim asks for.</summary>
    public static bool HasModes(PersistentVolume volume, PersistentVolumeClaim claim) => (claim.Spec.AccessModes ?? []).TrueForAll(m => volume.Spec.AccessModes?.Contains(m) == true);

    /// <summary>Whether it can be the claim's wherever it is: kept for it and large enough, or free and all that the claim asks for.</summary>
    public static bool Suits(PersistentVolume volume, PersistentVolumeClaim claim)
    {
        var reserved = IsReservedFor(volume, claim);
        if ((volume.Spec.ClaimRef is not null && !reserved) || volume.Metadata.DeletionTimestamp is not null) return false;
        if (CapacityOf(volume) < RequestOf(claim) || !SameMode(volume, claim)) return false;
        if (reserved) return true;
        return volume.Status.Phase == "Available" && ClassOf(volume) == ClassOf(claim) && HasModes(volume, claim)
            && (claim.Spec.Selector is null || PodTerm.Compile(claim.Spec.Selector, []).Matches(volume.Metadata.Labels));
    }

    /// <summary>Why a volume that a claim names will not do, in upstream's words, or null.</summary>
    public static string? Mismatch(PersistentVolume volume, PersistentVolumeClaim claim)
    {
        if (volume.Metadata.DeletionTimestamp is not null) return $"the volume is marked for deletion \"{volume.Metadata.Name}\"";
        if (CapacityOf(volume) < RequestOf(claim)) return "requested PV is too small";
        if (ClassOf(volume) != ClassOf(claim)) return "storageClassName does not match";
        if (!SameMode(volume, claim)) return "incompatible volumeMode";
        return HasModes(volume, claim) ? null : "incompatible accessMode";
    }

    /// <summary>
    /// The volume for a claim: one that is kept for it, else the smallest that suits; by name among equals. With <paramref name="late"/> only the former: the
    /// scheduler chooses. Null where there is none.
    /// </summary>
    public static PersistentVolume? Find(PersistentVolumeClaim claim, IEnumerable<PersistentVolume> volumes, bool late)
    {
        PersistentVolume? best = null;
        foreach (var volume in volumes)
        {
            if (!Suits(volume, claim)) continue;
            if (volume.Spec.ClaimRef is not null) return volume;
            if (late || (best is not null && !IsBetter(volume, best))) continue;
            best = volume;
        }
        return best;
    }

    private static bool IsBetter(PersistentVolume one, PersistentVolume other)
    {
        var bySize = CapacityOf(one).CompareTo(CapacityOf(other));
        return bySize != 0 ? bySize < 0 : string.CompareOrdinal(one.Metadata.Name, other.Metadata.Name) < 0;
    }
}
