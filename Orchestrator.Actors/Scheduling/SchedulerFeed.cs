using Orchestrator.Actors.Caching;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Apps.V1;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Policy.V1;
using Orchestrator.Resources.Types.Storage.V1;

namespace Orchestrator.Actors.Scheduling;

/// <summary>Folds what the cache shows of one object into the scheduler. A change only says where to look: the cache has the newest state, and older ones need no folding.</summary>
internal sealed class SchedulerFeed(ResourceCache cache, ClusterScheduler scheduler)
{
    /// <summary>The resources that bear on placement, in the order in which they are read at start: a pod is decided on when all else is known.</summary>
    public static IReadOnlyList<string> Resources { get; } =
    [
        "namespaces", "storageclasses.storage.k8s.io", "csidrivers.storage.k8s.io", "csistoragecapacities.storage.k8s.io", "persistentvolumes", "persistentvolumeclaims",
        "csinodes.storage.k8s.io", "volumeattachments.storage.k8s.io", "services", "replicationcontrollers",
        "replicasets.apps", "statefulsets.apps", "poddisruptionbudgets.policy", "nodes", "pods",
    ];

    /// <summary>Takes over an object of one of <see cref="Resources"/>.</summary>
    public void Fold(ResourceKey key, DateTimeOffset now)
    {
        var entry = cache.Get(key);
        switch (key.Resource)
        {
            case "pods":
                FoldPod(key, entry, now);
                break;
            case "nodes":
                if (entry is null) scheduler.NodeGone(key.Name, now);
                else scheduler.NodeChanged(entry.Read<Node>(), now);
                break;
            case "namespaces":
                scheduler.NamespaceChanged(key.Name, entry?.Labels, now);
                break;
            case "poddisruptionbudgets.policy":
                scheduler.BudgetChanged(key.Namespace, key.Name, entry?.Read<PodDisruptionBudget>());
                break;
            case "services":
                scheduler.Nodes.Selectors.SetService(key.Namespace, key.Name, entry?.Read<Service>());
                break;
            case "replicasets.apps":
                scheduler.Nodes.Selectors.SetWorkload("ReplicaSet", key.Namespace, key.Name, entry?.Read<ReplicaSet>().Spec.Selector);
                break;
            case "statefulsets.apps":
                scheduler.Nodes.Selectors.SetWorkload("StatefulSet", key.Namespace, key.Name, entry?.Read<StatefulSet>().Spec.Selector);
                break;
            case "replicationcontrollers":
                scheduler.Nodes.Selectors.SetReplicationController(key.Namespace, key.Name, entry?.Read<ReplicationController>().Spec.Selector);
                break;
            default:
                FoldStorage(key, entry, now);
                break;
        }
    }

    private void FoldPod(ResourceKey key, ResourceEntry? entry, DateTimeOffset now)
    {
        if (entry is null) scheduler.PodGone(key, now);
        else if (entry.Header.Phase is "Succeeded" or "Failed" || !scheduler.IsSettled(key, entry.Uid, entry.Header.NodeName, entry.Labels, entry.Header.Deleting))
            scheduler.PodChanged(entry.Glance<Pod>(), now, entry.Labels);
    }

    private void FoldStorage(ResourceKey key, ResourceEntry? entry, DateTimeOffset now)
    {
        var volumes = scheduler.Nodes.Volumes;
        switch (key.Resource)
        {
            case "persistentvolumeclaims":
                scheduler.ClaimChanged(key.Namespace, key.Name, entry?.Read<PersistentVolumeClaim>(), now);
                return;
            case "csinodes.storage.k8s.io":
                volumes.SetLimits(key.Name, entry?.Read<CSINode>());
                scheduler.VolumesChanged(ClusterChange.NodeDrivers, key.Name, now);
                return;
            case "volumeattachments.storage.k8s.io":
                if (volumes.SetAttachment(key.Name, entry?.Read<VolumeAttachment>()) is { } node) scheduler.VolumesChanged(ClusterChange.NodeDrivers, node, now);
                return;
            case "persistentvolumes":
                volumes.SetVolume(key.Name, entry?.Read<PersistentVolume>());
                break;
            case "csidrivers.storage.k8s.io":
                volumes.SetDriver(key.Name, entry?.Read<CSIDriver>());
                break;
            case "csistoragecapacities.storage.k8s.io":
                volumes.SetCapacity(key.Namespace, key.Name, entry?.Read<CSIStorageCapacity>());
                break;
            default:
                volumes.SetClass(key.Name, entry?.Read<StorageClass>());
                break;
        }
        scheduler.VolumesChanged(ClusterChange.Storage, "", now);
    }
}
