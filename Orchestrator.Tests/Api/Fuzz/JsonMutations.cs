using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Tests.Api.Fuzz;

/// <summary>Damage to JSON documents: as trees (wrong types, unknown and missing fields, strange values) and as text (what no tree can say).</summary>
internal static class JsonMutations
{
    private static readonly string[] Texts =
    [
        "", " ", "\0", "a\nb", "../..", "a/b", "%00", "-", ".", "ü", "😀", "A", "-1", "0", "1e400", "9223372036854775808", "true", "null", "*", "$(x)", "{}", "0x1F", "1Gi", "-5Mi", "1e3e3", "::", "256.1.1.1",
        "2026-13-45T99:99:99Z", "0001-01-01T00:00:00Z", "99999-01-01T00:00:00Z", new string('x', 300), new string('é', 5000), "a=b,c!=d", "in (", "\u202e", "\ufeff",
    ];

    // Written into the text: no node can hold them.
    private static readonly string[] RawValues =
    [
        "1e400", "-1e400", "1e-400", "99999999999999999999999999", "-9223372036854775809", "18446744073709551616", "2147483648", "-2147483649", "-0", "0.5", "1.0", "1E3", "01", "+1", ".5", "1.", "NaN", "Infinity", "0x10",
        "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\u0000\"", "\"\\x\"", "\"unterminated", "'single'", "undefined", "True", "/* comment */1", "[1,]", "{,}", "{\"a\"}", "{\"a\":1,\"a\":2}", "[[[[[[[[[[]]]]]]]]]]",
    ];

    private const string Mark = "\"@mark@\"";

    // One nested change may land in the depths of another.
    private static readonly JsonSerializerOptions Deep = new() { MaxDepth = 4_000 };

    /// <summary>The document with one to three wrong things in it.</summary>
    public static byte[] Tree(JsonNode document, Random random)
    {
        var copy = document.DeepClone();
        for (var i = random.Next(3); i >= 0; i--) copy = Change(copy, random);
        return Encoding.UTF8.GetBytes(copy.ToJsonString(Deep));
    }

    /// <summary>The document with one wrong thing in it.</summary>
    public static JsonNode Change(JsonNode root, Random random)
    {
        var places = new List<(JsonNode Parent, object Key)>();
        Collect(root, places);
        if (places.Count == 0) return root;
        var (parent, key) = places[random.Next(places.Count)];
        var value = Get(parent, key);
        switch (random.Next(8))
        {
            case 0:
                Set(parent, key, JsonValue.Create(Texts[random.Next(Texts.Length)]));
                break;
            case 1 when parent is JsonObject obj:
                obj.Remove((string)key);
                break;
            case 2 when parent is JsonObject obj:
                obj[$"unknown{random.Next(5)}"] = value?.DeepClone();
                break;
            case 3 when parent is JsonObject obj:
                obj.Remove((string)key);
                obj[Texts[random.Next(Texts.Length)]] = value?.DeepClone();
                break;
            case 4 when parent is JsonArray list:
                for (var i = random.Next(3); i >= 0; i--) list.Add(value?.DeepClone());
                break;
            case 5:
                Set(parent, key, Nested(random.Next(2) == 0 ? random.Next(1, 40) : random.Next(400, 470), random));
                break;
            default:
                Set(parent, key, OfOtherType(value, random));
                break;
        }
        return root;
    }

    /// <summary>The document with something in its text that no tree can hold: raw values, duplicate keys.</summary>
    public static byte[] Text(JsonNode document, Random random)
    {
        var copy = document.DeepClone();
        var places = new List<(JsonNode Parent, object Key)>();
        Collect(copy, places);
        if (places.Count == 0) return "{"u8.ToArray();
        var (parent, key) = places[random.Next(places.Count)];
        if (random.Next(4) == 0 && parent is JsonObject)
        {
            var name = JsonSerializer.Serialize((string)key);
            var value = Get(parent, key)?.ToJsonString(Deep) ?? "null";
            Set(parent, key, JsonValue.Create("@mark@"));
            return Encoding.UTF8.GetBytes(copy.ToJsonString(Deep).Replace(Mark, $"{value},{name}:{value}", StringComparison.Ordinal));
        }
        Set(parent, key, JsonValue.Create("@mark@"));
        return Encoding.UTF8.GetBytes(copy.ToJsonString(Deep).Replace(Mark, RawValues[random.Next(RawValues.Length)], StringComparison.Ordinal));
    }

    private static JsonNode? OfOtherType(JsonNode? value, Random random) => random.Next(7) switch
    {
        0 => JsonValue.Create(random.Next(2) == 0),
        1 => JsonValue.Create(random.NextInt64(long.MinValue, long.MaxValue)),
        2 => JsonValue.Create(random.Next(-3, 70000)),
        3 => new JsonObject { ["a"] = value?.DeepClone() },
        4 => new JsonArray(value?.DeepClone()),
        5 => null,
        _ => JsonValue.Create(random.NextDouble()),
    };

    private static JsonNode Nested(int depth, Random random)
    {
        JsonNode node = new JsonObject();
        for (var i = 0; i < depth; i++) node = random.Next(2) == 0 ? new JsonArray(node) : new JsonObject { ["a"] = node };
        return node;
    }

    private static void Collect(JsonNode? node, List<(JsonNode Parent, object Key)> places)
    {
        if (node is JsonObject obj)
            foreach (var (name, value) in obj)
            {
                places.Add((obj, name));
                Collect(value, places);
            }
        else if (node is JsonArray list)
            for (var i = 0; i < list.Count; i++)
            {
                places.Add((list, i));
                Collect(list[i], places);
            }
    }

    private static JsonNode? Get(JsonNode parent, object key) => key is string name ? parent[name] : parent[(int)key];

    private static void Set(JsonNode parent, object key, JsonNode? value)
    {
        if (key is string name) parent[name] = value; else parent[(int)key] = value;
    }
}
