namespace Orchestrator.Actors.Scheduling.Plugins;

/// <summary>Higher priority first, then who waits longest.</summary>
public sealed class PrioritySort : IQueueSortPlugin
{
    /// <inheritdoc/>
    public string Name => "PrioritySort";

    /// <inheritdoc/>
    public int Compare(QueuedPod? x, QueuedPod? y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        var byPriority = y.Pod.Priority.CompareTo(x.Pod.Priority);
        if (byPriority != 0) return byPriority;
        var byAge = x.Since.CompareTo(y.Since);
        return byAge != 0 ? byAge : x.Order.CompareTo(y.Order);
    }
}
