using Orchestrator.Resources.Types.Apps.V1;

namespace Orchestrator.Actors.Workloads;

/// <summary>
/// A Deployment's status while it plans: counts from its ReplicaSets, and the conditions Available, Progressing and ReplicaFailure with
/// Kubernetes' reasons and messages, by which <c>kubectl rollout status</c> tells what is going on.
/// </summary>
internal sealed class RolloutStatus
{
    private const string Progressing = "Progressing";
    private const string NewReplicaSetAvailable = "NewReplicaSetAvailable";
    private const string DeadlineExceeded = "ProgressDeadlineExceeded";
    private const string Paused = "DeploymentPaused";

    private readonly Deployment _deployment;
    private readonly DateTimeOffset _now;
    private readonly DateTimeOffset _stamp;
    private readonly List<DeploymentCondition> _conditions;
    private DeploymentStatus _result = new();

    public RolloutStatus(Deployment deployment, DateTimeOffset now)
    {
        _deployment = deployment;
        _now = now;
        _stamp = ReplicaSetStatusOf.WholeSeconds(now);
        _conditions = [.. deployment.Status.Conditions ?? []];
    }

    /// <summary>The stored status already says that the rollout is over.</summary>
    public bool WasComplete => IsComplete(_deployment.Status);

    private TimeSpan? Deadline => _deployment.Spec.ProgressDeadlineSeconds is { } seconds && seconds != int.MaxValue ? TimeSpan.FromSeconds(seconds) : null;

    /// <summary>Pausing stops the clock of the progress deadline, resuming starts it anew; a deadline that has passed stays reported.</summary>
    public void Pause()
    {
        if (Deadline is null) return;
        var reason = Find(Progressing)?.Reason;
        if (reason == DeadlineExceeded) return;
        if (_deployment.Spec.Paused && reason != Paused) Set(Progressing, "Unknown", Paused, "Deployment is paused");
        else if (!_deployment.Spec.Paused && reason == Paused) Set(Progressing, "Unknown", "DeploymentResumed", "Deployment is resumed");
    }

    /// <summary>The current template has a ReplicaSet already.</summary>
    public void Found(string replicaSet)
    {
        if (Deadline is not null && Find(Progressing) is null) Set(Progressing, "True", "FoundNewReplicaSet", $"Found new replica set \"{replicaSet}\"");
    }

    /// <summary>The ReplicaSet of the current template has just been created.</summary>
    public void Created(string replicaSet)
    {
        if (Deadline is not null) Set(Progressing, "True", "NewReplicaSetCreated", $"Created new replica set \"{replicaSet}\"");
    }

    /// <summary>The stored status with the news that the ReplicaSet of the current template could not be created.</summary>
    public DeploymentStatus CreateFailed(string message)
    {
        if (Deadline is not null) Set(Progressing, "False", "ReplicaSetCreateError", message);
        var status = Orchestrator.Resources.Json.TypedJson.Clone(_deployment.Status);
        status.Conditions = _conditions;
        return status;
    }

    /// <summary>The status without judging progress: while paused, scaling or being deleted.</summary>
    public DeploymentStatus Counted(Rollout rollout)
    {
        var existing = rollout.All.Where(rs => !rs.IsNew).Select(rs => rs.Source).ToList();
        var available = existing.Sum(rs => rs.Status.AvailableReplicas);
        if (available >= rollout.Limits.MinAvailable) Set("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.");
        else Set("Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.");
        return _result = new DeploymentStatus
        {
            ObservedGeneration = _deployment.Metadata.Generation,
            Replicas = existing.Sum(rs => rs.Status.Replicas),
            UpdatedReplicas = rollout.New is { IsNew: false } current ? current.Source.Status.Replicas : 0,
            ReadyReplicas = existing.Sum(rs => rs.Status.ReadyReplicas),
            AvailableReplicas = available,
            UnavailableReplicas = Math.Max(0, rollout.All.Sum(rs => rs.Replicas) - available),
            CollisionCount = _deployment.Status.CollisionCount,
            Conditions = _conditions,
        };
    }

