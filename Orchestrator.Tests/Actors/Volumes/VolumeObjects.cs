using Orchestrator.Actors.Volumes;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Storage.V1;

namespace Orchestrator.Tests.Actors.Volumes;

/// <summary>Builders for claims, volumes and classes.</summary>
internal static class VolumeObjects
{
    public static PersistentVolumeClaim Claim(string name, string storageClass = "", string size = "5Gi", Action<PersistentVolumeClaim>? and = null)
    {
        var claim = new PersistentVolumeClaim
        {
            Metadata = new() { Name = name, Namespace = "default", UID = $"uid-{name}" },
            Spec = new() { StorageClassName = storageClass, AccessModes = ["ReadWriteOnce"], Resources = new() { Requests = new() { ["storage"] = Quantity.Parse(size) } } },
            Status = new() { Phase = "Pending" },
        };
        and?.Invoke(claim);
        return claim;
    }

    public static PersistentVolume Volume(string name, string storageClass = "", string size = "5Gi", Action<PersistentVolume>? and = null)
    {
        var volume = new PersistentVolume
        {
            Metadata = new() { Name = name, UID = $"uid-{name}" },
            Spec = new() { StorageClassName = storageClass, AccessModes = ["ReadWriteOnce"], PersistentVolumeReclaimPolicy = "Retain", Capacity = new() { ["storage"] = Quantity.Parse(size) } },
            Status = new() { Phase = "Available" },
        };
        and?.Invoke(volume);
        return volume;
    }

    public static StorageClass Class(string name, string provisioner = "example.com/disks", string mode = "Immediate") =>
        new() { Metadata = new() { Name = name }, Provisioner = provisioner, VolumeBindingMode = mode };

    /// <summary>Reserves the volume for a claim of this name; without a uid, as a person would.</summary>
    public static Action<PersistentVolume> For(string claim, string uid = "") => v => v.Spec.ClaimRef = new() { Kind = "PersistentVolumeClaim", Namespace = "default", Name = claim, UID = uid };

    /// <summary>A claim that has its volume for good.</summary>
    public static Action<PersistentVolumeClaim> BoundTo(string volume) => c =>
    {
        c.Spec.VolumeName = volume;
        (c.Metadata.Annotations ??= [])[VolumeAnnotations.BindCompleted] = "yes";
        c.Status.Phase = "Bound";
    };
}
