using Orchestrator.Resources.Types.Apps.V1;

namespace Orchestrator.Actors.Workloads;

/// <summary>One planning pass over a Deployment's ReplicaSets. Steps change the planned sizes; <see cref="Actions"/> says what that takes.</summary>
internal sealed class Rollout
{
    private readonly Deployment _deployment;

    public Rollout(Deployment deployment, IReadOnlyList<ReplicaSet> owned)
    {
        _deployment = deployment;
        Limits = RolloutLimits.Of(deployment.Spec);
        // The oldest set with the template is the current one: should a race have made two, both sides of it agree.
        List<PlannedReplicaSet> all = [.. owned.OrderBy(rs => rs.Metadata.CreationTimestamp).ThenBy(rs => rs.Metadata.Name, StringComparer.Ordinal).Select(rs => new PlannedReplicaSet(rs, isNew: false))];
        New = all.Find(rs => PodTemplateHash.Equal(rs.Source.Spec.Template, deployment.Spec.Template));
        Old = [.. all.Where(rs => rs != New)];
    }

    public RolloutLimits Limits { get; }

    /// <summary>The set of the current template, null while there is none.</summary>
    public PlannedReplicaSet? New { get; private set; }

    /// <summary>All others, oldest first.</summary>
    public IReadOnlyList<PlannedReplicaSet> Old { get; }

    public IEnumerable<PlannedReplicaSet> All => New is null ? Old : Old.Append(New);

    /// <summary>Some set was last scaled for another spec.replicas: the user has scaled, which must not look like a rollout.</summary>
    public bool SizeChanged =>
        All.Any(rs => rs.Replicas > 0 && RolloutAnnotations.CountOf(rs.Annotations, RolloutAnnotations.DesiredReplicas) is { } desired && desired != Limits.Replicas);

    private int Total => All.Sum(rs => rs.Replicas);

    public IReadOnlyList<RolloutAction> Actions()
    {
        List<RolloutAction> actions = [.. All.Select(rs => rs.Action(_deployment.Spec.MinReadySeconds, rs == New)).OfType<RolloutAction>()];
        if (New is { Revision: > 0 } current && current.Revision != RolloutAnnotations.RevisionOf(_deployment.Metadata.Annotations))
            actions.Add(new RolloutAction.SetRevision(current.Annotations[RolloutAnnotations.Revision]));
        return actions;
    }

    /// <summary>Keeps the current set's revision above all old ones, which is how a rollback becomes the newest revision.</summary>
    public void RefreshNew(RolloutStatus status, string? justCreated)
    {
        RolloutAnnotations.Update(New!.Annotations, _deployment, Old.Select(rs => rs.Revision).DefaultIfEmpty().Max() + 1);
        if (New.Name == justCreated) status.Created(New.Name);
        else status.Found(New.Name);
    }

    /// <summary>Plans the current set where it does not exist, as large as the strategy lets it start.</summary>
    public void EnsureNew()
    {
        if (New is not null) return;
        New = new PlannedReplicaSet(RolloutPlan.NewReplicaSet(_deployment), isNew: true);
        RolloutAnnotations.Update(New.Annotations, _deployment, Old.Select(rs => rs.Revision).DefaultIfEmpty().Max() + 1);
        Resize(New, RolloutLimits.IsRollingUpdate(_deployment.Spec) ? LargestNew() : Limits.Replicas);
    }

    /// <summary>RollingUpdate: the current set takes what the surge leaves. True where that changed its size.</summary>
    public bool GrowNew()
    {
        if (New!.IsNew || New.Replicas == Limits.Replicas) return false;
        return Resize(New, New.Replicas > Limits.Replicas ? Limits.Replicas : LargestNew());
    }

