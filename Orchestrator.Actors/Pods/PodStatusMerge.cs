using System.Text.Json.Nodes;

namespace Orchestrator.Actors.Pods;

/// <summary>
/// Joins a status reported by a node's agent with the stored one: the agent owns everything except what others write there
/// (conditions of the scheduler and of readiness-gate owners, the nominated node).
/// </summary>
public static class PodStatusMerge
{
    private static readonly HashSet<string> AgentConditions =
        ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady"];

    /// <summary>The status to store; neither argument is changed.</summary>
    public static JsonObject Merge(JsonObject? stored, JsonObject reported)
    {
        var merged = reported.DeepClone().AsObject();
        if (stored is null) return merged;
        if (stored["nominatedNodeName"] is { } nominated && merged["nominatedNodeName"] is null) merged["nominatedNodeName"] = nominated.DeepClone();
        var conditions = new JsonArray();
        var seen = new HashSet<string>();
        foreach (var condition in reported["conditions"] as JsonArray ?? [])
        {
            if (condition is null) continue;
            seen.Add((string?)condition["type"] ?? "");
            conditions.Add(KeepTransition(condition.DeepClone().AsObject(), stored));
        }
        foreach (var condition in stored["conditions"] as JsonArray ?? [])
        {
            var type = (string?)condition?["type"] ?? "";
            if (condition is not null && !AgentConditions.Contains(type) && seen.Add(type)) conditions.Add(condition.DeepClone());
        }
        if (conditions.Count > 0) merged["conditions"] = conditions;
        return merged;
    }

    /// <summary>Conditions whose status is what is stored keep their transition time, in place.</summary>
    public static void KeepTransitions(JsonObject status, JsonObject? stored)
    {
        if (stored is null) return;
        foreach (var condition in (status["conditions"] as JsonArray ?? []).OfType<JsonObject>()) KeepTransition(condition, stored);
    }

    /// <summary>A condition whose status is what it was keeps its transition time.</summary>
    private static JsonObject KeepTransition(JsonObject condition, JsonObject stored)
    {
        foreach (var old in stored["conditions"] as JsonArray ?? [])
            if ((string?)old?["type"] == (string?)condition["type"] && (string?)old?["status"] == (string?)condition["status"] && old?["lastTransitionTime"] is { } at)
                condition["lastTransitionTime"] = at.DeepClone();
        return condition;
    }
}
