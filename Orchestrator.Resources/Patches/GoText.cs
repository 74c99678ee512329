using System.Text;
using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Patches;

/// <summary>JSON as Go prints a decoded document (<c>%+v</c>): <c>map[spec:map[replicas:x]]</c>, keys sorted, which is how upstream shows a patch that it refuses.</summary>
internal static class GoText
{
    internal static string Of(JsonNode? node)
    {
        var text = new StringBuilder();
        Append(text, node);
        return text.ToString();
    }

    private static void Append(StringBuilder text, JsonNode? node)
    {
        switch (node)
        {
            case null:
                text.Append("<nil>");
                break;
            case JsonObject obj:
                text.Append("map[");
                var first = true;
                foreach (var (key, value) in obj.OrderBy(p => p.Key, StringComparer.Ordinal))
                {
                    text.Append(first ? "" : " ").Append(key).Append(':');
                    Append(text, value);
                    first = false;
                }
                text.Append(']');
                break;
            case JsonArray list:
                text.Append('[');
                for (var i = 0; i < list.Count; i++)
                {
                    if (i > 0) text.Append(' ');
                    Append(text, list[i]);
                }
                text.Append(']');
                break;
            default:
                text.Append(node is JsonValue scalar && scalar.TryGetValue<string>(out var plain) ? plain : node.ToJsonString());
                break;
        }
    }
}
