namespace Orchestrator.Engine.Configuration;

/// <summary>
/// Reads HOCON (https://github.com/lightbend/config/blob/main/HOCON.md) into expressions. Left out: conversion of numerically keyed objects to
/// arrays, and includes by URL or class path. Stricter in one thing: an included file that is missing is an error.
/// </summary>
internal sealed class HoconParser
{
    /// <summary>Deeper is no configuration; the limit keeps hostile input off the stack's end.</summary>
    private const int MaxDepth = 100;

    private readonly HoconCursor _cursor;
    private readonly IHoconFiles _files;
    private readonly string _file;
    private readonly IReadOnlyList<string> _including;
    private readonly IReadOnlyList<string> _prefix;
    private int _depth;

    private HoconParser(string text, string file, IHoconFiles files, IReadOnlyList<string> including, IReadOnlyList<string> prefix)
    {
        _cursor = new HoconCursor(text, file);
        _files = files;
        _file = file;
        _including = [.. including, file];
        _prefix = prefix;
    }

    /// <summary>The block that <paramref name="text"/> describes. Throws <see cref="HoconException"/>.</summary>
    public static ObjectExpression Parse(string text, string file, IHoconFiles files) => new HoconParser(text, file, files, [], []).Root();

    private ObjectExpression Root()
    {
        _cursor.SkipBlank();
        var root = new ObjectExpression(_cursor.Origin);
        if (_cursor.TryTake("{"))
        {
            Fields(root, [], braced: true);
            _cursor.SkipBlank();
        }
        else
        {
            Fields(root, [], braced: false);
        }
        if (!_cursor.AtEnd) throw _cursor.Error($"nothing may follow here, found {_cursor.Found()}");
        return root;
    }

    /// <summary>Fields up to the closing brace, or up to the end of a file without braces.</summary>
    private void Fields(ObjectExpression block, IReadOnlyList<string> at, bool braced)
    {
        if (++_depth > MaxDepth) throw _cursor.Error($"more than {MaxDepth} levels of nesting");
        for (var separated = true; ;)
        {
            separated |= _cursor.SkipBlank();
            if (braced && _cursor.TryTake("}")) break;
            if (_cursor.AtEnd)
            {
                if (braced) throw new HoconException(block.Origin, "this block has no closing '}'");
                break;
            }
            if (!separated) throw NotSeparated();
            Field(block, at);
            separated = _cursor.SkipSeparator();
        }
        _depth--;
    }

    private HoconException NotSeparated() =>
        _cursor.Error($"expected a new line or ',', found {_cursor.Found()} (if that belongs to a value, quote the value)");

    private void Field(ObjectExpression block, IReadOnlyList<string> at)
    {
        var origin = _cursor.Origin;
        var path = Path(isKey: true, out var words);
        if (words == "include" && _cursor.Current == '"')
        {
            Include(block, at, _cursor.TakeQuoted(), origin);
            return;
        }
        if (words.StartsWith("include ", StringComparison.Ordinal) || words.StartsWith("include\t", StringComparison.Ordinal))
        {
            throw new HoconException(origin, "write include \"file\"");
        }
        var target = block;
        for (var i = 0; i < path.Count - 1; i++)
        {
            var inner = new ObjectExpression(origin);
            target.Field(path[i]).Add(inner);
            target = (ObjectExpression)target.Field(path[i]).Layers[^1];
        }
        IReadOnlyList<string> here = [.. at, .. path];
        if (_cursor.TryTake("+="))
        {
            _cursor.SkipBlank();
            var self = new SubstitutionExpression([[.. _prefix, .. here]], string.Join('.', here), optional: true, origin);
            target.Field(path[^1]).Add(new ConcatenationExpression([self, new ArrayExpression([Value(here)], origin)], origin));
            return;
        }
        if (_cursor.Current != '{')
        {
            if (!_cursor.TryTake("=") && !_cursor.TryTake(":")) throw _cursor.Error($"expected '=', ':', '+=' or '{{' after the key {words}, found {_cursor.Found()}");
            _cursor.SkipBlank();
        }
        target.Field(path[^1]).Add(Value(here));
    }

