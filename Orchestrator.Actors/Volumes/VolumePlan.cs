using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Volumes;

/// <summary>
/// What a volume's phase is, and whether it lets its claim go (upstream: pkg/controller/volume/persistentvolume).
/// <code>
///   Available ── claimRef ──► Bound ── claim deleted ──► Released ── Retain: stays │ Delete: its provisioner deletes it │ nobody can: Failed
/// </code>
/// </summary>
public static class VolumePlan
{
    /// <summary>The next step.</summary>
    /// <param name="volume">The volume.</param>
    /// <param name="claim">The claim that claimRef names by namespace and name, or null.</param>
    public static VolumeStep Next(PersistentVolume volume, PersistentVolumeClaim? claim)
    {
        // Without a uid it is kept for a claim of that name, which comes for it.
        if (volume.Spec.ClaimRef is not { UID.Length: > 0 } owner) return new VolumeStep("Available");
        if (claim is null || claim.Metadata.UID != owner.UID) return Reclaim(volume);
        if (claim.Spec.VolumeName.Length == 0)
        {
            return VolumeMatch.SameMode(volume, claim)
                ? new VolumeStep(volume.Status.Phase)
                : new VolumeStep(volume.Status.Phase) { Event = ("Warning", "VolumeMismatch", $"Cannot bind PersistentVolume to requested PersistentVolumeClaim \"{claim.Metadata.Name}\" due to incompatible volumeMode.") };
        }
        if (claim.Spec.VolumeName == volume.Metadata.Name) return new VolumeStep("Bound");
        // The claim was served otherwise. What was made for it alone is of no use to others.
        return ProvisionerOf(volume) is not null && volume.Spec.PersistentVolumeReclaimPolicy == "Delete" ? Reclaim(volume) : new VolumeStep("Available") { Unbind = true };
    }

    private static VolumeStep Reclaim(PersistentVolume volume)
    {
        var phase = volume.Status.Phase == "Failed" ? "Failed" : "Released";
        return volume.Spec.PersistentVolumeReclaimPolicy switch
        {
            "Delete" when ProvisionerOf(volume) is { } provisioner => new VolumeStep(phase)
            {
                Event = ("Normal", "VolumeDelete", $"waiting for a volume to be deleted, either by external provisioner '{provisioner}' or manually by system administrator"),
            },
            "Delete" => Failed("VolumeFailedDelete", $"error getting deleter volume plugin for volume \"{volume.Metadata.Name}\": no deletable volume plugin matched"),
            "Recycle" => Failed("VolumeFailedRecycle", "No recycler plugin found for the volume!"),
            _ => new VolumeStep(phase),
        };
    }

    private static VolumeStep Failed(string reason, string message) => new("Failed") { Message = message, Event = ("Warning", reason, message) };

    private static string? ProvisionerOf(PersistentVolume volume) => volume.Metadata.Annotations?.GetValueOrDefault(VolumeAnnotations.ProvisionedBy);
}

/// <summary>A volume's next step.</summary>
/// <param name="Phase">The phase it should have.</param>
public sealed record VolumeStep(string Phase)
{
    /// <summary>status.message.</summary>
    public string Message { get; init; } = "";

    /// <summary>Whether it is to forget its claim: wholly where the control loop had chosen it, else only the uid.</summary>
    public bool Unbind { get; init; }

    /// <summary>What to tell people, when it is news.</summary>
    public (string Type, string Reason, string Message)? Event { get; init; }
}
