using System.Globalization;
using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Events;
using Orchestrator.Actors.Pods;
using Orchestrator.Actors.Resources;
using Orchestrator.Actors.Services;
using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Workloads;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.Nodes;

/// <summary>
/// A node's actor: registers the node, takes the agent's status and heartbeats, and is the node lifecycle loop. A heartbeat is kept in memory only;
/// its absence for the monitor grace turns the agent's conditions to Unknown.
/// </summary>
/// <remarks>
/// <code>
///   Ready ── agent says not ready ──► NotReady        (taint not-ready)
///     │  └── no heartbeat for the grace ──► Unknown   (taint unreachable) ── heartbeat and status ──► Ready
///   neither ready: its pods are not either (NodeReadiness)
/// </code>
/// </remarks>
public sealed class NodeActor : ControlLoopActor
{
    /// <summary>Even an unchanged status is stored this often, so that its heartbeat times are not ancient (as the kubelet does).</summary>
    private static readonly TimeSpan StatusRefresh = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan AllocatorDeadline = TimeSpan.FromSeconds(10);

    private DateTimeOffset _lastHeartbeat;
    private DateTimeOffset _checkDue;

    /// <param name="key">The node.</param>
    /// <param name="services">Shared services.</param>
    public NodeActor(ResourceKey key, ControlPlaneServices services) : base(key, services, "node-controller")
    {
        // After a start or a move the agent gets the whole grace to be heard of.
        _lastHeartbeat = services.Time.GetUtcNow();
        Command<RegisterNode>(OnRegister);
        Command<SubnetReady>(OnSubnet);
        Command<ReportNodeStatus>(OnStatus);
        Command<AgentHeartbeat>(_ => OnHeartbeat());
        Command<CheckHeartbeat>(_ => OnCheck());
    }

    /// <inheritdoc/>
    /// <remarks>The monitor of its heartbeats needs a node's actor in memory.</remarks>
    protected override bool MayPassivate => Current is null && base.MayPassivate;

    /// <inheritdoc/>
    protected override void Reconcile()
    {
        var node = CurrentObject();
        if (NodeTaints.Apply(node, Services.Time.GetUtcNow()) | NodeStatusMerge.AllocateExtended(node["status"] as JsonObject))
        {
            WriteSelf(node);
            return;
        }
        // A look for another reason does not put the next one off.
        if (!Timers.IsTimerActive(nameof(CheckHeartbeat))) CheckAfter(Services.Options.NodeMonitorGrace);
        MarkPodsNotReady();
        EvictPods();
    }

    /// <summary>Nobody answers for the pods of a node that is not ready: Services send them nothing more, and what owns them counts them as unavailable, before they are evicted.</summary>
    private void MarkPodsNotReady()
    {
        if (NodeReadiness.Allows(Cache, Key.Name)) return;
        foreach (var entry in Cache.OnNode(Key.Name))
            if (entry.Header.Ready) Services.Region.Tell(new ToEntity(entry.Key, new MarkPodNotReady(entry.Uid)), Self);
    }

    /// <summary>Deletes the pods that have been on a node with NoExecute taints for as long as they tolerate it; what owns them makes others elsewhere.</summary>
    private void EvictPods()
    {
        if (!HasNoExecuteTaint(Current!)) return;
        var taints = Current!.Read<Node>().Spec?.Taints ?? [];
        var now = Services.Time.GetUtcNow();
        DateTimeOffset? next = null;
        foreach (var entry in Cache.OnNode(Key.Name))
        {
            if (entry.Header.Deleting) continue;
            var pod = entry.Glance<Pod>();
            if (TaintEviction.DueAt(taints, pod.Spec?.Tolerations ?? [], pod.Metadata.CreationTimestamp ?? now, now) is not { } due) continue;
            if (due > now)
            {
                if (next is null || due < next) next = due;
                continue;
            }
            Services.Events.Tell(RecordEvent.About(entry, "Normal", "TaintManagerEviction", $"Marking for deletion Pod {entry.Namespace}/{entry.Name}", "taint-eviction-controller"), Self);
            Services.Region.Tell(new ToEntity(entry.Key, new SetPodCondition(entry.Uid, "DisruptionTarget", "True", "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", null)), Self);
            SendDelete(entry.Kind, entry.Key, entry.Uid, null);
        }
        if (next is { } time) ReconcileAfter(time - now);
    }

