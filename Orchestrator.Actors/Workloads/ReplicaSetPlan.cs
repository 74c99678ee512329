using Orchestrator.Resources.Types.Apps.V1;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Workloads;

namespace Orchestrator.Actors.Workloads;

/// <summary>What a ReplicaSet does next.</summary>
public abstract record ReplicaSetAction
{
    /// <summary>Make this many pods from the template.</summary>
    public sealed record Create(int Count) : ReplicaSetAction;

    /// <summary>Delete this pod.</summary>
    public sealed record Delete(Pod Pod) : ReplicaSetAction;

    /// <summary>Take an orphan up.</summary>
    public sealed record Adopt(Pod Pod) : ReplicaSetAction;

    /// <summary>Let a pod go that the selector no longer matches.</summary>
    public sealed record Release(Pod Pod) : ReplicaSetAction;
}

/// <summary>Actions, the status to write, and when to look again without being told (minReadySeconds), or null.</summary>
public sealed record ReplicaSetDecision(IReadOnlyList<ReplicaSetAction> Actions, ReplicaSetStatus Status, TimeSpan? LookAgainAfter);

/// <summary>The ReplicaSet control loop as a function.</summary>
public static class ReplicaSetPlan
{
    /// <summary>No more creations or deletions than this at a time, as upstream.</summary>
    public const int Burst = 500;

    /// <summary>
    /// Decides from what is there. Claims come first: numbers are only acted on once the set of pods is settled.
    /// </summary>
    /// <param name="replicaSet">The object, defaulted.</param>
    /// <param name="candidates">Pods of its namespace that it controls or that nobody controls.</param>
    /// <param name="siblingsOnNode">Active pods, by node, of this and of the sibling sets under the same controller.</param>
    /// <param name="matches">The compiled selector.</param>
    /// <param name="batch">How many pods may be created at once: 1, 2, 4, … while creating succeeds (slow start), 0 while waiting to try again.</param>
    /// <param name="failure">Why the last creations or deletions failed, or null.</param>
    /// <param name="now">The present.</param>
    public static ReplicaSetDecision Next(ReplicaSet replicaSet, IReadOnlyList<ReplicaPod> candidates, Func<string, int> siblingsOnNode,
        Func<IReadOnlyDictionary<string, string>?, bool> matches, int batch, string? failure, DateTimeOffset now)
    {
        var controller = ControllerOf(replicaSet);
        var claims = ControllerClaims<ReplicaPod>.Of(controller, candidates.Where(pod => pod.IsActive), pod => pod.Controller, pod => matches(pod.Labels), pod => pod.Deleting);
        var status = ReplicaSetStatusOf.Pods(replicaSet, claims.Owned, failure, now, out var lookAgain);

        List<ReplicaSetAction> actions = [];
        actions.AddRange(claims.Adopt.Select(pod => new ReplicaSetAction.Adopt(pod.Pod)));
        actions.AddRange(claims.Release.Select(pod => new ReplicaSetAction.Release(pod.Pod)));
        if (actions.Count == 0 && !controller.Terminating)
        {
            var missing = (replicaSet.Spec.Replicas ?? 1) - claims.Owned.Count;
            var create = Math.Min(missing, Math.Min(batch, Burst));
            if (create > 0) actions.Add(new ReplicaSetAction.Create(create));
            else if (missing < 0)
                actions.AddRange(PodDeletionOrder.Sort(claims.Owned.Select(pod => pod.Pod), siblingsOnNode, now).Take(Math.Min(-missing, Burst)).Select(pod => new ReplicaSetAction.Delete(pod)));
        }
        return new ReplicaSetDecision(actions, status, lookAgain);
    }

    /// <summary>The ReplicaSet, or what is read as one, as owner.</summary>
    public static Controller ControllerOf(ReplicaSet replicaSet) =>
        new(replicaSet.APIVersion, replicaSet.Kind, replicaSet.Metadata.Name, replicaSet.Metadata.UID, replicaSet.Metadata.DeletionTimestamp is not null);
}
