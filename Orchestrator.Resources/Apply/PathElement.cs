using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Apply;

/// <summary>The steps of a field path in FieldsV1's notation: a field or map key, a list item by its keys, by its value, or by its index.</summary>
internal static class PathElement
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A field or map key.</summary>
    internal static string Field(string name) => "f:" + name;

    /// <summary>The field name of an element, or null for a list item.</summary>
    internal static string? FieldName(string element) => element.StartsWith("f:", StringComparison.Ordinal) ? element[2..] : null;

    /// <summary>Whether the text has one of the four forms.</summary>
    internal static bool IsValid(string element) => element.Length >= 2 && element[1] == ':' && (element[0] is 'f' or 'k' or 'v' or 'i');

    /// <summary>An item of a set.</summary>
    internal static string Value(JsonNode? item) => "v:" + Literal(item);

    /// <summary>
    /// An item of a map list: its key fields in alphabetical order, with a key's declared default standing in where the item leaves it out. Null for
    /// what is no object or has none of its keys.
    /// </summary>
    internal static string? Key(JsonNode? item, IReadOnlyList<string> keys, SchemaType? type)
    {
        if (item is not JsonObject obj) return null;
        if (keys.Count == 1) return Part(obj, keys[0], type) is { } only ? $"k:{{{only}}}" : null;
        var text = new StringBuilder("k:{");
        var any = false;
        foreach (var key in keys.Order(StringComparer.Ordinal))
        {
            if (Part(obj, key, type) is not { } part) continue;
            if (any) text.Append(',');
            text.Append(part);
            any = true;
        }
        return any ? text.Append('}').ToString() : null;
    }

    /// <summary>The path as upstream prints it: <c>.spec.containers[name="a"].image</c>.</summary>
    internal static string Print(IEnumerable<string> path)
    {
        var text = new StringBuilder();
        foreach (var element in path)
        {
            var body = element[2..];
            _ = element[0] switch
            {
                'f' => text.Append('.').Append(body),
                'k' => text.Append('[').AppendJoin(',', JsonNode.Parse(body)!.AsObject().Select(p => $"{p.Key}={Literal(p.Value)}")).Append(']'),
                'v' => text.Append("[=").Append(body).Append(']'),
                _ => text.Append('[').Append(body).Append(']'),
            };
        }
        return text.ToString();
    }

    private static string? Part(JsonObject item, string key, SchemaType? type)
    {
        var value = item[key] ?? type?.Field(key)?.Default;
        return value is null ? null : $"{Literal(JsonValue.Create(key))}:{Literal(value)}";
    }

    private static string Literal(JsonNode? value) => value is JsonValue text && text.TryGetValue<string>(out var plain) && IsPlain(plain) ? $"\"{plain}\"" : value?.ToJsonString(Relaxed) ?? "null";

    private static bool IsPlain(string text)
    {
        foreach (var c in text)
            if (c is '"' or '\\' or < ' ' or > '~') return false;
        return true;
    }
}
