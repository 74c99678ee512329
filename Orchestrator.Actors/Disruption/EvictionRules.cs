using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Policy.V1;
using Orchestrator.Resources.Workloads;

namespace Orchestrator.Actors.Disruption;

/// <summary>Whether a pod may be evicted, worded as upstream's eviction subresource does.</summary>
public static class EvictionRules
{
    /// <summary>Evictions that have been granted and have not been seen by the budget's loop; so many are a sign that something is broken.</summary>
    private const int MostGranted = 2000;

    /// <summary>A pod that does not run yet, has ended, or is being deleted: it disrupts nobody, and no budget is asked.</summary>
    public static bool NeedsNoBudget(Pod pod) => pod.Status.Phase is "Pending" or "Succeeded" or "Failed" || pod.Metadata.DeletionTimestamp is not null;

    /// <summary>
    /// A running pod that is not ready is no part of what its budget counts: it may go without a charge where the budget has what it needs, or always, as the
    /// budget's unhealthyPodEvictionPolicy says.
    /// </summary>
    public static bool GoesUncharged(Pod pod, PodDisruptionBudget budget) => !PodStatusFacts.IsReady(pod)
        && (budget.Spec.UnhealthyPodEvictionPolicy == "AlwaysAllow" || (budget.Status.DesiredHealthy > 0 && budget.Status.CurrentHealthy >= budget.Status.DesiredHealthy));

    /// <summary>500: nobody can tell which of several budgets to charge.</summary>
    public static ApiStatus SeveralBudgets { get; } = new(500, "", "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");

    /// <summary>Why the budget cannot be charged with one more eviction, or null.</summary>
    public static ApiStatus? Refusal(PodDisruptionBudget budget)
    {
        var (name, status) = (budget.Metadata.Name, budget.Status);
        if (status.ObservedGeneration < budget.Metadata.Generation) return TooMany($"The disruption budget {name} is still being processed by the server.", 10);
        if (status.DisruptionsAllowed < 0) return ApiStatus.Forbidden("poddisruptionbudget", name, "pdb disruptions allowed is negative");
        if (status.DisruptedPods?.Count > MostGranted) return ApiStatus.Forbidden("poddisruptionbudget", name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
        if (status.DisruptionsAllowed > 0) return null;
        return status.Conditions?.Find(c => c.Type == DisruptionPlan.Allowed) is { Status: "False", Reason: DisruptionPlan.SyncFailed } failed
            ? TooMany($"The disruption budget {name} does not allow evicting pods currently because it failed sync: {failed.Message}", 0)
            : TooMany($"The disruption budget {name} needs {status.DesiredHealthy} healthy pods and has {status.CurrentHealthy} currently", 0);
    }

    private static ApiStatus TooMany(string cause, int retryAfter) => new(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.")
    {
        Causes = [new StatusCause("DisruptionBudget", cause, "")],
        RetryAfterSeconds = retryAfter,
    };
}
