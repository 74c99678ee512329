using System.Text.Json.Nodes;

namespace Orchestrator.Actors.Nodes;

/// <summary>Joins a status reported by an agent with the stored one, and tells whether the difference is worth a row.</summary>
public static class NodeStatusMerge
{
    private static readonly HashSet<string> AgentConditions = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

    /// <summary>The status to store: the report, with the conditions and extended resources others have put there, and unchanged conditions' transition times.</summary>
    public static JsonObject Merge(JsonObject? stored, JsonObject reported)
    {
        var merged = reported.DeepClone().AsObject();
        if (stored is null) return merged;
        var conditions = new JsonArray();
        foreach (var condition in (reported["conditions"] as JsonArray ?? []).OfType<JsonObject>())
        {
            var copy = condition.DeepClone().AsObject();
            var old = Find(stored, (string?)condition["type"]);
            if (old is not null && (string?)old["status"] == (string?)condition["status"] && old["lastTransitionTime"] is { } at)
                copy["lastTransitionTime"] = at.DeepClone();
            conditions.Add(copy);
        }
        foreach (var condition in (stored["conditions"] as JsonArray ?? []).OfType<JsonObject>())
            if (!AgentConditions.Contains((string?)condition["type"] ?? "") && Find(merged, (string?)condition["type"]) is null) conditions.Add(condition.DeepClone());
        merged["conditions"] = conditions;
        KeepExtended(stored, merged);
        return merged;
    }

    /// <summary>Whether two statuses differ in more than the heartbeat times of their conditions.</summary>
    public static bool Differs(JsonObject? a, JsonObject? b) => !JsonNode.DeepEquals(WithoutHeartbeats(a), WithoutHeartbeats(b));

    /// <summary>
    /// Makes extended resources (<c>example.com/dongle</c>), which clients advertise as capacity, allocatable in full, and those that are no capacity any more not at all: what a kubelet
    /// makes of them. In place; returns whether anything changed.
    /// </summary>
    public static bool AllocateExtended(JsonObject? status)
    {
        if (status?["capacity"] is not JsonObject capacity || status["allocatable"] is not JsonObject allocatable) return false;
        var changed = false;
        foreach (var (name, quantity) in capacity)
        {
            if (!IsExtended(name) || JsonNode.DeepEquals(allocatable[name], quantity)) continue;
            allocatable[name] = quantity?.DeepClone();
            changed = true;
        }
        foreach (var name in allocatable.Select(a => a.Key).Where(name => IsExtended(name) && capacity[name] is null).ToList()) changed |= allocatable.Remove(name);
        return changed;
    }

    /// <summary>An agent does not know the extended resources that clients gave its node.</summary>
    private static void KeepExtended(JsonObject stored, JsonObject merged)
    {
        if (merged["capacity"] is not JsonObject capacity) return;
        foreach (var (name, quantity) in stored["capacity"] as JsonObject ?? [])
            if (IsExtended(name) && capacity[name] is null) capacity[name] = quantity?.DeepClone();
        AllocateExtended(merged);
    }

    private static bool IsExtended(string resource) => resource.Contains('/');

    private static JsonObject? WithoutHeartbeats(JsonObject? status)
    {
        var copy = status?.DeepClone().AsObject();
        foreach (var condition in (copy?["conditions"] as JsonArray ?? []).OfType<JsonObject>()) condition.Remove("lastHeartbeatTime");
        return copy;
    }

    private static JsonObject? Find(JsonObject status, string? type) =>
        (status["conditions"] as JsonArray ?? []).FirstOrDefault(c => (string?)c?["type"] == type) as JsonObject;
}
