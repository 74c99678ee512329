using Orchestrator.Actors.Scheduling.Topology;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Selectors;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Scheduling.Volumes;

/// <summary>A PersistentVolume with its node affinity compiled.</summary>
public sealed class KnownVolume
{
    private readonly NodeTerm[]? _terms;
    private readonly PersistentVolume _volume;

    internal KnownVolume(PersistentVolume volume)
    {
        _volume = volume;
        _terms = volume.Spec.NodeAffinity?.Required is { } required ? [.. (required.NodeSelectorTerms ?? []).Select(NodeTerm.Of)] : null;
        Capacity = volume.Spec.Capacity?.GetValueOrDefault("storage") ?? default;
    }

    /// <summary>metadata.name.</summary>
    public string Name => _volume.Metadata.Name;

    /// <summary>spec.capacity.storage.</summary>
    public Quantity Capacity { get; }

    /// <summary>The CSI driver and the driver's name of the volume, or null.</summary>
    public (string Driver, string Handle)? Csi => _volume.Spec.CSI is { } csi ? (csi.Driver, csi.VolumeHandle) : null;

    /// <summary>Whether pods on the node can use it.</summary>
    public bool IsReachableFrom(NodeInfo node) => _terms is null || Array.Exists(_terms, t => t.Matches(node));

    /// <summary>Whether somebody made it for exactly this claim.</summary>
    public bool IsReservedFor(PersistentVolumeClaim claim) =>
        _volume.Spec.ClaimRef is { } owner && owner.Namespace == claim.Metadata.Namespace && owner.Name == claim.Metadata.Name && (owner.UID.Length == 0 || owner.UID == claim.Metadata.UID);

    /// <summary>Whether it is free for the claim and has what it asks for: size, class, access modes, mode, labels.</summary>
    public bool Suits(PersistentVolumeClaim claim)
    {
        var spec = _volume.Spec;
        if (_volume.Metadata.DeletionTimestamp is not null || (spec.ClaimRef is not null && !IsReservedFor(claim))) return false;
        if (spec.ClaimRef is null && _volume.Status.Phase is not ("Available" or "")) return false;
        if (claim.Spec.Resources.Requests?.TryGetValue("storage", out var wanted) == true && Capacity < wanted) return false;
        if ((spec.VolumeMode ?? "Filesystem") != (claim.Spec.VolumeMode ?? "Filesystem")) return false;
        if (spec.ClaimRef is not null) return true;
        return spec.StorageClassName == (claim.Spec.StorageClassName ?? "")
            && (claim.Spec.AccessModes ?? []).TrueForAll(m => spec.AccessModes?.Contains(m) == true)
            && (claim.Spec.Selector is null || PodTerm.Compile(claim.Spec.Selector, []).Matches(_volume.Metadata.Labels));
    }
}
