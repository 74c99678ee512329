using System.Globalization;
using static Orchestrator.Resources.Cel.CelType;

namespace Orchestrator.Resources.Cel;

/// <summary>Durations and timestamps.</summary>
internal static class CelTimeLibrary
{
    internal static void AddTo(CelFunctions all)
    {
        Part(all, "getFullYear", t => t.Year);
        Part(all, "getMonth", t => t.Month - 1);
        Part(all, "getDate", t => t.Day);
        Part(all, "getDayOfMonth", t => t.Day - 1);
        Part(all, "getDayOfWeek", t => (int)t.DayOfWeek);
        Part(all, "getDayOfYear", t => t.DayOfYear - 1);
        Part(all, "getHours", t => t.Hour);
        Part(all, "getMinutes", t => t.Minute);
        Part(all, "getSeconds", t => t.Second);
        Part(all, "getMilliseconds", t => t.Millisecond);
        all.Add(".getHours", [Duration], Int, a => (long)((TimeSpan)a[0]!).TotalHours);
        all.Add(".getMinutes", [Duration], Int, a => (long)((TimeSpan)a[0]!).TotalMinutes);
        all.Add(".getSeconds", [Duration], Int, a => (long)((TimeSpan)a[0]!).TotalSeconds);
        all.Add(".getMilliseconds", [Duration], Int, a => (long)((TimeSpan)a[0]!).Milliseconds);
    }

    /// <summary>Go's durations: <c>1h2m3.5s</c>; null for anything else.</summary>
    internal static TimeSpan? ParseDuration(string text)
    {
        var rest = text.AsSpan();
        var negative = rest.Length > 0 && rest[0] == '-';
        if (rest.Length > 0 && rest[0] is '+' or '-') rest = rest[1..];
        if (rest is "0") return TimeSpan.Zero;
        if (rest.IsEmpty) return null;
        var ticks = 0m;
        while (!rest.IsEmpty)
        {
            var end = rest.IndexOfAnyExcept("0123456789.");
            if (end <= 0 || !decimal.TryParse(rest[..end], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)) return null;
            rest = rest[end..];
            var length = rest.IndexOfAny("0123456789.") is >= 0 and var next ? next : rest.Length;
            decimal? unit = rest[..length] switch
            {
                "ns" => 0.01m,
                "us" or "µs" or "μs" => TimeSpan.TicksPerMicrosecond,
                "ms" => TimeSpan.TicksPerMillisecond,
                "s" => TimeSpan.TicksPerSecond,
                "m" => TimeSpan.TicksPerMinute,
                "h" => TimeSpan.TicksPerHour,
                _ => null,
            };
            if (unit is not { } each || number > 1e10m) return null;
            ticks += number * each;
            rest = rest[length..];
        }
        return ticks > long.MaxValue ? null : TimeSpan.FromTicks((long)(negative ? -ticks : ticks));
    }

    /// <summary>RFC 3339 with or without a time; null for anything else.</summary>
    internal static DateTimeOffset? ParseTimestamp(string text)
    {
        ReadOnlySpan<string> forms = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd"];
        foreach (var form in forms)
            if (DateTimeOffset.TryParseExact(text, form, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)) return time;
        return null;
    }

    private static void Part(CelFunctions all, string name, Func<DateTimeOffset, int> part)
    {
        all.Add($".{name}", [Timestamp], Int, a => (long)part((DateTimeOffset)a[0]!));
        all.Add($".{name}", [Timestamp, CelType.String], Int, a => (long)part(In((DateTimeOffset)a[0]!, (string)a[1]!)));
    }

    private static DateTimeOffset In(DateTimeOffset time, string zone)
    {
        if (zone.Length > 0 && zone[0] is '+' or '-' or (>= '0' and <= '9')
            && TimeSpan.TryParseExact(zone.TrimStart('+', '-'), @"hh\:mm", CultureInfo.InvariantCulture, out var offset)) return time.ToOffset(zone[0] == '-' ? -offset : offset);
        return TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found) ? TimeZoneInfo.ConvertTime(time, found) : throw new CelEvaluationException($"unknown time zone {zone}");
    }
}