    /// <summary>Whether pods may have to leave a node; cheap enough to be asked for every change of a pod.</summary>
    internal static bool HasNoExecuteTaint(ResourceEntry node) => node.Json.Span.IndexOf("\"NoExecute\""u8) >= 0;

    private void OnRegister(RegisterNode request)
    {
        var agent = Sender;
        if (Current is not null && IsAlive && IsOther(request))
        {
            agent.Tell(new NodeNotRegistered($"node {Key.Name} is another machine, which is alive: choose another name, or stop that agent and wait until its node is not ready"), Self);
            return;
        }
        OnHeartbeat();
        if (Current is { } known && known.ToJsonObject()["spec"]?["podCIDR"] is not null)
        {
            Store(request, (string)known.ToJsonObject()["spec"]!["podCIDR"]!, agent);
            return;
        }
        Services.Addresses.Ask<object>(new AllocateNodeSubnet(Key), AllocatorDeadline)
            .PipeTo(Self, Self, answer => new SubnetReady(request, answer, agent), e => new SubnetReady(request, e, agent));
    }

    private bool IsAlive => Services.Time.GetUtcNow() - _lastHeartbeat < Services.Options.NodeMonitorGrace && NodeReadiness.IsReady(Current!.Read<Node>());

    /// <summary>Whether the agent runs on another machine than the one that is known; a machine that does not tell what it is is taken for the same.</summary>
    private bool IsOther(RegisterNode request)
    {
        var known = Current!.ToJsonObject()["status"]?["nodeInfo"];
        var now = JsonNode.Parse(request.NodeJson.Span)?["status"]?["nodeInfo"];
        return Differs("machineID") || Differs("systemUUID");

        bool Differs(string id) => (string?)known?[id] is { Length: > 0 } before && (string?)now?[id] is { Length: > 0 } after && before != after;
    }

    private void OnSubnet(SubnetReady ready)
    {
        if (ready.Answer is NodeSubnet subnet) Store(ready.Request, subnet.Cidr, ready.Agent);
        else ready.Agent.Tell(new NodeNotRegistered(ready.Answer is AddressesRefused refused ? refused.Errors.Causes[0].Message : "the address allocator did not answer"), Self);
    }

    private void Store(RegisterNode request, string cidr, IActorRef agent)
    {
        var reported = JsonNode.Parse(request.NodeJson.Span)!.AsObject();
        void Reply(ResourceReply reply) =>
            agent.Tell(reply switch
            {
                ResourceWritten written => new NodeRegistered(Key.Name, written.ResourceVersion),
                ResourceRefused refused => new NodeNotRegistered(refused.Status.Message),
                _ => new NodeNotRegistered($"unexpected answer {reply.GetType().Name}"),
            }, Self);
        try
        {
            if (Current is null) Create(reported, cidr, Reply);
            else Refresh(reported, cidr, Reply);
        }
        catch (StatusException refusal)
        {
            agent.Tell(new NodeNotRegistered(refusal.Message), Self);
        }
    }

    private void Create(JsonObject reported, string cidr, Action<ResourceReply> reply)
    {
        var status = reported["status"]?.DeepClone();
        var command = ResourceWriter.PrepareCreate(Services, Kind, "", reported, Writer);
        var node = command.Object;
        CreateRules.Stamp(node, Services.NewUid(), Services.Time.GetUtcNow());
        if (status is not null) node["status"] = status;
        SetCidr(node, cidr);
        NodeTaints.Apply(node, Services.Time.GetUtcNow());
        Commit(new WriteDecision.Put(node, Created: true) { Track = "" }, Writer, reply);
    }

