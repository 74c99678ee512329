using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Resources;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Naming;
using Orchestrator.Resources.Types.Apps.V1;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Workloads;

namespace Orchestrator.Actors.Workloads;

/// <summary>The control loop of a ReplicaSet or a ReplicationController around <see cref="ReplicaSetPlan"/>; what the two differ in is its <see cref="ReplicaSetKind"/>.</summary>
public sealed class ReplicaSetActor : WorkloadActor
{
    private readonly ReplicaSetKind _kind;
    private readonly Random _names = new();
    private readonly HashSet<ResourceKey> _creating = [];
    private int _batch = 1;
    private string? _failure;

    /// <param name="key">The object.</param>
    /// <param name="services">Shared services.</param>
    /// <param name="kind">Which of the two kinds it is.</param>
    public ReplicaSetActor(ResourceKey key, ControlPlaneServices services, ReplicaSetKind kind) : base(key, services, kind.Component, "pods") => _kind = kind;

    /// <inheritdoc/>
    protected override void Reconcile()
    {
        var replicaSet = _kind.Read(Current!);
        var selector = Selector(replicaSet.Metadata.Generation, replicaSet.Spec.Selector);
        var candidates = Candidates(selector);
        var wait = Retry.Remaining(Now);
        var decision = ReplicaSetPlan.Next(replicaSet, candidates.ConvertAll(ReplicaPod.Of), SiblingsOnNode(), labels => selector.Matches(labels), wait is null ? _batch : 0, _failure, Now);
        _creating.Clear();
        WriteStatus(TypedJson.ToNode(decision.Status));
        if (wait is null) foreach (var action in decision.Actions) Do(action);
        LookAgain(wait, decision.LookAgainAfter);
        TellOwnerWhenEmpty(replicaSet, candidates);
    }

    /// <inheritdoc/>
    protected override void OnWritten(ResourceWritten written)
    {
        base.OnWritten(written);
        if (!_creating.Remove(written.Key)) return;
        Retry.Succeed();
        _failure = null;
        // Slow start: each batch that succeeds doubles the next, so that a refusal common to all pods is met once, not a thousand times.
        if (_creating.Count == 0) _batch = Math.Min(_batch * 2, ReplicaSetPlan.Burst);
    }

    /// <inheritdoc/>
    protected override void OnFailed(ResourceRefused refused)
    {
        var created = _creating.Remove(refused.Key);
        _batch = 1;
        if (refused.Status.Code is 404 or 409 || IsNamespaceTerminating(refused)) return;
        _failure = refused.Status.Message;
        if (created) Record("Warning", "FailedCreate", $"Error creating: {refused.Status.Message}");
        else Record("Warning", "FailedDelete", $"Error deleting: {refused.Status.Message}");
    }

    private void Do(ReplicaSetAction action)
    {
        switch (action)
        {
            case ReplicaSetAction.Create create:
                Create(create.Count);
                break;
            case ReplicaSetAction.Delete delete:
                var key = KeyOf(delete.Pod);
                Announce(key, "SuccessfulDelete", $"Deleted pod: {key.Name}");
                SendDelete(Dependents, key, delete.Pod.Metadata.UID);
                break;
            case ReplicaSetAction.Adopt adopt:
                SendClaim(KeyOf(adopt.Pod), ControllerPatches.Adopt(ReplicaSetPlan.ControllerOf(_kind.Read(Current!)), adopt.Pod.Metadata.UID));
                break;
            case ReplicaSetAction.Release release:
                SendClaim(KeyOf(release.Pod), ControllerPatches.Release(ReplicaSetPlan.ControllerOf(_kind.Read(Current!)), release.Pod.Metadata.UID));
                break;
        }
    }

    private void Create(int count)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (names.Count < count) names.Add(GeneratedNames.FromPrefix($"{Key.Name}-", _names));
        foreach (var name in names)
        {
            var key = Dependents.Key(Key.Namespace, name);
            _creating.Add(key);
            Announce(key, "SuccessfulCreate", $"Created pod: {name}");
        }
        SendCreates(Dependents, Key.Namespace, NewPod(), [.. names]);
    }

    /// <summary>The template as a pod of this set, yet without a name.</summary>
    private JsonObject NewPod()
    {
        var template = Current!.ToJsonObject()["spec"]!["template"]!;
        var metadata = new JsonObject { ["generateName"] = $"{Key.Name}-", ["namespace"] = Key.Namespace };
        foreach (var field in (ReadOnlySpan<string>)["labels", "annotations", "finalizers"])
            if (template["metadata"]?[field] is { } value) metadata[field] = value.DeepClone();
        metadata["ownerReferences"] = new JsonArray(TypedJson.ToNode(ReplicaSetPlan.ControllerOf(_kind.Read(Current)).Reference));
        return new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Pod", ["metadata"] = metadata, ["spec"] = template["spec"]!.DeepClone() };
    }

    /// <summary>Active pods per node of all sets under the same controller; counted only when a scale-down asks.</summary>
    private Func<string, int> SiblingsOnNode()
    {
        Dictionary<string, int>? counts = null;
        return node =>
        {
            if (counts is not null) return counts.GetValueOrDefault(node);
            counts = new(StringComparer.Ordinal);
            var sets = Current!.Header.ControllerOwner is { } owner ? Cache.OwnedBy(owner.Uid).Where(e => e.Key.Resource == Key.Resource) : [Current];
            foreach (var pod in sets.SelectMany(set => Cache.OwnedBy(set.Uid)))
                if (pod.Key.Resource == "pods" && !pod.Header.Deleting && pod.Header.Phase is not ("Succeeded" or "Failed"))
                    counts[pod.Header.NodeName] = counts.GetValueOrDefault(pod.Header.NodeName) + 1;
            return counts.GetValueOrDefault(node);
        };
    }

    /// <summary>A Recreate rollout waits for the last pod of its old sets; terminating pods are in no status, so this is the only sign.</summary>
    private void TellOwnerWhenEmpty(ReplicaSet replicaSet, List<ResourceEntry> candidates)
    {
        if (replicaSet.Spec.Replicas != 0 || candidates.Count > 0 || PodStatusFacts.Controller(replicaSet.Metadata) is not { Kind: "Deployment" } owner) return;
        Services.Region.Tell(new ToEntity(new ResourceKey("deployments.apps", Key.Namespace, owner.Name), Wake.Up), Self);
    }

    private static ResourceKey KeyOf(Pod pod) => new("pods", pod.Metadata.Namespace, pod.Metadata.Name);
}
