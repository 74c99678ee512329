using Orchestrator.Resources.Writing;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Workloads;
using CoreEndpoints = Orchestrator.Resources.Types.Core.V1.Endpoints;

namespace Orchestrator.Actors.Services.Endpoints;

/// <summary>
/// When the change began that new endpoints show: the earliest time at which one of the pods that came, or became ready or not ready, did so; for the first endpoints also when the Service
/// was made. Upstream's controller remembers what it has seen; here it is read off what is stored.
/// </summary>
internal static class TriggerTimes
{
    /// <summary>The time, or null where no pod tells: all that is new is that some went.</summary>
    public static DateTimeOffset? Of(Service service, CoreEndpoints? before, IEnumerable<Pod> pods)
    {
        var known = new HashSet<(string? Uid, bool Ready)>();
        foreach (var subset in before?.Subsets ?? [])
        {
            foreach (var address in subset.Addresses ?? []) known.Add((address.TargetRef?.UID, true));
            foreach (var address in subset.NotReadyAddresses ?? []) known.Add((address.TargetRef?.UID, false));
        }
        var earliest = before is null ? service.Metadata.CreationTimestamp : null;
        foreach (var pod in pods)
        {
            if (pod.Status.PodIP.Length == 0 || known.Contains((pod.Metadata.UID, PodStatusFacts.IsReady(pod)))) continue;
            if (PodStatusFacts.Condition(pod, "Ready")?.LastTransitionTime is { } at && (earliest is null || at < earliest)) earliest = at;
        }
        return earliest;
    }

    /// <summary>As the annotation has it.</summary>
    public static string Text(DateTimeOffset at) => ObjectMeta.Timestamp(at);
}
