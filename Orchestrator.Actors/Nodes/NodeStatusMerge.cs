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
    /// Extended resources (<c>example.com/dongle</c>) are advertised by clients, as capacity; an agent does not know them. All of it may be used, and none where the capacity is gone: that is
    /// what a kubelet makes of it.
    /// </summary>
    private static void KeepExtended(JsonObject stored, JsonObject merged)
    {
        if (merged["capacity"] is not JsonObject capacity || merged["allocatable"] is not JsonObject allocatable) return;
        foreach (var (name, quantity) in stored["capacity"] as JsonObject ?? [])
        {
            if (!name.Contains('/') || capacity[name] is not null) continue;
            capacity[name] = quantity?.DeepClone();
            allocatable[name] = quantity?.DeepClone();
        }
    }

    private static JsonObject? WithoutHeartbeats(JsonObject? status)
    {
        var copy = status?.DeepClone().AsObject();
        foreach (var condition in (copy?["conditions"] as JsonArray ?? []).OfType<JsonObject>()) condition.Remove("lastHeartbeatTime");
        return copy;
    }

    private static JsonObject? Find(JsonObject status, string? type) =>
        (status["conditions"] as JsonArray ?? []).FirstOrDefault(c => (string?)c?["type"] == type) as JsonObject;
}
