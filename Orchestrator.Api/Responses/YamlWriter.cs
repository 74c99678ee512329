using System.Text;
using System.Text.Json;

namespace Orchestrator.Api.Responses;

/// <summary>Writes JSON as block-style YAML. Strings that YAML could read as something else are double-quoted, which JSON's escapes fit.</summary>
internal static class YamlWriter
{
    /// <summary>The YAML of a JSON document.</summary>
    public static ReadOnlyMemory<byte> FromJson(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        var text = new StringBuilder();
        Value(text, document.RootElement, 0, inSequence: false);
        return System.Text.Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Value(StringBuilder text, JsonElement value, int indent, bool inSequence)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object when value.EnumerateObject().Any():
                var first = true;
                foreach (var property in value.EnumerateObject())
                {
                    if (!(first && inSequence)) text.Append(' ', indent);
                    first = false;
                    text.Append(Scalar(property.Name)).Append(':');
                    Nested(text, property.Value, indent);
                }
                break;
            case JsonValueKind.Array when value.GetArrayLength() > 0:
                foreach (var item in value.EnumerateArray())
                {
                    text.Append(' ', indent).Append("- ");
                    if (item.ValueKind == JsonValueKind.Array && item.GetArrayLength() > 0) text.Append(Flow(item)).Append('\n');
                    else Value(text, item, indent + 2, inSequence: true);
                }
                break;
            default:
                text.Append(value.ValueKind == JsonValueKind.String ? Scalar(value.GetString()!) : Flow(value)).Append('\n');
                break;
        }
    }

    private static void Nested(StringBuilder text, JsonElement value, int indent)
    {
        var isBlock = value.ValueKind == JsonValueKind.Object ? value.EnumerateObject().Any() : value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0;
        text.Append(isBlock ? '\n' : ' ');
        // Sequences stand at their key's own indentation, as sigs.k8s.io/yaml writes them.
        Value(text, value, value.ValueKind == JsonValueKind.Array ? indent : indent + 2, inSequence: false);
    }

    private static string Flow(JsonElement value) => value.GetRawText();

    private static string Scalar(string value) => IsPlain(value) ? value : JsonSerializer.Serialize(value, RelaxedJson.Options);

    private static bool IsPlain(string value)
    {
        if (value.Length == 0 || !(char.IsAsciiLetter(value[0]) || value[0] is '/' or '_' or '.')) return false;
        foreach (var c in value)
            if (!(char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/')) return false;
        return value.ToLowerInvariant() is not ("true" or "false" or "null" or "yes" or "no" or "on" or "off" or "y" or "n" or ".inf" or ".nan") && !double.TryParse(value, System.Globalization.CultureInfo.InvariantCulture, out _);
    }
}
