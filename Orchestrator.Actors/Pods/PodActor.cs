using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Disruption;
using Orchestrator.Actors.Events;
using Orchestrator.Actors.Resources;
using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Schema;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Policy.V1;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.Pods;

/// <summary>A pod's actor: besides the general commands it takes bindings, evictions, and what the node's agent reports of it.</summary>
public sealed class PodActor : ResourceActor
{
    private static readonly WriteContext Agent = WriteContext.System("node-agent");
    private static readonly SchemaType PodSpecType = SchemaCatalog.Default.Find("io.k8s.api.core.v1.PodSpec");
    private static readonly WriteContext NodeController = WriteContext.System("node-controller");

    /// <param name="key">The pod.</param>
    /// <param name="services">Shared services.</param>
    public PodActor(ResourceKey key, ControlPlaneServices services) : base(key, services)
    {
        Command<BindPod>(c => Handle(c, OnBind));
        Command<EvictPod>(c => Handle(c, OnEvict));
        Command<DisruptionGranted>(g => Handle(g.Eviction, eviction => Evict(eviction, g.PodUid)));
        Command<SetPodCondition>(OnCondition);
        Command<MarkPodNotReady>(OnNodeNotReady);
        Command<ReportPodStatus>(OnReport);
        Command<ReportPodGone>(OnGone);
    }

    /// <inheritdoc/>
    /// <remarks>A pod that runs, or has ended, may not be heard of for days.</remarks>
    protected override bool LeavesAtOnce => Current?.Header.Phase is "Running" or "Succeeded" or "Failed";

    private void OnBind(BindPod command)
    {
        if (Current is null) throw ApiStatus.NotFound(Kind.GroupResource, Key.Name).AsException();
        var parts = StoredParts.Find(Current.Json.Span)!.Value;
        var name = Key.Name;
        var bound = Current.Header.NodeName;
        if (command.Uid.Length > 0 && command.Uid != Current.Uid)
            Refuse($"Precondition failed: UID in precondition: {command.Uid}, UID in object meta: {Current.Uid}");
        else if (Current.Header.Deleting) Refuse($"pod {name} is being deleted, cannot be assigned to a host");
        else if (bound.Length > 0) Refuse($"pod {name} is already assigned to node \"{bound}\"");
        else if (CanonicalStruct.Has(Current.Json.Span[parts.Spec], "schedulingGates")) Refuse($"pod {name} has non-empty .spec.schedulingGates");
        else
        {
            var sender = Sender;
            var spec = CanonicalStruct.WithText(Current.Json.Span[parts.Spec], PodSpecType, "nodeName", command.NodeName);
            var status = StatusWith(parts, status => PodCondition.Set(status, "PodScheduled", "True", null, null, Services.Time.GetUtcNow()), out _);
            CommitParts(spec, status, null, command.Context, answer => sender.Tell(answer, Self));
        }
    }

    /// <summary>A pod that a budget protects is deleted when the budget's actor has been charged; it passes the sender on, who is answered here or there.</summary>
    private void OnEvict(EvictPod command)
    {
        var pod = Existing();
        var uid = ObjectMeta.Get(pod, "uid");
        var typed = Current!.Read<Pod>();
        List<ResourceEntry> budgets = EvictionRules.NeedsNoBudget(typed) ? [] : [.. DisruptionBudgets.Of(Current, Cache)];
        if (budgets.Count == 0 || (command.PreconditionUid is { Length: > 0 } wanted && wanted != uid)) Evict(command, uid);
        else if (budgets.Count > 1) Refuse(Sender, EvictionRules.SeveralBudgets);
        else if (EvictionRules.GoesUncharged(typed, budgets[0].Read<PodDisruptionBudget>())) Evict(command, uid);
        else Services.Region.Tell(new ToEntity(budgets[0].Key, new AskDisruption(command, uid)), Sender);
    }

