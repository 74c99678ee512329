using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Apply;

/// <summary>
/// Puts an applied configuration over a live object (structured-merge-diff's Merge): maps and structs part by part, map and set lists item by item,
/// everything else as the configuration says. Neither side is changed.
/// </summary>
internal static class ApplyMerge
{
    /// <summary>The merged object. Throws 422 where a list of the configuration names one item twice or gives an item no key.</summary>
    internal static JsonObject Merge(JsonObject live, JsonObject config, SchemaType type) => (JsonObject)Merge(FieldShape.Of(type), live, config, "")!;

    private static JsonNode? Merge(in FieldShape shape, JsonNode? live, JsonNode? config, string path)
    {
        var division = shape.For(config);
        if (division == FieldShape.Division.Leaf || config is null) return config?.DeepClone();
        if (config is JsonObject obj) return Parts(shape, live as JsonObject, obj, path);
        return Items(shape, live as JsonArray, (JsonArray)config, path);
    }

    private static JsonObject Parts(in FieldShape shape, JsonObject? live, JsonObject config, string path)
    {
        var result = new JsonObject();
        foreach (var (name, value) in live ?? [])
            if (!config.ContainsKey(name)) result[name] = value?.DeepClone();
        foreach (var (name, value) in config) result[name] = Merge(shape.Part(name, out _), live?[name], value, $"{path}.{name}");
        return result;
    }

    /// <summary>
    /// The items both sides have come in the configuration's order; the live side's own stay where they are among them.
    /// </summary>
    private static JsonArray Items(in FieldShape shape, JsonArray? live, JsonArray config, string path)
    {
        var (right, left) = (Identify(shape, config, path, strict: true), Identify(shape, live ?? [], path, strict: false));
        var (inConfig, inLive) = (First(right), First(left));
        var shared = new Queue<string>(right.Where(r => inLive.ContainsKey(r.Element)).Select(r => r.Element));
        var taken = new HashSet<string>(StringComparer.Ordinal);
        var result = new JsonArray();
        var item = shape.Item;
        for (int l = 0, r = 0; l < left.Count || r < right.Count;)
        {
            if (l < left.Count)
            {
                var element = left[l].Element;
                if (r < right.Count && element == right[r].Element)
                {
                    taken.Add(element);
                    result.Add(Merge(item, left[l].Item, right[r].Item, $"{path}{PathElement.Print([element])}"));
                    l++;
                    r++;
                    shared.TryDequeue(out _);
                    continue;
                }
                if (!inConfig.ContainsKey(element))
                {
                    result.Add(left[l].Item?.DeepClone());
                    l++;
                    continue;
                }
                // Both sides have it, but it is not its turn yet, or it has been taken before.
                if (r >= right.Count || taken.Contains(element) || (shared.TryPeek(out var next) && next != element))
                {
                    l++;
                    continue;
                }
            }
            if (r >= right.Count) continue;
            var mine = right[r++];
            taken.Add(mine.Element);
            result.Add(Merge(item, inLive.GetValueOrDefault(mine.Element), mine.Item, $"{path}{PathElement.Print([mine.Element])}"));
            if (shared.TryPeek(out var turn) && turn == mine.Element) shared.Dequeue();
        }
        return result;
    }

    private static List<(string Element, JsonNode? Item)> Identify(in FieldShape shape, JsonArray list, string path, bool strict)
    {
        var result = new List<(string, JsonNode?)>(list.Count);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var at = 0;
        foreach (var item in list)
        {
            var element = shape.ElementOf(item);
            if (strict && element is null) throw Refused($"{path}: element {at}: associative list with keys has an element that omits key field{(shape.Keys is { Count: 1 } k ? $" \"{k[0]}\"" : "s")} (and doesn't have default value)");
            if (strict && !seen.Add(element!)) throw Refused($"{path}: duplicate entries for key {PathElement.Print([element!])}");
            // A live item without identity is nobody's: it stays under its place.
            result.Add((element ?? $"i:{at}", item));
            at++;
        }
        return result;
    }

    private static Dictionary<string, JsonNode?> First(List<(string Element, JsonNode? Item)> items)
    {
        var result = new Dictionary<string, JsonNode?>(items.Count, StringComparer.Ordinal);
        foreach (var (element, item) in items) result.TryAdd(element, item);
        return result;
    }

    private static StatusException Refused(string why) => new ApiStatus(422, "Invalid", $"failed to create typed patch object: errors:\n  {why}").AsException();
}
