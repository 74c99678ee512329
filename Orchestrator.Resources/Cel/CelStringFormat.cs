using System.Globalization;
using System.Text;

namespace Orchestrator.Resources.Cel;

/// <summary><c>'%s has %d'.format([…])</c> of the string extension, version 2: %s %d %f %e %b %o %x %X %%. Numbers after the point group by the English locale, as upstream's do.</summary>
internal static class CelStringFormat
{
    private const int DefaultPrecision = 6;
    private const int MostPrecision = 1000;
    private const string TextWanted = "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps";

    private static readonly Dictionary<char, (string Wanted, CelKind[] Kinds)> Clauses = new()
    {
        ['s'] = (TextWanted, [CelKind.Null, CelKind.Bool, CelKind.Int, CelKind.Uint, CelKind.Double, CelKind.String, CelKind.Bytes, CelKind.Duration, CelKind.Timestamp, CelKind.List, CelKind.Map, CelKind.Type]),
        ['d'] = ("decimal clause can only be used on integers", [CelKind.Int, CelKind.Uint]),
        ['f'] = ("fixed-point clause can only be used on doubles", [CelKind.Double, CelKind.String]), // a string may be NaN or an infinity
        ['e'] = ("scientific clause can only be used on doubles", [CelKind.Double, CelKind.String]),
        ['b'] = ("only integers and bools can be formatted as binary", [CelKind.Int, CelKind.Uint, CelKind.Bool]),
        ['x'] = ("only integers, byte buffers, and strings can be formatted as hex", [CelKind.Int, CelKind.Uint, CelKind.String, CelKind.Bytes]),
        ['X'] = ("only integers, byte buffers, and strings can be formatted as hex", [CelKind.Int, CelKind.Uint, CelKind.String, CelKind.Bytes]),
        ['o'] = ("octal clause can only be used on integers", [CelKind.Int, CelKind.Uint]),
    };

    /// <summary>Formats. Throws <see cref="CelEvaluationException"/>.</summary>
    internal static string Format(string format, IReadOnlyList<object?> arguments)
    {
        var result = new StringBuilder();
        Walk(format, arguments.Count, text => result.Append(text), (verb, precision, index) => result.Append(Formatted(verb, arguments[index], precision)), why => new CelEvaluationException(why));
        return result.ToString();
    }

    /// <summary>Checks a format that is written down, with arguments that are: as many as it asks for, of types it takes. Throws <see cref="CelCompileException"/>.</summary>
    internal static void Check(string format, IReadOnlyList<CelNode> arguments, IReadOnlyList<CelType> types, int at)
    {
        var asked = 0;
        Walk(format, arguments.Count, _ => { }, (verb, _, index) =>
        {
            asked++;
            if (!Takes(verb, types[index])) throw new CelCompileException(arguments[index].At, $"error during formatting: {Clauses[verb].Wanted}, was given {Name(types[index])}");
        }, why => new CelCompileException(at, why));
        if (arguments.Count > asked) throw new CelCompileException(at, $"too many arguments supplied to string.format (expected {asked}, got {arguments.Count})");
    }

    private static void Walk(string format, int arguments, Action<string> text, Action<char, int?, int> clause, Func<string, Exception> wrong)
    {
        var next = 0;
        for (var at = 0; at < format.Length;)
        {
            var sign = format.IndexOf('%', at);
            if (sign < 0) sign = format.Length;
            if (sign > at) text(format[at..sign]);
            at = sign + 1;
            if (sign == format.Length) return;
            if (at < format.Length && format[at] == '%')
            {
                text("%");
                at++;
                continue;
            }
            if (next >= arguments) throw wrong($"index {next} out of range");
            if (at >= format.Length) throw wrong("unexpected end of string");
            var precision = Precision(format, ref at, wrong);
            if (!Clauses.ContainsKey(format[at])) throw wrong($"could not parse formatting clause: unrecognized formatting clause \"{format[at]}\"");
            clause(format[at++], precision, next++);
        }
    }

    private static int? Precision(string format, ref int at, Func<string, Exception> wrong)
    {
        if (format[at] != '.') return null;
        var from = ++at;
        while (at < format.Length && char.IsAsciiDigit(format[at])) at++;
        if (at == format.Length) throw wrong("could not parse formatting clause: error while parsing precision: could not find end of precision specifier");
        if (!int.TryParse(format.AsSpan(from, at - from), NumberStyles.None, CultureInfo.InvariantCulture, out var precision))
            throw wrong($"could not parse formatting clause: error while parsing precision: error while converting precision to integer: strconv.Atoi: parsing \"{format[from..at]}\": invalid syntax");
        // So many digits are nobody's wish; they would only be a way to make much of little.
        return precision <= MostPrecision ? precision : throw wrong($"could not parse formatting clause: error while parsing precision: at most {MostPrecision} digits");
    }

    private static bool Takes(char verb, CelType type) => type.Kind == CelKind.Dyn || Clauses[verb].Kinds.Contains(type.Kind);

