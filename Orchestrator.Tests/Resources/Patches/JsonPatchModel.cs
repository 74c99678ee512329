using System.Globalization;
using System.Text.Json.Nodes;

namespace Orchestrator.Tests.Resources.Patches;

/// <summary>
/// RFC 6902 written another way: nothing is changed in place, each operation makes a new document along the path, from the leaf up; null is "does not apply".
/// </summary>
internal static class JsonPatchModel
{
    private delegate (bool Applies, JsonNode? Parent) Edit(JsonNode? parent, string last);

    /// <summary>The patched document, or null where an operation does not apply.</summary>
    public static JsonNode? Apply(JsonNode document, JsonArray operations)
    {
        JsonNode? result = document;
        foreach (var operation in operations)
        {
            result = Step(result!, operation!.AsObject());
            if (result is null) return null;
        }
        return result;
    }

    private static JsonNode? Step(JsonNode document, JsonObject operation)
    {
        var path = Split((string)operation["path"]!);
        var value = operation["value"];
        switch ((string)operation["op"]!)
        {
            case "add":
                return Inserted(document, path, value);
            case "remove":
                return Removed(document, path);
            case "replace":
                return Along(document, path, (parent, last) => Read(parent, last).Exists ? (true, Put(parent, last, value)) : default);
            case "move":
                var source = Find(document, Split((string)operation["from"]!));
                return source.Exists && Removed(document, Split((string)operation["from"]!)) is { } without ? Inserted(without, path, source.Value) : null;
            case "copy":
                var copied = Find(document, Split((string)operation["from"]!));
                return copied.Exists ? Inserted(document, path, copied.Value) : null;
            default:
                // Where the place is missing but what would hold it is there, null is what is found.
                var holder = Find(document, path.SkipLast(1));
                if (!holder.Exists || holder.Value is not (JsonObject or JsonArray)) return null;
                return JsonNode.DeepEquals(Read(holder.Value, path[^1]).Value, value) ? document : null;
        }
    }

    private static JsonNode? Inserted(JsonNode document, string[] path, JsonNode? value) => Along(document, path, (parent, last) =>
    {
        if (parent is JsonObject obj) return (true, With(obj, last, value));
        if (parent is not JsonArray list) return default;
        var at = last == "-" ? list.Count : int.TryParse(last, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var index) ? index < 0 ? index + list.Count + 1 : index : -1;
        return at < 0 || at > list.Count ? default : (true, new JsonArray([.. Items(list).Take(at), value?.DeepClone(), .. Items(list).Skip(at)]));
    });

    private static JsonNode? Removed(JsonNode document, string[] path) => Along(document, path, (parent, last) =>
    {
        if (!Read(parent, last).Exists) return default;
        if (parent is JsonObject obj) return (true, new JsonObject(obj.Where(p => p.Key != last).Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone()))));
        var list = (JsonArray)parent!;
        return (true, new JsonArray([.. Items(list).Where((_, i) => i != Index(last, list.Count))]));
    });

    /// <summary>Rebuilds the document around an edit at the end of the path.</summary>
    private static JsonNode? Along(JsonNode? at, string[] path, Edit edit)
    {
        if (path.Length == 1)
        {
            var (applies, changed) = edit(at, path[0]);
            return applies ? changed : null;
        }
        var (exists, child) = Read(at, path[0]);
        if (!exists || Along(child, path[1..], edit) is not { } inner) return null;
        return Put(at, path[0], inner);
    }

    /// <summary>The parent with another value in a place that it has.</summary>
    private static JsonNode? Put(JsonNode? parent, string name, JsonNode? value) => parent switch
    {
        JsonObject obj => With(obj, name, value),
        JsonArray list => new JsonArray([.. list.Select((item, i) => i == Index(name, list.Count) ? value?.DeepClone() : item?.DeepClone())]),
        _ => null,
    };

    private static (bool Exists, JsonNode? Value) Find(JsonNode? at, IEnumerable<string> path)
    {
        foreach (var step in path)
        {
            var (exists, child) = Read(at, step);
            if (!exists) return default;
            at = child;
        }
        return (true, at);
    }

    private static (bool Exists, JsonNode? Value) Read(JsonNode? parent, string name)
    {
        if (parent is JsonObject obj) return (obj.ContainsKey(name), obj[name]);
        return parent is JsonArray list && Index(name, list.Count) is >= 0 and var i ? (true, list[i]) : default;
    }

    private static int Index(string text, int count) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var index) && index >= -count && index < count ? index < 0 ? index + count : index : -1;

    private static JsonObject With(JsonObject obj, string name, JsonNode? value) =>
        new(obj.Where(p => p.Key != name).Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone())).Append(KeyValuePair.Create(name, value?.DeepClone())));

    private static IEnumerable<JsonNode?> Items(JsonArray list) => list.Select(i => i?.DeepClone());

    private static string[] Split(string pointer) => [.. pointer.Split('/').Skip(1).Select(s => s.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];
}
