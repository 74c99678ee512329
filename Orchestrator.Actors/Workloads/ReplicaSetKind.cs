using Orchestrator.Actors.Caching;
using Orchestrator.Resources.Types.Apps.V1;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Meta.V1;

namespace Orchestrator.Actors.Workloads;

/// <summary>What ReplicaSets and ReplicationControllers differ in; a ReplicationController is read as a ReplicaSet under its own kind, as upstream's controller does.</summary>
/// <param name="Component">Name of the control loop as event source and field manager.</param>
/// <param name="Read">The object as a ReplicaSet, whose apiVersion and kind say what it is. Callers must not change it.</param>
public sealed record ReplicaSetKind(string Component, Func<ResourceEntry, ReplicaSet> Read)
{
    /// <summary>apps/v1 ReplicaSet.</summary>
    public static ReplicaSetKind ReplicaSet { get; } = new("replicaset-controller", entry => entry.Read<ReplicaSet>());

    /// <summary>v1 ReplicationController.</summary>
    public static ReplicaSetKind ReplicationController { get; } = new("replication-controller", entry => From(entry.Read<ReplicationController>()));

    /// <summary>The two have the same fields but for the selector, which is a plain map here.</summary>
    internal static ReplicaSet From(ReplicationController controller) => new()
    {
        APIVersion = controller.APIVersion,
        Kind = controller.Kind,
        Metadata = controller.Metadata,
        Spec = new ReplicaSetSpec
        {
            Replicas = controller.Spec.Replicas,
            MinReadySeconds = controller.Spec.MinReadySeconds,
            Selector = new LabelSelector { MatchLabels = controller.Spec.Selector },
            Template = controller.Spec.Template ?? new PodTemplateSpec(),
        },
        Status = new ReplicaSetStatus
        {
            Replicas = controller.Status.Replicas,
            FullyLabeledReplicas = controller.Status.FullyLabeledReplicas,
            ReadyReplicas = controller.Status.ReadyReplicas,
            AvailableReplicas = controller.Status.AvailableReplicas,
            ObservedGeneration = controller.Status.ObservedGeneration,
            Conditions = controller.Status.Conditions?.ConvertAll(c => new ReplicaSetCondition
            {
                Type = c.Type,
                Status = c.Status,
                LastTransitionTime = c.LastTransitionTime,
                Reason = c.Reason,
                Message = c.Message,
            }),
        },
    };
}
