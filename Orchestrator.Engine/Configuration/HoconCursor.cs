using System.Text;

namespace Orchestrator.Engine.Configuration;

/// <summary>A place in a HOCON text, and the lexical forms that can stand there.</summary>
internal sealed class HoconCursor(string text, string file)
{
    /// <summary>What unquoted text may not hold (HOCON's list, but for a plus that is no <c>+=</c>).</summary>
    private const string Reserved = "$\"{}[]:=,#`^?!@*&\\";

    private int _position;
    private int _line = 1;

    public bool AtEnd => _position >= text.Length;

    public char Current => AtEnd ? '\0' : text[_position];

    public HoconOrigin Origin => new(file, _line);

    public bool IsAt(string expected) => string.CompareOrdinal(text, _position, expected, 0, expected.Length) == 0;

    public bool TryTake(string expected)
    {
        if (AtEnd || !IsAt(expected)) return false;
        for (var i = 0; i < expected.Length; i++) Advance();
        return true;
    }

    public void Expect(string expected)
    {
        if (!TryTake(expected)) throw Error($"expected '{expected}', found {Found()}");
    }

    public HoconException Error(string problem) => new(Origin, problem);

    /// <summary>What stands here, for a message.</summary>
    public string Found() => AtEnd ? "the end of the file" : Current == '\n' ? "the end of the line" : $"'{Current}'";

    /// <summary>White space inside a line, returned as it is.</summary>
    public string TakeSpaces()
    {
        var start = _position;
        while (!AtEnd && Current != '\n' && IsSpace(Current)) Advance();
        return text[start.._position];
    }

    /// <summary>White space, line ends and comments. True when a line ended.</summary>
    public bool SkipBlank()
    {
        var newLine = false;
        for (; !AtEnd; Advance())
        {
            if (Current == '#' || IsAt("//"))
            {
                while (!AtEnd && Current != '\n') Advance();
                if (AtEnd) break;
            }
            if (Current == '\n') newLine = true;
            else if (!IsSpace(Current)) break;
        }
        return newLine;
    }

    /// <summary>Goes to the next field or item. True when a line end or a comma lay between.</summary>
    public bool SkipSeparator()
    {
        var newLine = SkipBlank();
        return TryTake(",") || newLine;
    }

    public bool AtUnquoted => !AtEnd && !IsSpace(Current) && !Reserved.Contains(Current, StringComparison.Ordinal) && !IsAt("//") && !IsAt("+=");

    /// <summary>Text without quotes, up to what cannot be part of it.</summary>
    public string TakeUnquoted()
    {
        var start = _position;
        while (AtUnquoted) Advance();
        return text[start.._position];
    }

    /// <summary>A quoted text, single or triple; the cursor stands on its first quote.</summary>
    public string TakeQuoted()
    {
        var origin = Origin;
        if (TryTake("\"\"\"")) return TakeTriple(origin);
        Expect("\"");
        var value = new StringBuilder();
        while (Current != '"')
        {
            if (AtEnd || Current == '\n') throw new HoconException(origin, "this quoted text has no end on its line");
            if (Current == '\\') value.Append(TakeEscape());
            else value.Append(Take());
        }
        Advance();
        return value.ToString();
    }

    private string TakeTriple(HoconOrigin origin)
    {
        var end = text.IndexOf("\"\"\"", _position, StringComparison.Ordinal);
        if (end < 0) throw new HoconException(origin, "this triple-quoted text has no end");
        // Quotes before the last three belong to the text.
        while (end + 3 < text.Length && text[end + 3] == '"') end++;
        var value = text[_position..end];
        while (_position < end + 3) Advance();
        return value;
    }

    private char TakeEscape()
    {
        Advance();
        var letter = Take();
        if (letter == 'u')
        {
            if (_position + 4 <= text.Length && ushort.TryParse(
                text.AsSpan(_position, 4), System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture, out var code))
            {
                _position += 4;
                return (char)code;
            }
            throw Error("\\u needs four hexadecimal digits");
        }
        return letter switch
        {
            '"' or '\\' or '/' => letter,
            'b' => '\b',
            'f' => '\f',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            _ => throw Error("unknown escape; write \\\\ for a backslash"),
        };
    }

    private char Take()
    {
        var letter = Current;
        Advance();
        return letter;
    }

    private void Advance()
    {
        if (AtEnd) return;
        if (text[_position] == '\n') _line++;
        _position++;
    }

    // A byte order mark counts as white space, as HOCON says.
    private static bool IsSpace(char letter) => char.IsWhiteSpace(letter) || letter == '\uFEFF';
}
