using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Orchestrator.Resources.Json;

/// <summary>
/// How Go's yaml library writes a string: plain where that reads as the same string, as a literal block where it has lines, in single quotes where only an
/// indicator forbids plain, in double quotes otherwise.
/// </summary>
internal static partial class YamlText
{
    // What a plain scalar would be read as: a time, or a number to the base of sixty (YAML 1.1).
    [GeneratedRegex(@"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?$|^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$")] private static partial Regex OtherType { get; }

    /// <summary>Appends a value; a block's lines stand at <paramref name="indent"/>.</summary>
    public static void Append(StringBuilder text, string value, int indent)
    {
        var form = Analyse(value);
        if (value.Contains('\n'))
        {
            if (form.BlockAllowed) Literal(text, value, indent); else DoubleQuoted(text, value);
        }
        else if (!IsString(value)) DoubleQuoted(text, value);
        else Unbroken(text, value, form);
    }

    /// <summary>Appends a key: as a value, but on one line.</summary>
    public static void AppendKey(StringBuilder text, string value)
    {
        if (value.Contains('\n') || !IsString(value)) DoubleQuoted(text, value); else Unbroken(text, value, Analyse(value));
    }

    private static void Unbroken(StringBuilder text, string value, Form form)
    {
        if (form.PlainAllowed) text.Append(value);
        else if (form.SingleQuotedAllowed) text.Append('\'').Append(value.Replace("'", "''", StringComparison.Ordinal)).Append('\'');
        else DoubleQuoted(text, value);
    }

    private static bool IsString(string value) =>
        YamlScalar.Value(new Scalar(AnchorName.Empty, TagName.Empty, value, ScalarStyle.Plain, true, false)) is { } read && read.GetValueKind() == System.Text.Json.JsonValueKind.String
        && value is not (".inf" or ".Inf" or ".INF" or "+.inf" or "+.Inf" or "+.INF" or "-.inf" or "-.Inf" or "-.INF" or ".nan" or ".NaN" or ".NAN" or "<<") && !OtherType.IsMatch(value);

    private readonly record struct Form(bool PlainAllowed, bool SingleQuotedAllowed, bool BlockAllowed);

    private static Form Analyse(string value)
    {
        if (value.Length == 0) return new Form(true, true, false);
        bool indicators = value.StartsWith("---", StringComparison.Ordinal) || value.StartsWith("...", StringComparison.Ordinal), special = false, breakSpace = false, spaceBreak = false;
        for (var i = 0; i < value.Length; i++)
        {
            var c = value[i];
            var spaceFollows = i + 1 == value.Length || value[i + 1] is ' ' or '\t';
            indicators |= c switch
            {
                ':' => spaceFollows,
                '#' => i == 0 || value[i - 1] is ' ' or '\t' or '\n',
                '?' or '-' => i == 0 && spaceFollows,
                ',' or '[' or ']' or '{' or '}' or '&' or '*' or '!' or '|' or '>' or '\'' or '"' or '%' or '@' or '`' => i == 0,
                _ => false,
            };
            special |= !IsPrintable(c);
            if (i == 0) continue;
            breakSpace |= c == ' ' && value[i - 1] == '\n';
            spaceBreak |= c == '\n' && value[i - 1] == ' ';
        }
        var unquotable = special || spaceBreak;
        var edges = value[0] is ' ' or '\n' || value[^1] is ' ' or '\n';
        return new Form(!indicators && !edges && !unquotable && !value.Contains('\n'), !unquotable && !breakSpace, !unquotable && value[^1] != ' ');
    }

    // Surrogates stand for what lies beyond the basic plane, which the library escapes.
    private static bool IsPrintable(char c) => c is '\n' or (>= ' ' and <= '~') or (>= '\u00a0' and <= '\ud7ff') or (>= '\ue000' and <= '\ufffd' and not '\ufeff');

    private static void Literal(StringBuilder text, string value, int indent)
    {
        text.Append('|');
        if (value[0] is ' ' or '\n') text.Append('2');
        if (value[^1] != '\n') text.Append('-');
        else if (value.Length == 1 || value[^2] == '\n') text.Append('+');
        // The last line break is the one that ends the document's line.
        foreach (var line in (value[^1] == '\n' ? value[..^1] : value).Split('\n'))
        {
            text.Append('\n');
            if (line.Length > 0) text.Append(' ', indent).Append(line);
        }
    }

    private static void DoubleQuoted(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var rune in value.EnumerateRunes())
        {
            var c = rune.Value;
            if (c is not ('"' or '\\' or '\n') && rune.IsBmp && IsPrintable((char)c))
            {
                text.Append((char)c);
                continue;
            }
            text.Append('\\').Append(c switch
            {
                0 => "0",
                7 => "a",
                8 => "b",
                9 => "t",
                10 => "n",
                11 => "v",
                12 => "f",
                13 => "r",
                27 => "e",
                '"' => "\"",
                '\\' => "\\",
                0x85 => "N",
                <= 0xff => string.Create(CultureInfo.InvariantCulture, $"x{c:X2}"),
                <= 0xffff => string.Create(CultureInfo.InvariantCulture, $"u{c:X4}"),
                _ => string.Create(CultureInfo.InvariantCulture, $"U{c:X8}"),
            });
        }
        text.Append('"');
    }
}