    /// <summary>
    /// RollingUpdate: old sets give up what can be spared: first pods that are not available anyway, oldest sets first, then available
    /// ones above the minimum. True where a size changed.
    /// </summary>
    public bool ShrinkOld()
    {
        var active = Old.Where(rs => rs.Replicas > 0).ToList();
        if (active.Count == 0) return false;
        // Pods of the current set that are not available yet may never be: they count against what can be spared.
        var spare = Total - Limits.MinAvailable - (New!.Replicas - New.Available);
        if (spare <= 0) return false;
        var shrunk = false;
        foreach (var rs in active)
        {
            var unhealthy = Math.Min(spare, rs.Replicas - rs.Available);
            if (unhealthy <= 0) continue;
            shrunk |= Resize(rs, rs.Replicas - unhealthy);
            spare -= unhealthy;
        }
        var surplus = Math.Min(spare, All.Sum(rs => rs.Available) - Limits.MinAvailable);
        foreach (var rs in active)
        {
            var less = Math.Min(surplus, rs.Replicas);
            if (less <= 0) continue;
            shrunk |= Resize(rs, rs.Replicas - less);
            surplus -= less;
        }
        return shrunk;
    }

    /// <summary>Recreate: old sets go to zero. True where a size changed.</summary>
    public bool EmptyOld()
    {
        var emptied = false;
        foreach (var rs in Old) emptied |= Resize(rs, 0);
        return emptied;
    }

    /// <summary>Recreate: the current set gets all.</summary>
    public void SetNew() => Resize(New!, Limits.Replicas);

    /// <summary>
    /// Follows a change of spec.replicas without moving the rollout: the only active set gets all of it; a complete rollout empties
    /// what is left of old sets; sets in the middle of a rolling update keep their proportions.
    /// </summary>
    public void Scale()
    {
        var active = All.Where(rs => rs.Replicas > 0).ToList();
        if (active.Count <= 1)
        {
            // Among equals the newest: without active sets, the current one, else the last old one.
            var only = active.Count == 1 ? active[0] : New ?? Old.LastOrDefault();
            if (only is not null) Resize(only, Limits.Replicas, sizesAnyway: true);
            return;
        }
        if (Saturated)
        {
            foreach (var rs in Old) Resize(rs, 0);
            return;
        }
        var sizes = RolloutLimits.IsRollingUpdate(_deployment.Spec)
            ? ProportionalScaling.Sizes(active, Limits, _deployment.Status.Replicas)
            : active.Select(rs => (rs, rs.Replicas)); // Recreate empties the old ones next
        foreach (var (rs, size) in sizes) Resize(rs, size, sizesAnyway: true);
    }

    /// <summary>Deletes empty old sets beyond revisionHistoryLimit, lowest revisions first.</summary>
    public void CleanUp()
    {
        if (_deployment.Spec.RevisionHistoryLimit is not { } limit || limit == int.MaxValue) return;
        var alive = Old.Where(rs => rs.Source.Metadata.DeletionTimestamp is null).OrderBy(rs => rs.Revision).ToList();
        foreach (var rs in alive.Take(Math.Max(0, alive.Count - limit)))
        {
            var source = rs.Source;
            if (source.Status.Replicas == 0 && rs.Replicas == 0 && source.Metadata.Generation <= source.Status.ObservedGeneration) rs.Doomed = true;
        }
    }

    private bool Saturated =>
        New is not null && New.Replicas == Limits.Replicas && New.Available == Limits.Replicas
        && RolloutAnnotations.CountOf(New.Annotations, RolloutAnnotations.DesiredReplicas) == Limits.Replicas;

    private int LargestNew()
    {
        // A set that has just been scaled down still has its pods: the surge is a bound on pods, not on intentions.
        var room = Limits.MaxPods - All.Sum(rs => rs.IsNew ? rs.Replicas : Math.Max(rs.Replicas, rs.Source.Status.Replicas));
        return room <= 0 ? New!.Replicas : New!.Replicas + Math.Min(room, Limits.Replicas - New.Replicas);
    }

    private bool Resize(PlannedReplicaSet rs, int size, bool sizesAnyway = false)
    {
        var changed = rs.Replicas != size;
        rs.Replicas = size;
        if (changed || rs.IsNew || sizesAnyway) RolloutAnnotations.SetSizes(rs.Annotations, Limits);
        return changed;
    }
}