    /// <summary>The status of a rollout that may move: progress, completion, a missed deadline, failures of its ReplicaSets.</summary>
    public DeploymentStatus Progressed(Rollout rollout)
    {
        var status = Counted(rollout);
        if (Deadline is null) _conditions.RemoveAll(c => c.Type == Progressing);
        else if (!(status.Replicas == status.UpdatedReplicas && StoredProgress?.Reason == NewReplicaSetAvailable)) Judge(rollout.New, status);

        var failure = Failure(rollout.New) ?? rollout.Old.Select(Failure).FirstOrDefault(f => f is not null);
        if (failure is null) _conditions.RemoveAll(c => c.Type == "ReplicaFailure");
        else if (Find("ReplicaFailure") is not { } known || known.Status != failure.Status || known.Reason != failure.Reason)
        {
            _conditions.RemoveAll(c => c.Type == "ReplicaFailure");
            _conditions.Add(failure);
        }
        return status;
    }

    /// <summary>How long until the deadline has to be judged again, or null where nothing is pending.</summary>
    public TimeSpan? DeadlineIn()
    {
        if (Deadline is not { } deadline || Find(Progressing) is not { } progress) return null;
        if (IsComplete(_result) || progress.Reason is DeadlineExceeded or Paused or NewReplicaSetAvailable) return null;
        var left = (progress.LastUpdateTime ?? _now) + deadline - _now;
        // The deadline has passed only when the clock is beyond it, and stored times are whole seconds.
        return (left < TimeSpan.Zero ? TimeSpan.Zero : left) + TimeSpan.FromSeconds(1);
    }

    private DeploymentCondition? StoredProgress => _deployment.Status.Conditions?.Find(c => c.Type == Progressing);

    private void Judge(PlannedReplicaSet? current, DeploymentStatus status)
    {
        var subject = current is null ? $"Deployment \"{_deployment.Metadata.Name}\"" : $"ReplicaSet \"{current.Name}\"";
        if (IsComplete(status)) Set(Progressing, "True", NewReplicaSetAvailable, $"{subject} has successfully progressed.");
        else if (HasProgressed(status)) Set(Progressing, "True", "ReplicaSetUpdated", $"{subject} is progressing.", renew: true);
        else if (HasTimedOut()) Set(Progressing, "False", DeadlineExceeded, $"{subject} has timed out progressing.");
    }

    private bool IsComplete(DeploymentStatus status)
    {
        var replicas = _deployment.Spec.Replicas ?? 1;
        return status.UpdatedReplicas == replicas && status.Replicas == replicas && status.AvailableReplicas == replicas
            && status.ObservedGeneration >= _deployment.Metadata.Generation;
    }

    private bool HasProgressed(DeploymentStatus status)
    {
        var before = _deployment.Status;
        return status.UpdatedReplicas > before.UpdatedReplicas
            || status.Replicas - status.UpdatedReplicas < before.Replicas - before.UpdatedReplicas
            || status.ReadyReplicas > before.ReadyReplicas
            || status.AvailableReplicas > before.AvailableReplicas;
    }

    private bool HasTimedOut()
    {
        if (Find(Progressing) is not { } progress || progress.Reason == NewReplicaSetAvailable) return false;
        return progress.Reason == DeadlineExceeded || (progress.LastUpdateTime ?? _now) + Deadline < _now;
    }

    private static DeploymentCondition? Failure(PlannedReplicaSet? rs) =>
        rs is { IsNew: false } && rs.Source.Status.Conditions?.Find(c => c.Type == "ReplicaFailure") is { } c
            ? new DeploymentCondition { Type = c.Type, Status = c.Status, Reason = c.Reason, Message = c.Message, LastTransitionTime = c.LastTransitionTime, LastUpdateTime = c.LastTransitionTime }
            : null;

    private DeploymentCondition? Find(string type) => _conditions.Find(c => c.Type == type);

    /// <summary>A condition keeps its times while status and reason stay, unless it is renewed; its transition time while the status stays.</summary>
    private void Set(string type, string status, string reason, string message, bool renew = false)
    {
        var old = Find(type);
        if (!renew && old is not null && old.Status == status && old.Reason == reason) return;
        _conditions.RemoveAll(c => c.Type == type);
        _conditions.Add(new DeploymentCondition
        {
            Type = type,
            Status = status,
            Reason = reason,
            Message = message,
            LastUpdateTime = _stamp,
            LastTransitionTime = old?.Status == status ? old.LastTransitionTime : _stamp,
        });
    }
}
