using Orchestrator.Actors.Volumes;
using Orchestrator.Resources.Quantities;
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
        Capacity = VolumeMatch.CapacityOf(volume);
    }

    /// <summary>metadata.name.</summary>
    public string Name => _volume.Metadata.Name;

    /// <summary>spec.capacity.storage.</summary>
    public Quantity Capacity { get; }

    /// <summary>The CSI driver and the driver's name of the volume, or null.</summary>
    public (string Driver, string Handle)? Csi => _volume.Spec.CSI is { } csi ? (csi.Driver, csi.VolumeHandle) : null;

    /// <summary>Whether pods on the node can use it.</summary>
    public bool IsReachableFrom(NodeInfo node) => _terms is null || Array.Exists(_terms, t => t.Matches(node));

    /// <summary>The object.</summary>
    public PersistentVolume Object => _volume;

    /// <summary>Whether somebody made it for exactly this claim.</summary>
    public bool IsReservedFor(PersistentVolumeClaim claim) => VolumeMatch.IsReservedFor(_volume, claim);

    /// <summary>Whether it is free for the claim and has what it asks for: size, class, access modes, mode, labels.</summary>
    public bool Suits(PersistentVolumeClaim claim) => VolumeMatch.Suits(_volume, claim);
}
