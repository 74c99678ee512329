using System.Text;
using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Extensions;

/// <summary>
/// The part of k8s.io/client-go's JSONPath that printer columns and selectable fields use: fields (<c>.spec.a</c>, <c>['a']</c>, dots escaped), indexes, <c>[*]</c>, recursive
/// descent is not in it, and filters <c>[?(@.type=="Ready")]</c>.
/// </summary>
public sealed class JsonPath
{
    private readonly List<Func<JsonNode, IEnumerable<JsonNode?>>> _steps = [];

    private JsonPath() { }

    /// <summary>Parses a path, with or without the leading dot. Throws <see cref="FormatException"/> for what is not understood.</summary>
    public static JsonPath Parse(string text)
    {
        var path = new JsonPath();
        var at = 0;
        if (text.StartsWith('{') && text.EndsWith('}')) text = text[1..^1];
        if (text.StartsWith('$')) at = 1;
        while (at < text.Length)
        {
            if (text[at] == '.')
            {
                at++;
                if (at < text.Length && text[at] == '.') throw new FormatException($"recursive descent is not supported: {text}");
                continue;
            }
            if (text[at] == '[') path.Bracket(text, ref at);
            else path.Field(Name(text, ref at));
        }
        return path;
    }

    /// <summary>Everything the path leads to.</summary>
    public IReadOnlyList<JsonNode> Find(JsonNode root)
    {
        IEnumerable<JsonNode> found = [root];
        foreach (var step in _steps) found = found.SelectMany(step).OfType<JsonNode>();
        return [.. found];
    }

    private void Field(string name)
    {
        if (name == "*") _steps.Add(static n => n is JsonObject obj ? obj.Select(p => p.Value) : n is JsonArray list ? list : []);
        else _steps.Add(n => n is JsonObject obj ? [obj[name]] : []);
    }

    private static string Name(string text, ref int at)
    {
        var name = new StringBuilder();
        for (; at < text.Length && text[at] is not ('.' or '['); at++)
        {
            if (text[at] == '\\' && at + 1 < text.Length) at++;
            name.Append(text[at]);
        }
        return name.ToString();
    }

    private void Bracket(string text, ref int at)
    {
        var end = Closing(text, at);
        var body = text[(at + 1)..end].Trim();
        at = end + 1;
        if (body == "*") Field("*");
        else if (body.StartsWith('\'') || body.StartsWith('"')) Field(body[1..^1]);
        else if (body.StartsWith("?(", StringComparison.Ordinal) && body.EndsWith(')')) Filter(body[2..^1], text);
        else if (int.TryParse(body, out var index)) _steps.Add(n => n is JsonArray list && (index < 0 ? index + list.Count : index) is >= 0 and var i && i < list.Count ? [list[i]] : []);
        else throw new FormatException($"unrecognized expression [{body}] in {text}");
    }

    private void Filter(string condition, string text)
    {
        var sign = ((ReadOnlySpan<string>)["==", "!=", "<=", ">=", "<", ">"]).ToArray().FirstOrDefault(s => condition.Contains(s, StringComparison.Ordinal));
        var left = Parse((sign is null ? condition : condition[..condition.IndexOf(sign, StringComparison.Ordinal)]).Trim().TrimStart('@'));
        if (sign is null)
        {
            _steps.Add(n => n is JsonArray list ? list.Where(i => i is not null && left.Find(i).Count > 0) : []);
            return;
        }
        if (sign is not ("==" or "!=")) throw new FormatException($"operator {sign} is not supported: {text}");
        var right = condition[(condition.IndexOf(sign, StringComparison.Ordinal) + 2)..].Trim().Trim('"', '\'');
        _steps.Add(n => n is JsonArray list ? list.Where(i => i is not null && left.Find(i) is { Count: > 0 } found && (Text(found[0]) == right) == (sign == "==")) : []);
    }

    private static int Closing(string text, int at)
    {
        var quote = '\0';
        var depth = 0;
        for (var i = at; i < text.Length; i++)
        {
            if (quote != '\0')
            {
                if (text[i] == quote) quote = '\0';
            }
            else if (text[i] is '\'' or '"') quote = text[i];
            else if (text[i] == '[') depth++;
            else if (text[i] == ']' && --depth == 0) return i;
        }
        throw new FormatException($"unterminated array in {text}");
    }

    /// <summary>A value as text: strings plain, everything else as JSON.</summary>
    internal static string Text(JsonNode node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : node.ToJsonString();
}
