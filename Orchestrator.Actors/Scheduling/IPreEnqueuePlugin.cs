namespace Orchestrator.Actors.Scheduling;

/// <summary>Kubernetes' PreEnqueue point: whether a pod may be scheduled at all yet.</summary>
public interface IPreEnqueuePlugin
{
    /// <summary>The plugin's name in Kubernetes.</summary>
    string Name { get; }

    /// <summary>Whether the pod may enter the queue; one that may not waits for a change of itself.</summary>
    bool Admits(PodInfo pod);
}

/// <summary>Kubernetes' QueueSort point: which waiting pod is tried first. One order for all profiles.</summary>
public interface IQueueSortPlugin : IComparer<QueuedPod>
{
    /// <summary>The plugin's name in Kubernetes.</summary>
    string Name { get; }
}
