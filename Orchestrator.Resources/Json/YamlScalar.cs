using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Orchestrator.Resources.Json;

/// <summary>What a YAML scalar means by YAML 1.1 as Go's yaml library resolves it: <c>yes</c>/<c>on</c> are true, <c>0o17</c> and <c>017</c> octal, <c>~</c> null.</summary>
internal static partial class YamlScalar
{
    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")] private static partial Regex Float { get; }

    /// <summary>The value of a scalar; quoted ones and those tagged as text stay text.</summary>
    internal static JsonNode? Value(Scalar scalar)
    {
        if (!scalar.Tag.IsEmpty && scalar.Tag.Value is "tag:yaml.org,2002:str" or "!" or "tag:yaml.org,2002:binary" || scalar.Style != ScalarStyle.Plain) return JsonValue.Create(scalar.Value);
        var text = scalar.Value;
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL": return null;
            case "true" or "True" or "TRUE" or "yes" or "Yes" or "YES" or "y" or "Y" or "on" or "On" or "ON": return JsonValue.Create(true);
            case "false" or "False" or "FALSE" or "no" or "No" or "NO" or "n" or "N" or "off" or "Off" or "OFF": return JsonValue.Create(false);
        }
        if (text[0] is not ((>= '0' and <= '9') or '-' or '+' or '.')) return JsonValue.Create(text);
        var digits = text.Replace("_", "", StringComparison.Ordinal);
        if (Whole(digits) is { } whole) return JsonValue.Create(whole);
        if (ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var large)) return JsonValue.Create(large);
        return Float.IsMatch(digits) && double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && double.IsFinite(real) ? JsonValue.Create(real) : JsonValue.Create(text);
    }

    /// <summary>A mapping key as JSON needs it: text as it is, numbers and booleans in their text form.</summary>
    internal static string Key(JsonNode? node, ParsingEvent at) => node switch
    {
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        JsonValue value => value.ToJsonString(),
        null => "null",
        _ => throw new YamlException(at.Start, at.End, "invalid map key"),
    };

    private static long? Whole(string text)
    {
        var negative = text[0] == '-';
        var digits = text[0] is '-' or '+' ? text[1..] : text;
        if (digits.Length == 0) return null;
        var (radix, body) = digits switch
        {
            ['0', 'x' or 'X', .. var hex] => (16, hex),
            ['0', 'o', .. var octal] => (8, octal),
            ['0', 'b' or 'B', .. var binary] => (2, binary),
            ['0', .. { Length: > 0 } octal] when octal.All(c => c is >= '0' and <= '7') => (8, octal),
            _ => (10, digits),
        };
        if (body.Length == 0 || !body.All(char.IsAsciiHexDigit)) return null;
        Int128 value = 0;
        foreach (var c in body)
        {
            var digit = Convert.ToInt32(c.ToString(), 16);
            if (digit >= radix || value > long.MaxValue) return null;
            value = value * radix + digit;
        }
        if (negative) value = -value;
        return value >= long.MinValue && value <= long.MaxValue ? (long)value : null;
    }
}
