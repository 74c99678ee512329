using Orchestrator.Actors.Caching;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Selectors;
using Orchestrator.Resources.Types.Policy.V1;

namespace Orchestrator.Actors.Pods;

/// <summary>Whether PodDisruptionBudgets let a pod be evicted now.</summary>
public static class DisruptionBudgets
{
    /// <summary>429 as upstream words it where a budget has no disruption left, 500 where several budgets select the pod, else null.</summary>
    public static ApiStatus? Refusal(ResourceEntry pod, ResourceCache cache)
    {
        // A pod that does not run yet, or any more, disrupts nobody.
        if (pod.Header.Phase is "Pending" or "Succeeded" or "Failed" || pod.Header.Deleting) return null;
        var budgets = cache.List("poddisruptionbudgets.policy", pod.Namespace)
            .Where(b => LabelSelector.FromJson(b.ToJsonObject()["spec"]?["selector"]).Matches(pod.Labels))
            .ToList();
        if (budgets.Count == 0) return null;
        if (budgets.Count > 1)
            return ApiStatus.InternalError("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
        var status = budgets[0].Read<PodDisruptionBudget>().Status;
        if (status.DisruptionsAllowed > 0) return null;
        return new ApiStatus(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.")
        {
            Causes = [new StatusCause("DisruptionBudget", $"The disruption budget {budgets[0].Name} needs {status.DesiredHealthy} healthy pods and has {status.CurrentHealthy} currently", "")],
            RetryAfterSeconds = 10,
        };
    }
}
