using System.Text.Json.Nodes;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.Nodes;

/// <summary>
/// The taints that follow from a node's state, as upstream's node lifecycle controller sets them: unschedulable, not ready, unreachable,
/// and the pressure conditions. Other taints are left alone.
/// </summary>
public static class NodeTaints
{
    private const string Prefix = "node.kubernetes.io/";

    /// <summary>Brings <c>spec.taints</c> in line with the node's spec and conditions, in place. Returns whether anything changed.</summary>
    public static bool Apply(JsonObject node, DateTimeOffset now)
    {
        if (node["spec"] is not JsonObject spec) node["spec"] = spec = [];
        var wanted = Wanted(node).ToList();
        var taints = spec["taints"] as JsonArray ?? [];
        var kept = new JsonArray();
        var changed = false;
        foreach (var taint in taints.OfType<JsonObject>())
        {
            var (key, effect) = ((string?)taint["key"] ?? "", (string?)taint["effect"] ?? "");
            if (IsOurs(key) && !wanted.Remove((key, effect))) changed = true;
            else kept.Add(taint.DeepClone());
        }
        foreach (var (key, effect) in wanted)
        {
            var taint = new JsonObject { ["key"] = key, ["effect"] = effect };
            if (effect == "NoExecute") taint["timeAdded"] = ObjectMeta.Timestamp(now);
            kept.Add(taint);
            changed = true;
        }
        if (!changed) return false;
        if (kept.Count == 0) spec.Remove("taints");
        else spec["taints"] = kept;
        return true;
    }

    private static IEnumerable<(string Key, string Effect)> Wanted(JsonObject node)
    {
        if ((bool?)node["spec"]?["unschedulable"] == true) yield return (Prefix + "unschedulable", "NoSchedule");
        var ready = Condition(node, "Ready");
        // A node that has never reported is not ready either.
        var key = ready switch { "True" => null, "Unknown" => "unreachable", _ => "not-ready" };
        if (key is not null)
        {
            yield return (Prefix + key, "NoSchedule");
            yield return (Prefix + key, "NoExecute");
        }
        foreach (var (condition, taint) in (IEnumerable<(string, string)>)[("MemoryPressure", "memory-pressure"), ("DiskPressure", "disk-pressure"), ("PIDPressure", "pid-pressure"), ("NetworkUnavailable", "network-unavailable")])
            if (Condition(node, condition) == "True") yield return (Prefix + taint, "NoSchedule");
    }

    private static string? Condition(JsonObject node, string type) =>
        (string?)(node["status"]?["conditions"] as JsonArray ?? []).FirstOrDefault(c => (string?)c?["type"] == type)?["status"];

    private static bool IsOurs(string key) => key is Prefix + "unschedulable" or Prefix + "not-ready" or Prefix + "unreachable" or Prefix + "memory-pressure"
        or Prefix + "disk-pressure" or Prefix + "pid-pressure" or Prefix + "network-unavailable";
}
