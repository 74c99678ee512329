using System.Globalization;
using System.Text;
using static Orchestrator.Resources.Cel.CelType;

namespace Orchestrator.Resources.Cel;

/// <summary>Conversions between types.</summary>
internal static class CelConversions
{
    internal static void AddTo(CelFunctions all)
    {
        all.Add("dyn", [Dyn], Dyn, a => a[0]);
        all.Add("type", [Dyn], CelType.Type, a => CelValue.TypeOf(a[0]));
        foreach (var type in (CelType[])[Bool, Int, Uint, CelType.Double, CelType.String, Bytes, Duration, Timestamp]) all.Add(NameOf(type), [type], type, a => a[0]);
        all.Add("bool", [CelType.String], Bool, a => (string)a[0]! switch
        {
            "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
            "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
            var text => throw new CelEvaluationException($"strconv.ParseBool: parsing \"{text}\": invalid syntax"),
        });
        all.Add("int", [Uint], Int, a => (ulong)a[0]! is <= long.MaxValue and var whole ? (long)whole : throw Range);
        all.Add("int", [CelType.Double], Int, a => (double)a[0]! is > -9.2233720368547758E18 and < 9.2233720368547758E18 and var real ? (long)real : throw Range);
        all.Add("int", [CelType.String], Int, a => long.TryParse((string)a[0]!, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? whole : throw NoNumber("ParseInt", a[0]));
        all.Add("int", [Timestamp], Int, a => ((DateTimeOffset)a[0]!).ToUnixTimeSeconds());
        all.Add("uint", [Int], Uint, a => (long)a[0]! is >= 0 and var whole ? (ulong)whole : throw Range);
        all.Add("uint", [CelType.Double], Uint, a => (double)a[0]! is >= 0 and < 1.8446744073709552E19 and var real ? (ulong)real : throw Range);
        all.Add("uint", [CelType.String], Uint, a => ulong.TryParse((string)a[0]!, NumberStyles.None, CultureInfo.InvariantCulture, out var whole) ? whole : throw NoNumber("ParseUint", a[0]));
        all.Add("double", [Int], CelType.Double, a => (double)(long)a[0]!);
        all.Add("double", [Uint], CelType.Double, a => (double)(ulong)a[0]!);
        all.Add("double", [CelType.String], CelType.Double, a => double.TryParse((string)a[0]!, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) ? real : throw NoNumber("ParseFloat", a[0]));
        all.Add("string", [Bool], CelType.String, a => (bool)a[0]! ? "true" : "false");
        foreach (var type in (CelType[])[Int, Uint, CelType.Double]) all.Add("string", [type], CelType.String, a => Text(a[0]));
        all.Add("string", [Bytes], CelType.String, a => Utf8((byte[])a[0]!));
        all.Add("string", [Duration], CelType.String, a => Text(a[0]));
        all.Add("string", [Timestamp], CelType.String, a => Text(a[0]));
        all.Add("bytes", [CelType.String], Bytes, a => Encoding.UTF8.GetBytes((string)a[0]!));
        all.Add("duration", [CelType.String], Duration, a => CelTimeLibrary.ParseDuration((string)a[0]!) ?? throw new CelEvaluationException($"time: invalid duration \"{a[0]}\""));
        all.Add("timestamp", [CelType.String], Timestamp, a => CelTimeLibrary.ParseTimestamp((string)a[0]!) ?? throw new CelEvaluationException($"parsing time \"{a[0]}\": it is not in RFC 3339"));
        all.Add("timestamp", [Int], Timestamp, a => (long)a[0]! is >= -62135596800 and <= 253402300799 and var seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : throw Range);
    }

    /// <summary>A scalar as text.</summary>
    internal static string Text(object? value) => value switch
    {
        string text => text,
        bool flag => flag ? "true" : "false",
        long or ulong => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        double real => double.IsPositiveInfinity(real) ? "+Inf" : double.IsNegativeInfinity(real) ? "-Inf" : real.ToString("R", CultureInfo.InvariantCulture),
        TimeSpan duration => string.Create(CultureInfo.InvariantCulture, $"{duration.Ticks / (decimal)TimeSpan.TicksPerSecond:0.#########}s"),
        DateTimeOffset time => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture),
        _ => throw CelEvaluationException.NoOverload,
    };

    private static CelEvaluationException Range => new("integer overflow");

    private static string NameOf(CelType type) => type.Kind switch
    {
        CelKind.Duration => "duration",
        CelKind.Timestamp => "timestamp",
        _ => type.Name,
    };

    private static CelEvaluationException NoNumber(string parser, object? text) => new($"strconv.{parser}: parsing \"{text}\": invalid syntax");

    private static string Utf8(byte[] bytes)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (ArgumentException)
        {
            throw new CelEvaluationException("invalid UTF-8 in bytes, cannot convert to string");
        }
    }
}
