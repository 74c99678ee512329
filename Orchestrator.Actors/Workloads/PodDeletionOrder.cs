using System.Globalization;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Workloads;

namespace Orchestrator.Actors.Workloads;

/// <summary>
/// Which pods a scale-down takes first, in Kubernetes' order: without a node; earlier phase; not ready; lower
/// <c>controller.kubernetes.io/pod-deletion-cost</c>; more sibling pods on the same node; ready for less time; more restarts; younger.
/// The times are compared on a logarithmic scale (LogarithmicScaleDown), so that a few seconds between old pods mean nothing; the
/// uid then settles it, the same way every time.
/// </summary>
public static class PodDeletionOrder
{
    /// <summary>The annotation, an int32; 0 where absent or malformed.</summary>
    public const string CostAnnotation = "controller.kubernetes.io/pod-deletion-cost";

    /// <summary>Sorts, most dispensable first.</summary>
    /// <param name="pods">The pods to choose among.</param>
    /// <param name="siblingsOnNode">Active pods of the same controller, or of its controller's other dependents, by node.</param>
    /// <param name="now">The present.</param>
    public static List<Pod> Sort(IEnumerable<Pod> pods, Func<string, int> siblingsOnNode, DateTimeOffset now) =>
    [
        .. pods
            .Select(pod => (Pod: pod, Ready: ReadySince(pod)))
            .OrderBy(p => p.Pod.Spec.NodeName.Length > 0)
            .ThenBy(p => PhaseRank(p.Pod.Status.Phase))
            .ThenBy(p => p.Ready is not null)
            .ThenBy(p => Cost(p.Pod))
            .ThenByDescending(p => siblingsOnNode(p.Pod.Spec.NodeName))
            .ThenBy(p => AgeRank(p.Ready, now))
            .ThenByDescending(p => Restarts(p.Pod))
            .ThenBy(p => AgeRank(p.Pod.Metadata.CreationTimestamp, now))
            .ThenBy(p => p.Pod.Metadata.UID, StringComparer.Ordinal)
            .Select(p => p.Pod),
    ];

    private static int PhaseRank(string phase) => phase switch { "Pending" => 0, "Unknown" => 1, _ => 2 };

    private static int Cost(Pod pod) =>
        pod.Metadata.Annotations is { } annotations && annotations.TryGetValue(CostAnnotation, out var text)
        && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var cost) ? cost : 0;

    private static DateTimeOffset? ReadySince(Pod pod) =>
        PodStatusFacts.Condition(pod, "Ready") is { Status: "True" } ready ? ready.LastTransitionTime ?? DateTimeOffset.MinValue : null;

    private static int Restarts(Pod pod) =>
        (pod.Status.InitContainerStatuses ?? []).Concat(pod.Status.ContainerStatuses ?? []).Select(s => s.RestartCount).DefaultIfEmpty().Max();

    /// <summary>Higher for older; an unknown time counts as the youngest.</summary>
    private static int AgeRank(DateTimeOffset? time, DateTimeOffset now)
    {
        if (time is not { } at || at == DateTimeOffset.MinValue) return -1;
        var age = now - at;
        return age <= TimeSpan.Zero ? 0 : (int)Math.Log2(Math.Max(1, age.TotalNanoseconds)) + 1;
    }
}
