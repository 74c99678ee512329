using System.Globalization;

namespace Orchestrator.Engine.Configuration;

/// <summary>Durations and sizes as HOCON writes them: a number and a unit, with or without a space between.</summary>
public static class HoconUnits
{
    /// <summary>Nanoseconds each. A number without a unit counts milliseconds.</summary>
    private static readonly Dictionary<string, decimal> Durations = Table(
        (1m, "ns nano nanos nanosecond nanoseconds"),
        (1_000m, "us micro micros microsecond microseconds"),
        (1_000_000m, "ms milli millis millisecond milliseconds"),
        (1_000_000_000m, "s second seconds"),
        (60_000_000_000m, "m minute minutes"),
        (3_600_000_000_000m, "h hour hours"),
        (86_400_000_000_000m, "d day days"));

    /// <summary>Bytes each. A number without a unit counts bytes.</summary>
    private static readonly Dictionary<string, decimal> Sizes = Table(
        (1m, "B b byte bytes"),
        (1_000m, "kB kilobyte kilobytes"),
        (1_000_000m, "MB megabyte megabytes"),
        (1_000_000_000m, "GB gigabyte gigabytes"),
        (1_000_000_000_000m, "TB terabyte terabytes"),
        (1L << 10, "K k Ki KiB kibibyte kibibytes"),
        (1L << 20, "M m Mi MiB mebibyte mebibytes"),
        (1L << 30, "G g Gi GiB gibibyte gibibytes"),
        (1L << 40, "T t Ti TiB tebibyte tebibytes"));

    /// <summary>A duration such as <c>10s</c>, <c>1.5 minutes</c>, <c>500</c> (milliseconds) or <c>infinite</c> (<see cref="Timeout.InfiniteTimeSpan"/>).</summary>
    public static bool TryParseDuration(string text, out TimeSpan duration)
    {
        duration = Timeout.InfiniteTimeSpan;
        if (text is "infinite" or "off") return true;
        if (!TryParse(text, Durations, 1_000_000m, out var nanoseconds)) return false;
        var ticks = Math.Round(nanoseconds / TimeSpan.NanosecondsPerTick);
        if (ticks > long.MaxValue) return false;
        duration = new TimeSpan((long)ticks);
        return true;
    }

    /// <summary>A size such as <c>128 KiB</c>, <c>3MiB</c>, <c>1 MB</c> or <c>512</c>, in bytes.</summary>
    public static bool TryParseSize(string text, out long bytes)
    {
        bytes = 0;
        if (!TryParse(text, Sizes, 1m, out var size) || size > long.MaxValue || size != Math.Truncate(size)) return false;
        bytes = (long)size;
        return true;
    }

    /// <summary>True where the text carries a unit of time, so that it can be nothing but a duration.</summary>
    internal static bool IsDuration(string text) => Unit(text) is { Length: > 0 } unit && Durations.ContainsKey(unit) && TryParseDuration(text, out _);

    /// <summary>True where the text carries a unit of size.</summary>
    internal static bool IsSize(string text) => Unit(text) is { Length: > 0 } unit && Sizes.ContainsKey(unit) && TryParseSize(text, out _);

    private static bool TryParse(string text, Dictionary<string, decimal> units, decimal withoutUnit, out decimal value)
    {
        value = 0;
        var unit = Unit(text);
        var factor = withoutUnit;
        if (unit.Length > 0 && !units.TryGetValue(unit, out factor)) return false;
        var number = text.AsSpan().Trim()[..^unit.Length].TrimEnd();
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value)) return false;
        // The greatest factor is below 1e14 and a decimal reaches to 7.9e28.
        if (value > 1e14m) return false;
        value *= factor;
        return true;
    }

    private static string Unit(string text)
    {
        var trimmed = text.Trim();
        var start = trimmed.Length;
        while (start > 0 && char.IsAsciiLetter(trimmed[start - 1])) start--;
        return trimmed[start..];
    }

    private static Dictionary<string, decimal> Table(params (decimal Factor, string Names)[] units) => units
        .SelectMany(unit => unit.Names.Split(' ').Select(name => (name, unit.Factor)))
        .ToDictionary(entry => entry.name, entry => entry.Factor, StringComparer.Ordinal);
}
