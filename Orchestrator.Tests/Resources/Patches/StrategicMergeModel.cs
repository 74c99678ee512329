using System.Text.Json.Nodes;

namespace Orchestrator.Tests.Resources.Patches;

/// <summary>
/// Strategic merge of <see cref="StrategicMergeCase.Item"/>, written another way: the result's members are computed from both sides by what each field of that type is,
/// lists of objects as dictionaries by name, lists of numbers as sets. Order is not modelled.
/// </summary>
internal static class StrategicMergeModel
{
    private static readonly string[] ByName = ["mergingList", "retainKeysMergingList"];
    private static readonly string[] Structs = ["mergeItemPtr", "retainKeysMap"];

    public static JsonObject Merge(JsonObject server, JsonObject patch)
    {
        switch ((string?)patch["$patch"])
        {
            case "delete": return [];
            case "replace": return new JsonObject(patch.Where(p => p.Key != "$patch").Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone())));
        }
        var kept = patch["$retainKeys"] is JsonArray names ? names.Select(n => (string)n!).ToHashSet(StringComparer.Ordinal) : null;
        var result = new JsonObject();
        var removed = patch["$deleteFromPrimitiveList/mergingIntList"] as JsonArray ?? [];
        foreach (var name in server.Select(p => p.Key).Union(patch.Select(p => p.Key).Where(k => k[0] != '$'), StringComparer.Ordinal))
        {
            var old = kept?.Contains(name) == false ? null : server[name];
            JsonNode? value;
            if (!patch.ContainsKey(name)) value = old?.DeepClone();
            else if (patch[name] is null) continue;
            else if (old is null || old.GetValueKind() != patch[name]!.GetValueKind()) value = Fresh(patch[name]!);
            else value = Field(name, old, patch[name]!);
            if (name == "mergingIntList" && old is not null && value is JsonArray numbers) value = new JsonArray([.. numbers.Where(n => !removed.Any(r => JsonNode.DeepEquals(r, n))).Select(n => n!.DeepClone())]);
            if (value is not null) result[name] = value;
        }
        return result;
    }

    private static JsonNode Field(string name, JsonNode old, JsonNode value)
    {
        if (name == "simpleMap") return Map(old.AsObject(), value.AsObject());
        if (Structs.Contains(name)) return Merge(old.AsObject(), value.AsObject());
        if (name == "mergingIntList") return new JsonArray([.. old.AsArray().Concat(value.AsArray()).Select(n => (long)n!).Distinct().Select(n => (JsonNode)n)]);
        return ByName.Contains(name) ? Keyed(old.AsArray(), value.AsArray()) : value.DeepClone();
    }

    private static JsonArray Keyed(JsonArray old, JsonArray patch)
    {
        var changes = patch.Select(p => p!.AsObject()).ToList();
        var plain = changes.Where(c => !c.ContainsKey("$patch")).ToList();
        if (changes.Any(c => (string?)c["$patch"] == "replace")) return [.. plain.Select(c => c.DeepClone())];
        var items = old.Select(o => o!.AsObject()).ToDictionary(o => (string)o["name"]!, StringComparer.Ordinal);
        foreach (var gone in changes.Where(c => (string?)c["$patch"] == "delete")) items.Remove((string)gone["name"]!);
        foreach (var change in plain)
        {
            var name = (string)change["name"]!;
            items[name] = items.TryGetValue(name, out var item) ? Merge(item, change) : change.DeepClone().AsObject();
        }
        return [.. items.Values.Select(i => i.DeepClone())];
    }

    private static JsonObject Map(JsonObject old, JsonObject patch) => new(old.Select(p => p.Key).Union(patch.Select(p => p.Key), StringComparer.Ordinal)
        .Where(k => !patch.ContainsKey(k) || patch[k] is not null).Select(k => KeyValuePair.Create(k, (patch[k] ?? old[k])?.DeepClone())));

    /// <summary>What a patch brings where nothing was: without nulls and without what carries a directive.</summary>
    private static JsonNode? Fresh(JsonNode value) => value switch
    {
        JsonObject obj when obj.ContainsKey("$patch") => null,
        JsonObject obj => new JsonObject(obj.Where(p => p.Value is not null).Select(p => KeyValuePair.Create(p.Key, Fresh(p.Value!))).Where(p => p.Value is not null)),
        JsonArray list => new JsonArray([.. list.Select(i => Fresh(i!)).Where(i => i is not null)]),
        _ => value.DeepClone(),
    };
}
