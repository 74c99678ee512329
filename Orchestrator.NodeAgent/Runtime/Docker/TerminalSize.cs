using System.Text.Json;

namespace Orchestrator.NodeAgent.Runtime.Docker;

/// <summary>A resize frame's content: <c>{"Width":80,"Height":24}</c>.</summary>
internal readonly record struct TerminalSize(int Width, int Height)
{
    /// <summary>Null for bytes that are not a size; a client's nonsense must not end its session.</summary>
    public static TerminalSize? Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement is { ValueKind: JsonValueKind.Object } size
                && size.TryGetProperty("Width", out var width) && width.ValueKind == JsonValueKind.Number && width.TryGetInt32(out var w)
                && size.TryGetProperty("Height", out var height) && height.ValueKind == JsonValueKind.Number && height.TryGetInt32(out var h)
                && w > 0 && h > 0
                ? new TerminalSize(w, h)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
