using System.Text;
using System.Text.Json;

namespace Orchestrator.Api.Streaming;

/// <summary>What the error channel of exec and attach carries in the end.</summary>
internal static class ClosingStatus
{
    /// <summary>The Status itself from version 4 of the protocols on; before it a failure's message, or nothing for success.</summary>
    public static ReadOnlyMemory<byte> Message(ReadOnlyMemory<byte> status, bool whole)
    {
        if (whole) return status;
        using var json = JsonDocument.Parse(status);
        var failed = json.RootElement.TryGetProperty("status", out var outcome) && outcome.GetString() != "Success";
        return failed && json.RootElement.TryGetProperty("message", out var message) ? Encoding.UTF8.GetBytes(message.GetString() ?? "") : default;
    }
}