    private static string Name(CelType type) => type.Kind switch
    {
        CelKind.List => "list",
        CelKind.Map => "map",
        CelKind.Optional => "optional_type",
        _ => type.Name,
    };

    private static CelEvaluationException Wrong(char verb, object? value) => new($"error during formatting: {Clauses[verb].Wanted}, was given {Name(CelValue.TypeOf(value))}");

    private static string Formatted(char verb, object? value, int? precision)
    {
        switch (verb, value)
        {
            case ('s', _): return Shown(value);
            case ('d', long or ulong): return CelConversions.Text(value);
            case ('f', _) when Real(value) is { } real: return Fixed(real, precision ?? DefaultPrecision);
            case ('e', _) when Real(value) is { } real: return Scientific(real, precision ?? DefaultPrecision);
            case ('b', bool flag): return flag ? "1" : "0";
            case ('b' or 'o' or 'x' or 'X', long whole): return (whole < 0 ? "-" : "") + Digits(verb, whole < 0 ? (ulong)-(whole + 1) + 1 : (ulong)whole);
            case ('b' or 'o' or 'x' or 'X', ulong whole): return Digits(verb, whole);
            case ('x', string text): return Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text));
            case ('X', string text): return Convert.ToHexString(Encoding.UTF8.GetBytes(text));
            case ('x', byte[] bytes): return Convert.ToHexStringLower(bytes);
            case ('X', byte[] bytes): return Convert.ToHexString(bytes);
            default: throw Wrong(verb, value);
        }
    }

    private static double? Real(object? value) => value switch
    {
        double real => real,
        "NaN" => double.NaN,
        "Infinity" => double.PositiveInfinity,
        "-Infinity" => double.NegativeInfinity,
        _ => null,
    };

    private static string Fixed(double real, int precision) => double.IsFinite(real) ? real.ToString($"N{precision}", CultureInfo.InvariantCulture) : Unbounded(real);

    // 1.052033 × 10⁰³, with narrow spaces: so golang.org/x/text writes it.
    private static string Scientific(double real, int precision)
    {
        if (!double.IsFinite(real)) return Unbounded(real);
        var parts = real.ToString($"e{precision}", CultureInfo.InvariantCulture).Split('e');
        var exponent = int.Parse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var raised = string.Concat(Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture).Select(d => "⁰¹²³⁴⁵⁶⁷⁸⁹"[d - '0']));
        return $"{parts[0]}\u202f×\u202f10{(exponent < 0 ? "⁻" : "")}{raised}";
    }

    private static string Unbounded(double real) => double.IsNaN(real) ? "NaN" : real > 0 ? "∞" : "-∞";

    private static string Digits(char verb, ulong value) => verb switch
    {
        'b' => value.ToString("B", CultureInfo.InvariantCulture),
        'x' => value.ToString("x", CultureInfo.InvariantCulture),
        'X' => value.ToString("X", CultureInfo.InvariantCulture),
        _ => Octal(value),
    };

    private static string Octal(ulong value)
    {
        var digits = new StringBuilder();
        do digits.Insert(0, (char)('0' + (int)(value & 7)));
        while ((value >>= 3) != 0);
        return digits.ToString();
    }

    private static string Shown(object? value) => value switch
    {
        null => "null",
        byte[] bytes => Encoding.UTF8.GetString(bytes),
        CelList list => $"[{string.Join(", ", list.Items.Select(Literal))}]",
        CelMap map => $"{{{string.Join(", ", map.Keys.Select(k => (Key: Literal(k), Value: map.TryGet(k, out var held) ? Literal(held) : "")).OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}:{p.Value}"))}}}",
        CelType type => type.Name,
        bool or long or ulong or double or string or TimeSpan or DateTimeOffset => CelConversions.Text(value),
        _ => throw Wrong('s', value),
    };

    /// <summary>A value inside a list or a map, as it would be written in an expression.</summary>
    private static string Literal(object? value) => value switch
    {
        string text => Quoted(text),
        byte[] bytes => "b" + Quoted(Encoding.UTF8.GetString(bytes)),
        double real when double.IsFinite(real) => real.ToString($"F{DefaultPrecision}", CultureInfo.InvariantCulture),
        double real => double.IsNaN(real) ? "\"NaN\"" : real > 0 ? "\"+Inf\"" : "\"-Inf\"",
        TimeSpan => $"duration({Quoted(CelConversions.Text(value))})",
        DateTimeOffset => $"timestamp({Quoted(CelConversions.Text(value))})",
        _ => Shown(value),
    };

    private static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
            quoted.Append(c switch { '"' => "\\\"", '\\' => "\\\\", '\n' => "\\n", '\r' => "\\r", '\t' => "\\t", < ' ' or '\x7f' => $"\\x{(int)c:x2}", _ => c.ToString() });
        return quoted.Append('"').ToString();
    }
}
