using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Nodes;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.Pods;

/// <summary>
/// What a node's readiness means for its pods, as upstream's node lifecycle controller has it: on a node that is not ready, or not heard of, no pod is ready. The pod's condition keeps
/// the agent's reason and message; what becomes of the pod is the taints' affair.
/// </summary>
public static class NodeReadiness
{
    /// <summary>Whether the pods of a node may be ready: not while the node's own Ready is False or Unknown. A node that is not there is nobody's reason.</summary>
    public static bool Allows(ResourceCache cache, string node)
    {
        if (node.Length == 0 || cache.Get(new ResourceKey("nodes", "", node)) is not { } entry) return true;
        // A node that is not ready has these taints, and to read it for every report of a pod would cost.
        return !NodeActor.HasNoExecuteTaint(entry) || IsReady(entry.Read<Node>());
    }

    /// <summary>The node's own condition.</summary>
    public static bool IsReady(Node node) => (node.Status?.Conditions ?? []).Any(c => c is { Type: "Ready", Status: "True" });

    /// <summary>Turns a status that says Ready into one that does not, in place. Returns whether it did.</summary>
    public static bool Withdraw(JsonObject? podStatus, DateTimeOffset now)
    {
        var ready = (podStatus?["conditions"] as JsonArray ?? []).OfType<JsonObject>().FirstOrDefault(c => (string?)c["type"] == "Ready");
        if (ready is null || (string?)ready["status"] == "False") return false;
        ready["status"] = "False";
        ready["lastTransitionTime"] = ObjectMeta.Timestamp(now);
        return true;
    }
}
