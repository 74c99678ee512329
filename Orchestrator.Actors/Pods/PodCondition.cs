using System.Text.Json.Nodes;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.Pods;

/// <summary>Sets one of a pod's conditions on its JSON.</summary>
public static class PodCondition
{
    /// <summary>Adds or replaces the condition; its transition time changes only with its status. Returns whether anything differs.</summary>
    public static bool Set(JsonObject pod, string type, string status, string? reason, string? message, DateTimeOffset now)
    {
        if (pod["status"] is not JsonObject podStatus) pod["status"] = podStatus = [];
        if (podStatus["conditions"] is not JsonArray conditions) podStatus["conditions"] = conditions = [];
        var old = conditions.FirstOrDefault(c => (string?)c?["type"] == type) as JsonObject;
        if (old is not null && (string?)old["status"] == status && (string?)old["reason"] == reason && (string?)old["message"] == message) return false;
        var condition = new JsonObject { ["type"] = type, ["status"] = status, ["lastProbeTime"] = null };
        condition["lastTransitionTime"] = old is not null && (string?)old["status"] == status
            ? old["lastTransitionTime"]?.DeepClone()
            : ObjectMeta.Timestamp(now);
        if (reason is not null) condition["reason"] = reason;
        if (message is not null) condition["message"] = message;
        if (old is null) conditions.Add(condition);
        else conditions[conditions.IndexOf(old)] = condition;
        return true;
    }
}