    private void Evict(EvictPod command, string uid)
    {
        var pod = Existing();
        // Another one of this name has come while the budget was asked.
        if (Current!.Uid != uid) throw ApiStatus.NotFound(Kind.GroupResource, Key.Name).AsException();
        PodCondition.Set(pod, "DisruptionTarget", "True", "EvictionByEvictionAPI", "Eviction API: evicting", Services.Time.GetUtcNow());
        var options = new DeleteRules.Options(command.GracePeriodSeconds, null, command.PreconditionUid, null);
        Commit(DeleteRules.Decide(Kind, pod, Current.ResourceVersion, options, Services.Time.GetUtcNow()), command.Context);
    }

    /// <summary>The scheduler's word on why a pod waits, or another component's condition.</summary>
    private void OnCondition(SetPodCondition command)
    {
        if (Current is null || Current.Uid != command.Uid || Current.Header.Deleting) return;
        var status = StatusWith(StoredParts.Find(Current.Json.Span)!.Value, pod =>
        {
            var changed = PodCondition.Set(pod, command.Type, command.Status, command.Reason, command.Message, Services.Time.GetUtcNow());
            if (command.NominatedNode is not { } nominated || ((string?)pod["status"]!["nominatedNodeName"] ?? "") == nominated) return changed;
            if (nominated.Length > 0) pod["status"]!["nominatedNodeName"] = nominated;
            else pod["status"]!.AsObject().Remove("nominatedNodeName");
            return true;
        }, out var differs);
        if (differs) CommitParts(null, status, "status", WriteContext.System("scheduler"), Nobody);
    }

    /// <summary>The status after a change that is made on the pod (of which only the status is there).</summary>
    private JsonObject StatusWith(StoredParts parts, Func<JsonObject, bool> change, out bool differs)
    {
        var pod = new JsonObject { ["status"] = parts.StatusOf(Current!.Json.Span) };
        differs = change(pod);
        var status = pod["status"]!.AsObject();
        pod.Remove("status");
        return status;
    }

    /// <summary>The word of an agent that is back may have come first: what counts is the node as it is now.</summary>
    private void OnNodeNotReady(MarkPodNotReady command)
    {
        if (Current is null || Current.Uid != command.Uid || NodeReadiness.Allows(Cache, Current.Header.NodeName)) return;
        var pod = CurrentObject();
        if (!NodeReadiness.Withdraw(pod["status"] as JsonObject, Services.Time.GetUtcNow())) return;
        Commit(new WriteDecision.Put(pod, Created: false) { Track = "status" }, NodeController, reply =>
        {
            if (reply is ResourceWritten && Current is { } now) Services.Events.Tell(RecordEvent.About(now, "Warning", "NodeNotReady", "Node is not ready", "node-controller"), Self);
        });
    }

    private void OnReport(ReportPodStatus report)
    {
        var agent = Sender;
        var accepted = new PodStatusAccepted(Key, report.Uid, report.Sequence);
        // A report about an earlier pod of this name is obsolete: saying so stops its repetition.
        if (Current is null || Current.Uid != report.Uid)
        {
            agent.Tell(accepted, Self);
            return;
        }
        var stored = StoredParts.Find(Current.Json.Span)!.Value.StatusOf(Current.Json.Span);
        var status = PodStatusMerge.Merge(stored, JsonNode.Parse(report.StatusJson.Span)!.AsObject());
        // An agent that is cut off from its node's actor, or whose node fails otherwise, goes on saying so until the node is ready.
        if (!NodeReadiness.Allows(Cache, Current.Header.NodeName) && NodeReadiness.Withdraw(status, Services.Time.GetUtcNow())) PodStatusMerge.KeepTransitions(status, stored);
        // What the journal did not take is not accepted: the agent says it again.
        CommitParts(null, status, "status", Agent, answer =>
        {
            if (answer is ResourceWritten) agent.Tell(accepted, Self);
        });
    }

    private void OnGone(ReportPodGone report)
    {
        if (Current is null || Current.Uid != report.Uid || !Current.Header.Deleting) return;
        var pod = CurrentObject();
        ObjectMeta.Of(pod)["deletionGracePeriodSeconds"] = 0L;
        Commit(DeleteRules.IsFinalized(Kind, pod) ? new WriteDecision.Remove(pod) : new WriteDecision.Put(pod, Created: false), Agent, Nobody);
    }

    private void Refuse(string why) => Refuse(Sender, ApiStatus.Conflict("pods/binding", Key.Name, why));
}
