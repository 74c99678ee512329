using System.Globalization;
using System.Text.Json.Nodes;
using Orchestrator.Actors.Resources;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Apps.V1;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.Workloads;

/// <summary>A Deployment's control loop around <see cref="RolloutPlan"/>.</summary>
public sealed class DeploymentActor : WorkloadActor
{
    private ResourceKey? _creating;
    private string? _justCreated;

    /// <param name="key">The Deployment.</param>
    /// <param name="services">Shared services.</param>
    public DeploymentActor(ResourceKey key, ControlPlaneServices services) : base(key, services, "deployment-controller", "replicasets.apps") { }

    /// <inheritdoc/>
    protected override void Reconcile()
    {
        var deployment = Current!.Read<Deployment>();
        var selector = Selector(deployment.Metadata.Generation, deployment.Spec.Selector);
        var replicaSets = Candidates(selector).ConvertAll(e => e.Read<ReplicaSet>());
        var decision = RolloutPlan.Next(deployment, replicaSets, labels => selector.Matches(labels), LivePods, _justCreated, Now);
        _justCreated = null;
        Store(decision);
        var wait = Retry.Remaining(Now);
        if (wait is null) foreach (var action in decision.Actions) Do(action);
        LookAgain(wait, decision.LookAgainAfter);
    }

    /// <inheritdoc/>
    protected override void OnWritten(ResourceWritten written)
    {
        base.OnWritten(written);
        Retry.Succeed();
        if (written.Key != _creating) return;
        _creating = null;
        _justCreated = written.Key.Name;
    }

    /// <inheritdoc/>
    protected override void OnFailed(ResourceRefused refused)
    {
        if (refused.Key != _creating || Current is null) return;
        _creating = null;
        if (IsNamespaceTerminating(refused)) return;
        var deployment = Current.Read<Deployment>();
        if (refused.Status.Reason == "AlreadyExists")
        {
            ResolveCollision(deployment, refused.Key);
            return;
        }
        var message = $"Failed to create new replica set \"{refused.Key.Name}\": {refused.Status.Message}";
        Record("Warning", "ReplicaSetCreateError", message);
        WriteStatus(TypedJson.ToNode(RolloutPlan.CreateFailed(deployment, message, Now)));
    }

    /// <summary>The name is taken by a ReplicaSet with another template: the collision count makes another hash.</summary>
    private void ResolveCollision(Deployment deployment, ResourceKey taken)
    {
        if (Cache.Get(taken) is not { } entry) return;
        var ours = entry.Header.ControllerOwner?.Uid == Current!.Uid && PodTemplateHash.Equal(entry.Read<ReplicaSet>().Spec.Template, deployment.Spec.Template);
        if (ours) return;
        var status = TypedJson.Clone(deployment.Status);
        status.CollisionCount = (status.CollisionCount ?? 0) + 1;
        WriteStatus(TypedJson.ToNode(status));
    }

    /// <summary>Status and revision are one write: they belong to one observation.</summary>
    private void Store(RolloutDecision decision)
    {
        var status = TypedJson.ToNode(decision.Status);
        if (decision.Actions.OfType<RolloutAction.SetRevision>().FirstOrDefault() is not { } set)
        {
            WriteStatus(status);
            return;
        }
        var changed = CurrentObject();
        var metadata = ObjectMeta.Of(changed);
        if (metadata["annotations"] is not JsonObject annotations) metadata["annotations"] = annotations = [];
        annotations[RolloutAnnotations.Revision] = set.Revision;
        changed["status"] = status;
        WriteSelf(changed);
    }

    private void Do(RolloutAction action)
    {
        switch (action)
        {
            case RolloutAction.Create create:
                Create(create.ReplicaSet);
                break;
            case RolloutAction.Update update:
                Update(update);
                break;
            case RolloutAction.Delete delete:
                SendDelete(Dependents, KeyOf(delete.ReplicaSet), delete.ReplicaSet.Metadata.UID);
                break;
            case RolloutAction.Adopt adopt:
                SendClaim(KeyOf(adopt.ReplicaSet), ControllerPatches.Adopt(RolloutPlan.ControllerOf(Current!.Read<Deployment>()), adopt.ReplicaSet.Metadata.UID));
                break;
            case RolloutAction.Release release:
                SendClaim(KeyOf(release.ReplicaSet), ControllerPatches.Release(RolloutPlan.ControllerOf(Current!.Read<Deployment>()), release.ReplicaSet.Metadata.UID));
                break;
        }
    }

    private void Create(ReplicaSet replicaSet)
    {
        var key = KeyOf(replicaSet);
        _creating = key;
        if (replicaSet.Spec.Replicas > 0) AnnounceScale(key, 0, replicaSet.Spec.Replicas.Value);
        SendCreate(Dependents, Key.Namespace, TypedJson.ToNode(replicaSet));
    }

    private void Update(RolloutAction.Update update)
    {
        var key = KeyOf(update.ReplicaSet);
        var metadata = new JsonObject { ["uid"] = update.ReplicaSet.Metadata.UID };
        if (update.Annotations.Count > 0) metadata["annotations"] = new JsonObject(update.Annotations.Select(a => KeyValuePair.Create(a.Key, (JsonNode?)JsonValue.Create(a.Value))));
        var patch = new JsonObject { ["metadata"] = metadata };
        var spec = new JsonObject();
        if (update.From != update.To) spec["replicas"] = update.To;
        if (update.MinReadySeconds is { } seconds) spec["minReadySeconds"] = seconds;
        if (spec.Count > 0) patch["spec"] = spec;
        if (update.From != update.To) AnnounceScale(key, update.From, update.To);
        SendPatch(Dependents, key, patch);
    }

    private void AnnounceScale(ResourceKey replicaSet, int from, int to) =>
        Announce(replicaSet, "ScalingReplicaSet", string.Create(CultureInfo.InvariantCulture, $"Scaled {(to > from ? "up" : "down")} replica set {replicaSet.Name} from {from} to {to}"));

    private int LivePods(string replicaSetUid) =>
        Cache.OwnedBy(replicaSetUid).Count(e => e.Key.Resource == "pods" && e.Header.Phase is not ("Succeeded" or "Failed"));

    private static ResourceKey KeyOf(ReplicaSet replicaSet) => new("replicasets.apps", replicaSet.Metadata.Namespace, replicaSet.Metadata.Name);
}
