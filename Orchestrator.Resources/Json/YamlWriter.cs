using System.Text;
using System.Text.Json;

namespace Orchestrator.Resources.Json;

/// <summary>
/// Writes JSON as the block-style YAML that sigs.k8s.io/yaml makes of it: keys in Go's natural order, sequences at their key's own indentation, strings as
/// <see cref="YamlText"/> says. Long lines are not folded.
/// </summary>
public static class YamlWriter
{
    private const int Step = 2;

    /// <summary>The YAML of a JSON document.</summary>
    public static ReadOnlyMemory<byte> FromJson(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = ObjectDecoder.MaxDepth + 1 });
        var text = new StringBuilder();
        if (IsBlock(document.RootElement)) Block(text, document.RootElement, 0, onLine: true);
        else Inline(text, document.RootElement, 0);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>A mapping or sequence that has entries; <paramref name="onLine"/> is whether the first one continues a line that is indented already.</summary>
    private static void Block(StringBuilder text, JsonElement value, int indent, bool onLine)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in value.EnumerateArray())
            {
                if (!onLine) text.Append(' ', indent);
                onLine = false;
                text.Append("- ");
                if (IsBlock(item)) Block(text, item, indent + Step, onLine: true);
                else Inline(text, item, indent);
            }
            return;
        }
        foreach (var (name, member) in value.EnumerateObject().Select(p => (p.Name, p.Value)).OrderBy(p => p.Name, NaturalOrder.Instance))
        {
            if (!onLine) text.Append(' ', indent);
            onLine = false;
            YamlText.AppendKey(text, name);
            text.Append(':');
            if (!IsBlock(member))
            {
                text.Append(' ');
                Inline(text, member, indent);
                continue;
            }
            text.Append('\n');
            Block(text, member, member.ValueKind == JsonValueKind.Array ? indent : indent + Step, onLine: false);
        }
    }

    private static void Inline(StringBuilder text, JsonElement value, int indent)
    {
        if (value.ValueKind == JsonValueKind.String) YamlText.Append(text, value.GetString()!, indent + Step);
        else text.Append(value.GetRawText());
        text.Append('\n');
    }

    private static bool IsBlock(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject().MoveNext(),
        JsonValueKind.Array => value.GetArrayLength() > 0,
        _ => false,
    };
}