    /// <summary>A known node reports in again: its own labels and status are refreshed, everything an administrator set stays.</summary>
    private void Refresh(JsonObject reported, string cidr, Action<ResourceReply> reply)
    {
        var node = CurrentObject();
        var labels = ObjectMeta.Of(node)["labels"] as JsonObject ?? [];
        foreach (var (label, value) in ObjectMeta.Of(reported)["labels"] as JsonObject ?? []) labels[label] = value?.DeepClone();
        ObjectMeta.Of(node)["labels"] = labels.Parent is null ? labels : labels.DeepClone();
        SetCidr(node, cidr);
        if (reported["status"] is JsonObject status) node["status"] = NodeStatusMerge.Merge(node["status"] as JsonObject, status);
        NodeTaints.Apply(node, Services.Time.GetUtcNow());
        Commit(new WriteDecision.Put(node, Created: false) { Track = "status" }, Writer, reply);
    }

    private static void SetCidr(JsonObject node, string cidr)
    {
        if (node["spec"] is not JsonObject spec) node["spec"] = spec = [];
        spec["podCIDR"] = cidr;
        spec["podCIDRs"] = new JsonArray(cidr);
    }

    private void OnStatus(ReportNodeStatus report)
    {
        OnHeartbeat();
        if (Current is null) return; // deleted: the agent registers again when it is told
        var node = CurrentObject();
        var old = node["status"] as JsonObject;
        var merged = NodeStatusMerge.Merge(old, JsonNode.Parse(report.StatusJson.Span)!.AsObject());
        if (!NodeStatusMerge.Differs(old, merged) && !RefreshDue(old)) return;
        node["status"] = merged;
        NodeTaints.Apply(node, Services.Time.GetUtcNow());
        Commit(new WriteDecision.Put(node, Created: false) { Track = "status" }, Writer, Nobody);
    }

    private bool RefreshDue(JsonObject? status)
    {
        var beat = (string?)(status?["conditions"] as JsonArray ?? []).FirstOrDefault(c => (string?)c?["type"] == "Ready")?["lastHeartbeatTime"];
        return !DateTimeOffset.TryParse(beat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) || Services.Time.GetUtcNow() - at >= StatusRefresh;
    }

    private void OnHeartbeat() => _lastHeartbeat = Services.Time.GetUtcNow();

    private void OnCheck()
    {
        if (Current is null) return;
        var (lost, next) = HeartbeatCheck.Judge(Services.Time.GetUtcNow(), _checkDue, _lastHeartbeat, Services.Options.NodeMonitorGrace);
        if (lost) MarkUnknown();
        CheckAfter(next);
    }

    private void CheckAfter(TimeSpan time)
    {
        _checkDue = Services.Time.GetUtcNow() + time;
        Timers.StartSingleTimer(nameof(CheckHeartbeat), CheckHeartbeat.Instance, time);
    }

    private void MarkUnknown()
    {
        var node = CurrentObject();
        var changed = false;
        foreach (var condition in (node["status"]?["conditions"] as JsonArray ?? []).OfType<JsonObject>())
        {
            if ((string?)condition["type"] is not ("Ready" or "MemoryPressure" or "DiskPressure" or "PIDPressure") || (string?)condition["status"] == "Unknown") continue;
            condition["status"] = "Unknown";
            condition["reason"] = "NodeStatusUnknown";
            condition["message"] = "The node's agent stopped reporting.";
            condition["lastTransitionTime"] = ObjectMeta.Timestamp(Services.Time.GetUtcNow());
            changed = true;
        }
        if (!changed) return;
        NodeTaints.Apply(node, Services.Time.GetUtcNow());
        Record("Normal", "NodeNotReady", $"Node {Key.Name} status is now: NodeNotReady");
        Commit(new WriteDecision.Put(node, Created: false) { Track = "status" }, Writer, Nobody);
    }

    private sealed record SubnetReady(RegisterNode Request, object Answer, IActorRef Agent);

    private sealed record CheckHeartbeat
    {
        public static CheckHeartbeat Instance { get; } = new();
    }
}
