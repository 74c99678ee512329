using Orchestrator.Actors.Caching;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Workloads;

namespace Orchestrator.Actors.Workloads;

/// <summary>
/// What a set counts its pods by. A set of thousands of pods looks at all of them whenever one changes, so these are the few facts the read model has at hand; the whole pod is read only
/// where it is acted on.
/// </summary>
public sealed class ReplicaPod
{
    private readonly ResourceEntry? _entry;
    private Pod? _pod;

    private ReplicaPod(ResourceEntry? entry, Pod? pod) => (_entry, _pod) = (entry, pod);

    /// <summary>The whole pod.</summary>
    public Pod Pod => _pod ??= _entry!.Glance<Pod>();

    /// <summary>metadata.labels.</summary>
    public required IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Uid of its controlling owner, or null.</summary>
    public required string? Controller { get; init; }

    /// <summary>Marked for deletion.</summary>
    public required bool Deleting { get; init; }

    /// <summary>Neither ended nor being deleted: it counts as a replica.</summary>
    public required bool IsActive { get; init; }

    /// <summary>Whether condition Ready is True.</summary>
    public required bool IsReady { get; init; }

    /// <summary>Since when; null where that is not known.</summary>
    public required DateTimeOffset? ReadySince { get; init; }

    /// <summary>From the read model; the pod is not parsed.</summary>
    public static ReplicaPod Of(ResourceEntry entry) => new(entry, null)
    {
        Labels = entry.Labels,
        Controller = entry.Header.ControllerOwner?.Uid,
        Deleting = entry.Header.Deleting,
        IsActive = !entry.Header.Deleting && entry.Header.Phase is not ("Succeeded" or "Failed"),
        IsReady = entry.Header.Ready,
        ReadySince = entry.Header.ReadySince,
    };

    /// <summary>From a pod.</summary>
    public static ReplicaPod Of(Pod pod) => new(null, pod)
    {
        Labels = pod.Metadata.Labels,
        Controller = PodStatusFacts.Controller(pod.Metadata)?.UID,
        Deleting = pod.Metadata.DeletionTimestamp is not null,
        IsActive = PodStatusFacts.IsActive(pod),
        IsReady = PodStatusFacts.IsReady(pod),
        ReadySince = PodStatusFacts.Condition(pod, "Ready") is { Status: "True" } ready ? ready.LastTransitionTime : null,
    };

    /// <summary>When it becomes, or became, available; null while it is not ready.</summary>
    public DateTimeOffset? AvailableAt(int minReadySeconds) => !IsReady ? null : minReadySeconds <= 0 ? DateTimeOffset.MinValue : ReadySince?.AddSeconds(minReadySeconds);
}
