using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Extensions;

/// <summary>Conditions in a status, one per type.</summary>
public static class Conditions
{
    /// <summary>Sets a condition; its transition time moves only where its status does.</summary>
    public static void Set(JsonObject status, string type, bool holds, string reason, string message, string now)
    {
        if (status["conditions"] is not JsonArray conditions) status["conditions"] = conditions = [];
        var condition = Find(conditions, type);
        if (condition is null) conditions.Add((JsonNode)(condition = new JsonObject { ["type"] = type }));
        var text = holds ? "True" : "False";
        if ((string?)condition["status"] != text)
        {
            condition["status"] = text;
            condition["lastTransitionTime"] = now;
        }
        condition["reason"] = reason;
        condition["message"] = message;
    }

    /// <summary>Whether a condition is <c>True</c>.</summary>
    public static bool Is(JsonObject status, string type) => status["conditions"] is JsonArray conditions && (string?)Find(conditions, type)?["status"] == "True";

    private static JsonObject? Find(JsonArray conditions, string type) => conditions.OfType<JsonObject>().FirstOrDefault(c => (string?)c["type"] == type);
}
