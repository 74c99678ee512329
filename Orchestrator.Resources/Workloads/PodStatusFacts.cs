using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Meta.V1;

namespace Orchestrator.Resources.Workloads;

/// <summary>What control loops read from a pod's status (upstream: pkg/api/v1/pod/util.go, pkg/controller/controller_utils.go).</summary>
public static class PodStatusFacts
{
    /// <summary>The condition of a type, or null.</summary>
    public static PodCondition? Condition(Pod pod, string type)
    {
        if (pod.Status.Conditions is not { } conditions) return null;
        foreach (var condition in conditions)
            if (condition.Type == type) return condition;
        return null;
    }

    /// <summary>Whether condition Ready is True.</summary>
    public static bool IsReady(Pod pod) => Condition(pod, "Ready")?.Status == "True";

    /// <summary>Whether the pod has been ready for at least <paramref name="minReadySeconds"/> at <paramref name="now"/>.</summary>
    public static bool IsAvailable(Pod pod, int minReadySeconds, DateTimeOffset now) => AvailableAt(pod, minReadySeconds) is { } at && at <= now;

    /// <summary>When a ready pod becomes, or became, available; null while it is not ready. Lets a control loop set its timer exactly.</summary>
    public static DateTimeOffset? AvailableAt(Pod pod, int minReadySeconds)
    {
        if (Condition(pod, "Ready") is not { Status: "True" } ready) return null;
        if (minReadySeconds <= 0) return DateTimeOffset.MinValue;
        return ready.LastTransitionTime?.AddSeconds(minReadySeconds);
    }

    /// <summary>Whether all its containers have ended for good: phase Succeeded or Failed.</summary>
    public static bool IsTerminal(Pod pod) => pod.Status.Phase is "Succeeded" or "Failed";

    /// <summary>Whether it counts as a replica: neither ended nor being deleted.</summary>
    public static bool IsActive(Pod pod) => !IsTerminal(pod) && pod.Metadata.DeletionTimestamp is null;

    /// <summary>Whether a node has been chosen.</summary>
    public static bool IsScheduled(Pod pod) => pod.Spec.NodeName.Length > 0;

    /// <summary>The object's controlling owner, or null.</summary>
    public static OwnerReference? Controller(ObjectMeta metadata)
    {
        if (metadata.OwnerReferences is not { } owners) return null;
        foreach (var owner in owners)
            if (owner.Controller == true) return owner;
        return null;
    }

    /// <summary>Whether the object of this UID controls it. Names are not enough: an owner may have been deleted and made anew.</summary>
    public static bool IsControlledBy(ObjectMeta metadata, string ownerUid) => Controller(metadata)?.UID == ownerUid;
}
