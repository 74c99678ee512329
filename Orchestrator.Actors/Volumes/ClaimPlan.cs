using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Storage.V1;

namespace Orchestrator.Actors.Volumes;

/// <summary>
/// What a claim does next (upstream: pkg/controller/volume/persistentvolume). A binding is two writes: first the volume is reserved for the claim, by the volume's
/// actor, then the claim names it. Between the two a crash loses nothing: the reservation is found again.
/// <code>
///   Pending ── a volume suits ──► volume.claimRef = claim ──► claim.volumeName = volume ──► Bound ── the volume goes ──► Lost
///      └─ none: wait for the first consumer, or for the class' provisioner, or for a volume
/// </code>
/// </summary>
public static class ClaimPlan
{
    /// <summary>The next step.</summary>
    /// <param name="claim">The claim.</param>
    /// <param name="find">A volume by name, or null.</param>
    /// <param name="volumes">All volumes.</param>
    /// <param name="storageClass">The class it names, or null.</param>
    /// <param name="waiting">Names of pods that use it and have no node.</param>
    public static ClaimStep Next(PersistentVolumeClaim claim, Func<string, PersistentVolume?> find, IEnumerable<PersistentVolume> volumes, StorageClass? storageClass, Func<IReadOnlyList<string>> waiting)
    {
        if (claim.Metadata.Annotations?.ContainsKey(VolumeAnnotations.BindCompleted) == true) return OfBound(claim, find);
        // A claim that is going gets nothing more.
        if (claim.Metadata.DeletionTimestamp is not null) return new ClaimStep.Wait("Pending");
        return claim.Spec.VolumeName.Length > 0 ? OfNamed(claim, find) : OfUnbound(claim, volumes, storageClass, waiting);
    }

    private static ClaimStep OfBound(PersistentVolumeClaim claim, Func<string, PersistentVolume?> find)
    {
        if (claim.Spec.VolumeName.Length == 0) return Lost("ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!");
        if (find(claim.Spec.VolumeName) is not { } volume) return Lost("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
        if (volume.Spec.ClaimRef is not null && volume.Spec.ClaimRef.UID != claim.Metadata.UID)
            return Lost("ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly");
        return Bind(claim, volume);
    }

    private static ClaimStep OfNamed(PersistentVolumeClaim claim, Func<string, PersistentVolume?> find)
    {
        if (find(claim.Spec.VolumeName) is not { } volume) return new ClaimStep.Wait("Pending");
        if (volume.Spec.ClaimRef is null)
        {
            return VolumeMatch.Mismatch(volume, claim) is { } why
                ? Wait("Warning", "VolumeMismatch", $"Cannot bind to requested volume \"{volume.Metadata.Name}\": {why}")
                : Bind(claim, volume);
        }
        return VolumeMatch.IsReservedFor(volume, claim) ? Bind(claim, volume) : Wait("Warning", "FailedBinding", $"volume \"{volume.Metadata.Name}\" already bound to a different claim.");
    }

    private static ClaimStep OfUnbound(PersistentVolumeClaim claim, IEnumerable<PersistentVolume> volumes, StorageClass? storageClass, Func<IReadOnlyList<string>> waiting)
    {
        var late = storageClass?.VolumeBindingMode == "WaitForFirstConsumer";
        if (VolumeMatch.Find(claim, volumes, late) is { } volume) return Bind(claim, volume);
        if (late && claim.Metadata.Annotations?.ContainsKey(VolumeAnnotations.SelectedNode) != true)
        {
            return waiting() switch
            {
                [] => Wait("Normal", "WaitForFirstConsumer", "waiting for first consumer to be created before binding"),
                [var pod] => Wait("Normal", "WaitForPodScheduled", $"waiting for pod {pod} to be scheduled"),
                var pods => Wait("Normal", "WaitForPodScheduled", $"waiting for pods {string.Join(',', pods)} to be scheduled"),
            };
        }
        if (VolumeMatch.ClassOf(claim) is not { Length: > 0 } name) return Wait("Normal", "FailedBinding", "no persistent volumes available for this claim and no storage class is set");
        if (storageClass is null) return Wait("Warning", "ProvisioningFailed", $"storageclass.storage.k8s.io \"{name}\" not found");
        var provisioner = storageClass.Provisioner;
        if (provisioner.StartsWith("kubernetes.io/", StringComparison.Ordinal)) return Wait("Warning", "ProvisioningFailed", $"no volume plugin matched name: {provisioner}");
        // Provisioners live outside: the annotation calls the one, which makes a volume that is reserved for the claim.
        var called = Wait("Normal", "ExternalProvisioning",
            $"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.");
        return called with { Provisioner = provisioner };
    }

    private static ClaimStep Bind(PersistentVolumeClaim claim, PersistentVolume volume) =>
        volume.Spec.ClaimRef?.UID == claim.Metadata.UID ? new ClaimStep.Complete(volume) : new ClaimStep.Reserve(volume);

    private static ClaimStep.Wait Lost(string reason, string message) => new("Lost") { Event = ("Warning", reason, message) };

    private static ClaimStep.Wait Wait(string type, string reason, string message) => new("Pending") { Event = (type, reason, message) };
}

/// <summary>A claim's next step.</summary>
public abstract record ClaimStep
{
    /// <summary>Reserve the volume for the claim.</summary>
    public sealed record Reserve(PersistentVolume Volume) : ClaimStep;

    /// <summary>The volume is reserved: name it, and be Bound.</summary>
    public sealed record Complete(PersistentVolume Volume) : ClaimStep;

    /// <summary>Nothing can be done now.</summary>
    /// <param name="Phase">Pending, or Lost.</param>
    public sealed record Wait(string Phase) : ClaimStep
    {
        /// <summary>What to tell people, when it is news.</summary>
        public (string Type, string Reason, string Message)? Event { get; init; }

        /// <summary>The provisioner to call, or null.</summary>
        public string? Provisioner { get; init; }
    }
}
