using System.Globalization;
using Microsoft.Extensions.Primitives;
using Orchestrator.NodeAgent.Runtime;

namespace Orchestrator.NodeAgent.Server;

/// <summary>The query of <c>/containerLogs</c>: v1 PodLogOptions, and <c>tail</c> for <c>tailLines</c>.</summary>
internal sealed record LogQuery(LogOptions Options, bool Previous)
{
    /// <summary>Reads it, or says what is answered instead: 400 for what cannot be read, 422 for what makes no sense. Pure.</summary>
    public static (LogQuery? Query, KubeletPage? Refusal) Parse(IReadOnlyDictionary<string, StringValues> query, DateTimeOffset now)
    {
        var tailText = Text(query, "tail") is { Length: > 0 } tail ? (tail == "all" ? "" : tail) : Text(query, "tailLines");
        var timeText = Text(query, "sinceTime") is var text && text == "null" ? "" : text;
        DateTimeOffset time = default;
        if (!TryNumber(tailText, out var lines) || !TryNumber(Text(query, "limitBytes"), out var bytes) || !TryNumber(Text(query, "sinceSeconds"), out var seconds)
            || (timeText.Length > 0 && !DateTimeOffset.TryParse(timeText, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time)))
            return (null, KubeletPage.Refusal(400, """{"message": "Unable to decode query."}"""));
        if (lines < 0 || bytes < 1 || seconds < 1 || (seconds is not null && timeText.Length > 0))
            return (null, KubeletPage.Refusal(422, """{"message": "Invalid request."}"""));
        DateTimeOffset? since = seconds is { } ago ? now - TimeSpan.FromSeconds(ago) : timeText.Length > 0 ? time : null;
        return (new LogQuery(new LogOptions(QueryFlags.Holds(query, "follow"), QueryFlags.Holds(query, "timestamps"), since, lines, bytes), QueryFlags.Holds(query, "previous")), null);
    }

    private static string Text(IReadOnlyDictionary<string, StringValues> query, string name) => query.TryGetValue(name, out var values) && values.Count > 0 ? values[0] ?? "" : "";

    private static bool TryNumber(string text, out long? number)
    {
        number = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : null;
        return text.Length == 0 || number is not null;
    }
}
