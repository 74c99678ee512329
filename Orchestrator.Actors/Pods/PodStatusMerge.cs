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

    /// <summary>The status to store: <paramref name="reported"/> itself, completed from <paramref name="stored"/>, which is not changed.</summary>
    public static JsonObject Merge(JsonObject? stored, JsonObject reported)
    {
        if (stored is null) return reported;
        if (stored["nominatedNodeName"] is { } nominated && reported["nominatedNodeName"] is null) reported["nominatedNodeName"] = nominated.DeepClone();
        var conditions = reported["conditions"] as JsonArray;
        var seen = new HashSet<string>();
        foreach (var condition in conditions ?? [])
        {
            if (condition is null) continue;
            seen.Add((string?)condition["type"] ?? "");
            KeepTransition(condition.AsObject(), stored);
        }
        foreach (var condition in stored["conditions"] as JsonArray ?? [])
        {
            var type = (string?)condition?["type"] ?? "";
            if (condition is null || AgentConditions.Contains(type) || !seen.Add(type)) continue;
            if (conditions is null) reported["conditions"] = conditions = [];
            conditions.Add(condition.DeepClone());
        }
        return reported;
    }

    /// <summary>Conditions whose status is what is stored keep their transition time, in place.</summary>
    public static void KeepTransitions(JsonObject status, JsonObject? stored)
    {
        if (stored is null) return;
        foreach (var condition in (status["conditions"] as JsonArray ?? []).OfType<JsonObject>()) KeepTransition(condition, stored);
    }

    /// <summary>A condition whose status is what it was keeps its transition time.</summary>
    private static void KeepTransition(JsonObject condition, JsonObject stored)
    {
        foreach (var old in stored["conditions"] as JsonArray ?? [])
            if ((string?)old?["type"] == (string?)condition["type"] && (string?)old?["status"] == (string?)condition["status"] && old?["lastTransitionTime"] is { } at)
                condition["lastTransitionTime"] = at.DeepClone();
    }
}
