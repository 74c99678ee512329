using Orchestrator.Resources.Types.Apps.V1;

namespace Orchestrator.Actors.Workloads;

/// <summary>A ReplicaSet's status, counted from its pods.</summary>
public static class ReplicaSetStatusOf
{
    /// <summary>
    /// Counts. <paramref name="lookAgain"/> is the time until the next ready pod has been ready for minReadySeconds, or null.
    /// </summary>
    public static ReplicaSetStatus Pods(ReplicaSet replicaSet, IReadOnlyList<ReplicaPod> pods, string? failure, DateTimeOffset now, out TimeSpan? lookAgain)
    {
        lookAgain = null;
        int labelled = 0, ready = 0, available = 0;
        foreach (var pod in pods)
        {
            if (HasLabels(pod, replicaSet.Spec.Template.Metadata.Labels)) labelled++;
            if (!pod.IsReady) continue;
            ready++;
            if (pod.AvailableAt(replicaSet.Spec.MinReadySeconds) is not { } at) continue;
            var left = at - now;
            if (left <= TimeSpan.Zero) available++;
            else if (lookAgain is null || left < lookAgain) lookAgain = left;
        }
        return new ReplicaSetStatus
        {
            Replicas = pods.Count,
            FullyLabeledReplicas = labelled,
            ReadyReplicas = ready,
            AvailableReplicas = available,
            ObservedGeneration = replicaSet.Metadata.Generation,
            Conditions = Conditions(replicaSet, pods.Count, failure, now),
        };
    }

    /// <summary>A failure condition stays as first reported until the numbers are right or a try succeeds, as upstream keeps it.</summary>
    private static List<ReplicaSetCondition>? Conditions(ReplicaSet replicaSet, int pods, string? failure, DateTimeOffset now)
    {
        var others = (replicaSet.Status.Conditions ?? []).Where(c => c.Type != "ReplicaFailure").ToList();
        if (failure is not null && pods != (replicaSet.Spec.Replicas ?? 1))
        {
            others.Add(replicaSet.Status.Conditions?.Find(c => c.Type == "ReplicaFailure") ?? new ReplicaSetCondition
            {
                Type = "ReplicaFailure",
                Status = "True",
                LastTransitionTime = WholeSeconds(now),
                Reason = pods < (replicaSet.Spec.Replicas ?? 1) ? "FailedCreate" : "FailedDelete",
                Message = failure,
            });
        }
        return others.Count == 0 ? null : others;
    }

    private static bool HasLabels(ReplicaPod pod, Dictionary<string, string>? wanted)
    {
        foreach (var (key, value) in wanted ?? [])
            if (pod.Labels is not { } labels || !labels.TryGetValue(key, out var actual) || actual != value) return false;
        return true;
    }

    /// <summary>metav1.Time knows seconds only; a status must equal itself once it was stored and read back.</summary>
    internal static DateTimeOffset WholeSeconds(DateTimeOffset time) => new(time.Ticks - time.Ticks % TimeSpan.TicksPerSecond, time.Offset);
}