    /// <summary>One value, or several side by side on one line.</summary>
    private HoconExpression Value(IReadOnlyList<string> at)
    {
        var origin = _cursor.Origin;
        var parts = new List<HoconExpression>();
        for (; ; )
        {
            var here = _cursor.Origin;
            var spaces = _cursor.TakeSpaces();
            if (!AtValue()) break;
            if (spaces.Length > 0 && parts.Count > 0) parts.Add(new ScalarExpression(spaces, isSpace: true, here));
            parts.Add(Part(at));
        }
        return parts.Count switch
        {
            0 => throw _cursor.Error(_cursor.AtEnd || _cursor.Current is '\n' or ',' or '}' or ']' or '#'
                ? "a value is missing"
                : $"a value with {_cursor.Found()} needs quotes"),
            1 => parts[0],
            _ => new ConcatenationExpression(parts, origin),
        };
    }

    private bool AtValue() => _cursor.Current is '{' or '[' or '"' || _cursor.IsAt("${") || _cursor.AtUnquoted;

    private HoconExpression Part(IReadOnlyList<string> at)
    {
        var origin = _cursor.Origin;
        if (_cursor.TryTake("{"))
        {
            var block = new ObjectExpression(origin);
            Fields(block, at, braced: true);
            return block;
        }
        if (_cursor.TryTake("[")) return Items(at, origin);
        if (_cursor.TryTake("${")) return Substitution(origin);
        if (_cursor.Current == '"') return new ScalarExpression(_cursor.TakeQuoted(), isSpace: false, origin);
        var word = _cursor.TakeUnquoted();
        return new ScalarExpression(word == "null" ? null : word, isSpace: false, origin);
    }

    private ArrayExpression Items(IReadOnlyList<string> at, HoconOrigin origin)
    {
        if (++_depth > MaxDepth) throw _cursor.Error($"more than {MaxDepth} levels of nesting");
        var items = new List<HoconExpression>();
        for (var separated = true; ;)
        {
            separated |= _cursor.SkipBlank();
            if (_cursor.TryTake("]")) break;
            if (_cursor.AtEnd) throw new HoconException(origin, "this list has no closing ']'");
            if (!separated) throw NotSeparated();
            items.Add(Value(at));
            separated = _cursor.SkipSeparator();
        }
        _depth--;
        return new ArrayExpression(items, origin);
    }

    private SubstitutionExpression Substitution(HoconOrigin origin)
    {
        var optional = _cursor.TryTake("?");
        var path = Path(isKey: false, out var words);
        _cursor.Expect("}");
        return new SubstitutionExpression(_prefix.Count == 0 ? [path] : [[.. _prefix, .. path], path], words, optional, origin);
    }

    /// <summary>
    /// Words with dots between them, parts of them perhaps quoted. Ends before what cannot belong to a path.
    /// <paramref name="words"/> is the path as it was written, without quotes.
    /// </summary>
    private List<string> Path(bool isKey, out string words)
    {
        var origin = _cursor.Origin;
        var path = new List<string>();
        var element = "";
        var quoted = false;
        words = "";
        for (var first = true; ; first = false)
        {
            var spaces = _cursor.TakeSpaces();
            if (_cursor.Current == '"')
            {
                if (isKey && words == "include") return path;
                element += (first ? "" : spaces) + _cursor.TakeQuoted();
                quoted = true;
                words = string.Join('.', [.. path, element]);
                continue;
            }
            if (!_cursor.AtUnquoted) break;
            var pieces = ((first ? "" : spaces) + _cursor.TakeUnquoted()).Split('.');
            for (var i = 0; i < pieces.Length; i++)
            {
                if (i > 0) Finish();
                element += pieces[i];
            }
            words = string.Join('.', [.. path, element]);
        }
        if (path.Count == 0 && element.Length == 0 && !quoted) throw new HoconException(origin, $"expected a key, found {_cursor.Found()}");
        Finish();
        return path;

        void Finish()
        {
            if (element.Length == 0 && !quoted) throw new HoconException(origin, "a key may not begin or end with a dot, nor have two in a row");
            if (path.Count == MaxDepth) throw new HoconException(origin, $"a key of more than {MaxDepth} parts");
            path.Add(element);
            (element, quoted) = ("", false);
        }
    }

    private void Include(ObjectExpression block, IReadOnlyList<string> at, string name, HoconOrigin origin)
    {
        var file = _files.Find(name, _file);
        if (_including.Contains(file)) throw new HoconException(origin, $"{file} includes itself: {string.Join(" → ", [.. _including, file])}");
        var text = _files.Read(file) ?? throw new HoconException(origin, $"the included file {file} cannot be read");
        block.Add(new HoconParser(text, file, _files, _including, [.. _prefix, .. at]).Root());
    }
}
