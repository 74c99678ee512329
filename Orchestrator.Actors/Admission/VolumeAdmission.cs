using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Volumes;
using Orchestrator.Resources.Types.Storage.V1;

namespace Orchestrator.Actors.Admission;

/// <summary>What new claims and volumes get: the finalizer that keeps them while they are used (StorageObjectInUseProtection), claims also the default class (DefaultStorageClass).</summary>
internal static class VolumeAdmission
{
    public static void Admit(string kind, JsonObject obj, ResourceCache cache)
    {
        if (kind == "PersistentVolume")
        {
            obj.AddFinalizer(VolumeAnnotations.VolumeProtection);
            return;
        }
        obj.AddFinalizer(VolumeAnnotations.ClaimProtection);
        // An empty name is a choice: no class.
        if (obj["spec"]?["storageClassName"] is not null || obj["metadata"]?["annotations"]?[VolumeAnnotations.BetaClass] is not null) return;
        // Of several the newest, then the first by name.
        var found = cache.List(VolumeWakes.Classes).Select(c => c.Read<StorageClass>())
            .Where(c => c.Metadata.Annotations?.GetValueOrDefault(VolumeAnnotations.DefaultClass) == "true")
            .OrderByDescending(c => c.Metadata.CreationTimestamp).ThenBy(c => c.Metadata.Name, StringComparer.Ordinal).FirstOrDefault();
        if (found is not null) obj["spec"]!["storageClassName"] = found.Metadata.Name;
    }
}
