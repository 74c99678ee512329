using Orchestrator.Resources.Types.Apps.V1;

namespace Orchestrator.Actors.Workloads;

/// <summary>A ReplicaSet while its Deployment plans: what is stored beside what it is going to be.</summary>
internal sealed class PlannedReplicaSet(ReplicaSet source, bool isNew)
{
    /// <summary>As stored (or, for a new one, as it will be created).</summary>
    public ReplicaSet Source { get; } = source;

    /// <summary>Does not exist yet.</summary>
    public bool IsNew { get; } = isNew;

    /// <summary>The size it has been given so far.</summary>
    public int Replicas { get; set; } = source.Spec.Replicas ?? 1;

    /// <summary>Its annotations, planned changes included.</summary>
    public Dictionary<string, string> Annotations { get; } = new(source.Metadata.Annotations ?? [], StringComparer.Ordinal);

    /// <summary>To be deleted.</summary>
    public bool Doomed { get; set; }

    public string Name => Source.Metadata.Name;

    public long Revision => RolloutAnnotations.RevisionOf(Annotations);

    /// <summary>
    /// Available pods as far as they can be counted on: a status from before the last scale-down still counts pods that are going.
    /// </summary>
    public int Available => IsNew ? 0 : Math.Min(Source.Status.AvailableReplicas, Replicas);

    /// <summary>What has to be written for the plan, or null.</summary>
    public RolloutAction? Action(int minReadySeconds, bool isCurrent)
    {
        if (Doomed) return new RolloutAction.Delete(Source);
        if (IsNew)
        {
            Source.Spec.Replicas = Replicas;
            Source.Metadata.Annotations = Annotations;
            return new RolloutAction.Create(Source);
        }
        var stored = Source.Metadata.Annotations;
        var changed = Annotations.Where(a => stored is null || !stored.TryGetValue(a.Key, out var value) || value != a.Value)
            .ToDictionary(StringComparer.Ordinal);
        int? seconds = isCurrent && Source.Spec.MinReadySeconds != minReadySeconds ? minReadySeconds : null;
        var from = Source.Spec.Replicas ?? 1;
        return from == Replicas && changed.Count == 0 && seconds is null ? null : new RolloutAction.Update(Source, from, Replicas, changed, seconds);
    }
}
