using System.Globalization;
using System.Text;

namespace Orchestrator.Resources.Cel;

internal enum CelTokenKind
{
    Name,
    Literal,
    Sign,
    End,
}

/// <summary>A token: its text (a name or a sign), its value where it is a literal, and where it begins.</summary>
internal readonly record struct CelToken(CelTokenKind Kind, string Text, object? Value, int At);

/// <summary>Splits an expression into tokens (the CEL specification's lexis).</summary>
internal static class CelLexer
{
    private static readonly string[] Signs = ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")", "[", "]", "{", "}"];

    internal static List<CelToken> Split(string text)
    {
        var tokens = new List<CelToken>();
        var at = 0;
        while (at < text.Length)
        {
            var c = text[at];
            if (char.IsWhiteSpace(c)) at++;
            else if (c == '/' && at + 1 < text.Length && text[at + 1] == '/') at = text.IndexOf('\n', at) is >= 0 and var end ? end : text.Length;
            else if (StringPrefix(text, at) is { } prefix) tokens.Add(Text(text, ref at, prefix));
            else if (char.IsAsciiLetter(c) || c == '_') tokens.Add(Word(text, ref at));
            else if (char.IsAsciiDigit(c) || (c == '.' && at + 1 < text.Length && char.IsAsciiDigit(text[at + 1]))) tokens.Add(Number(text, ref at));
            else
            {
                var from = at;
                var sign = Signs.FirstOrDefault(s => string.CompareOrdinal(text, from, s, 0, s.Length) == 0) ?? throw new CelCompileException(at, $"Syntax error: token recognition error at: '{c}'");
                tokens.Add(new CelToken(CelTokenKind.Sign, sign, null, at));
                at += sign.Length;
            }
        }
        tokens.Add(new CelToken(CelTokenKind.End, "<EOF>", null, text.Length));
        return tokens;
    }

    /// <summary>The letters before a quote (r, b, br) where a string begins here; else null.</summary>
    private static string? StringPrefix(string text, int at)
    {
        var length = 0;
        while (length < 2 && at + length < text.Length && text[at + length] is 'r' or 'R' or 'b' or 'B') length++;
        return at + length < text.Length && text[at + length] is '"' or '\'' ? text[at..(at + length)].ToLowerInvariant() : null;
    }

    private static CelToken Word(string text, ref int at)
    {
        var from = at;
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '_')) at++;
        return new CelToken(CelTokenKind.Name, text[from..at], null, from);
    }

    private static CelToken Number(string text, ref int at)
    {
        var from = at;
        object? value;
        if (text[at] == '0' && at + 1 < text.Length && text[at + 1] is 'x' or 'X')
        {
            at += 2;
            while (at < text.Length && char.IsAsciiHexDigit(text[at])) at++;
            if (!ulong.TryParse(text.AsSpan(from + 2, at - from - 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex)) throw new CelCompileException(from, "invalid int literal");
            value = Whole(hex, text, ref at, from);
            return new CelToken(CelTokenKind.Literal, text[from..at], value, from);
        }
        while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        var real = false;
        if (at + 1 < text.Length && text[at] == '.' && char.IsAsciiDigit(text[at + 1]))
        {
            real = true;
            at++;
            while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        }
        if (at < text.Length && text[at] is 'e' or 'E')
        {
            real = true;
            at++;
            if (at < text.Length && text[at] is '+' or '-') at++;
            while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        }
        var digits = text.AsSpan(from, at - from);
        if (real) value = double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : throw new CelCompileException(from, "invalid double literal");
        else if (ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var whole)) value = Whole(whole, text, ref at, from);
        else throw new CelCompileException(from, "invalid int literal");
        return new CelToken(CelTokenKind.Literal, text[from..at], value, from);
    }

    // The magnitude of the smallest long is one more than that of the largest; the parser folds the sign in.
    private static object Whole(ulong value, string text, ref int at, int from)
    {
        if (at < text.Length && text[at] is 'u' or 'U')
        {
            at++;
            return value;
        }
        return value <= long.MaxValue ? (long)value : value == 1UL << 63 ? new CelLargestMagnitude() : throw new CelCompileException(from, "invalid int literal");
    }

    private static CelToken Text(string text, ref int at, string prefix)
    {
        var from = at;
        at += prefix.Length;
        var quote = text[at];
        var triple = string.CompareOrdinal(text, at, new string(quote, 3), 0, 3) == 0;
        at += triple ? 3 : 1;
        var (raw, bytes) = (prefix.Contains('r', StringComparison.Ordinal), prefix.Contains('b', StringComparison.Ordinal));
        var value = new StringBuilder();
        var octets = new List<byte>();
        void Append(string piece)
        {
            if (bytes) octets.AddRange(Encoding.UTF8.GetBytes(piece));
            else value.Append(piece);
        }
        while (true)
        {
            if (at >= text.Length || (!triple && text[at] == '\n')) throw new CelCompileException(from, "Syntax error: token recognition error: the string does not end");
            if (text[at] == quote && (!triple || string.CompareOrdinal(text, at, new string(quote, 3), 0, 3) == 0))
            {
                at += triple ? 3 : 1;
                return new CelToken(CelTokenKind.Literal, text[from..at], bytes ? octets.ToArray() : value.ToString(), from);
            }
            if (text[at] != '\\' || raw)
            {
                var length = char.IsHighSurrogate(text[at]) && at + 1 < text.Length ? 2 : 1;
                Append(text.Substring(at, length));
                at += length;
                continue;
            }
            var code = Escape(text, ref at, out var octet);
            if (bytes && octet) octets.Add((byte)code);
            else Append(char.ConvertFromUtf32(code));
        }
    }

    /// <summary>One escape sequence; <paramref name="octet"/>: in bytes it means that very byte.</summary>
    private static int Escape(string text, ref int at, out bool octet)
    {
        var from = at;
        octet = false;
        var c = at + 1 < text.Length ? text[at + 1] : '\0';
        at += 2;
        switch (c)
        {
            case 'a': return 7;
            case 'b': return 8;
            case 'f': return 12;
            case 'n': return 10;
            case 'r': return 13;
            case 't': return 9;
            case 'v': return 11;
            case '\\' or '\'' or '"' or '`' or '?': return c;
            case 'x' or 'X': octet = true; return Code(text, ref at, from, 2, 16);
            case 'u': return Code(text, ref at, from, 4, 16);
            case 'U': return Code(text, ref at, from, 8, 16);
            case >= '0' and <= '3':
                octet = true;
                at--;
                return Code(text, ref at, from, 3, 8);
            default: throw new CelCompileException(from, "Syntax error: invalid escape sequence");
        }
    }

    private static int Code(string text, ref int at, int from, int digits, int radix)
    {
        if (at + digits > text.Length) throw new CelCompileException(from, "Syntax error: invalid escape sequence");
        try
        {
            var code = Convert.ToInt32(text.Substring(at, digits), radix);
            at += digits;
            return Rune.IsValid(code) ? code : throw new CelCompileException(from, "Syntax error: invalid unicode code point");
        }
        catch (Exception e) when (e is FormatException and not CelCompileException or OverflowException or ArgumentException)
        {
            throw new CelCompileException(from, "Syntax error: invalid escape sequence");
        }
    }
}

/// <summary>2^63: a number only with a minus before it.</summary>
internal sealed record CelLargestMagnitude;
