using Orchestrator.Resources.Types.Apps.V1;

namespace Orchestrator.Actors.Workloads;

/// <summary>What a Deployment does next.</summary>
public abstract record RolloutAction
{
    /// <summary>Create the ReplicaSet of the current template.</summary>
    public sealed record Create(ReplicaSet ReplicaSet) : RolloutAction;

    /// <summary>
    /// Change a ReplicaSet: its size (from ≠ to), some annotations, its minReadySeconds (null: leave). A change of size is reported as a
    /// ScalingReplicaSet event.
    /// </summary>
    public sealed record Update(ReplicaSet ReplicaSet, int From, int To, IReadOnlyDictionary<string, string> Annotations, int? MinReadySeconds) : RolloutAction;

    /// <summary>Delete a ReplicaSet beyond revisionHistoryLimit.</summary>
    public sealed record Delete(ReplicaSet ReplicaSet) : RolloutAction;

    /// <summary>Take up a matching orphan.</summary>
    public sealed record Adopt(ReplicaSet ReplicaSet) : RolloutAction;

    /// <summary>Let go a ReplicaSet the selector no longer matches.</summary>
    public sealed record Release(ReplicaSet ReplicaSet) : RolloutAction;

    /// <summary>Put this revision on the Deployment itself.</summary>
    public sealed record SetRevision(string Revision) : RolloutAction;
}

/// <summary>Actions, the status to write, and when to look again without being told (the progress deadline), or null.</summary>
public sealed record RolloutDecision(IReadOnlyList<RolloutAction> Actions, DeploymentStatus Status, TimeSpan? LookAgainAfter);
