using System.Globalization;

namespace Orchestrator.Resources.Json;

/// <summary>Times as Kubernetes writes and reads them.</summary>
public static class Rfc3339
{
    private static readonly string[] Layouts =
    [
        "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
    ];

    /// <summary>Reads RFC 3339 with a zone and any number of fraction digits (beyond seven are cut); null when the text is something else.</summary>
    public static DateTimeOffset? TryParse(string text)
    {
        var dot = text.IndexOf('.');
        if (dot > 0)
        {
            var end = dot + 1;
            while (end < text.Length && char.IsAsciiDigit(text[end])) end++;
            if (end == dot + 1) return null;
            if (end - dot > 8) text = text.Remove(dot + 8, end - dot - 8);
        }
        if (text.Length < 20 || !(text[^1] is 'Z' || text[^6] is '+' or '-')) return null;
        return DateTimeOffset.TryParseExact(text, Layouts, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? at : null;
    }

    /// <summary>metav1.Time: <c>2026-01-02T03:04:05Z</c>.</summary>
    public static string Seconds(DateTimeOffset at) => at.UtcDateTime.ToString(SecondsLayout, CultureInfo.InvariantCulture);

    /// <summary>metav1.MicroTime: <c>2026-01-02T03:04:05.678901Z</c>.</summary>
    public static string Microseconds(DateTimeOffset at) => at.UtcDateTime.ToString(MicrosecondsLayout, CultureInfo.InvariantCulture);

    internal const string SecondsLayout = "yyyy-MM-dd'T'HH:mm:ss'Z'";
    internal const string MicrosecondsLayout = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";
}
