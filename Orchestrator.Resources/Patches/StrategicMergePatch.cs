using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Patches;

/// <summary>
/// Kubernetes' strategic merge patch: a merge patch that merges lists by key or as sets where the schema says so, steered by directives inside
/// the patch (<c>$patch</c>, <c>$retainKeys</c>, <c>$deleteFromPrimitiveList/x</c>, <c>$setElementOrder/x</c>).
/// </summary>
public static class StrategicMergePatch
{
    private const string Directive = "$patch";
    private const string RetainKeys = "$retainKeys";
    private const string DeleteFromPrimitiveList = "$deleteFromPrimitiveList";
    private const string SetElementOrder = "$setElementOrder";

    /// <summary>
    /// Applies <paramref name="patch"/> to <paramref name="current"/>, which is changed and must not be used any more. Throws
    /// <see cref="StatusException"/>: 400 for a malformed directive, 422 for a patch that does not fit the object or its type.
    /// </summary>
    public static JsonObject Apply(JsonObject current, JsonObject patch, SchemaType type) =>
        MergeMap(current, patch.DeepClone().AsObject(), new FieldType(false, () => type));

    private static JsonObject MergeMap(JsonObject original, JsonObject patch, FieldType? type)
    {
        if (patch.TryGetPropertyValue(Directive, out var directive))
        {
            switch (Text(directive))
            {
                case "replace":
                    patch.Remove(Directive);
                    return patch;
                case "delete": return [];
                default: throw PatchErrors.DoesNotApply($"unknown patch type: {Text(directive) ?? directive?.ToJsonString() ?? "null"} in map: {patch.ToJsonString()}");
            }
        }
        ApplyRetainKeys(original, patch);
        ApplyElementOrders(original, patch, type);
        foreach (var (name, value) in patch.ToList())
        {
            var deletes = name.StartsWith(DeleteFromPrimitiveList, StringComparison.Ordinal);
            var key = deletes ? NameAfter(name, DeleteFromPrimitiveList, "invalid patch format of primitive list") : name;
            if (value is null)
            {
                original.Remove(key);
                continue;
            }
            original.TryGetPropertyValue(key, out var current);
            if (current is null || current.GetType() != value.GetType() && !(current is JsonValue && value is JsonValue))
            {
                if (deletes) continue;
                Assign(original, key, value);
                continue;
            }
            switch (value)
            {
                case JsonObject changes:
                    var objectMeta = PatchMeta.Of(type, key);
                    Replace(original, key, objectMeta.Strategy == "replace" ? Detached(changes) : MergeMap(current.AsObject(), changes, objectMeta.Type));
                    break;
                case JsonArray items:
                    var meta = PatchMeta.Of(type, key);
                    Replace(original, key, meta.Strategy == "merge" || deletes ? MergeList(current.AsArray(), items, meta, deletes, out _) : Detached(items));
                    break;
                default:
                    Assign(original, key, value);
                    break;
            }
        }
        return original;
    }

    /// <summary><c>$retainKeys</c>: only the named fields of the original survive, and the patch may set no other.</summary>
    private static void ApplyRetainKeys(JsonObject original, JsonObject patch)
    {
        if (!patch.TryGetPropertyValue(RetainKeys, out var retained)) return;
        patch.Remove(RetainKeys);
        const string Malformed = "invalid patch format of retainKeys";
        if (retained is not JsonArray names) throw PatchErrors.Malformed(Malformed);
        var keep = names.Select(n => Text(n) ?? throw PatchErrors.Malformed(Malformed)).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, value) in patch)
            if (value is not null && !name.StartsWith(DeleteFromPrimitiveList, StringComparison.Ordinal) && !name.StartsWith(SetElementOrder, StringComparison.Ordinal) && !keep.Contains(name))
                throw PatchErrors.Malformed(Malformed);
        foreach (var name in original.Select(p => p.Key).Where(k => !keep.Contains(k)).ToList()) original.Remove(name);
    }

    /// <summary><c>$setElementOrder/x</c>: merges list x here and brings it into the given order; what only the server has keeps its relative place.</summary>
    private static void ApplyElementOrders(JsonObject original, JsonObject patch, FieldType? type)
    {
        foreach (var (name, value) in patch.Where(p => p.Key.StartsWith(SetElementOrder, StringComparison.Ordinal)).ToList())
        {
            const string Malformed = "invalid patch format of setElementOrder list";
            patch.Remove(name);
            if (value is not JsonArray order) throw PatchErrors.Malformed(Malformed);
            var key = NameAfter(name, SetElementOrder, Malformed);
            var current = List(original, key, Malformed);
            var changes = List(patch, key, Malformed);
            var meta = PatchMeta.Of(type, key);
            ListOrder.CheckPatchFollows(changes, order, meta.MergeKey);
            if (current is null && changes is null) continue;

            IList<JsonNode?> before = current is null ? [] : current.Select(i => i?.DeepClone()).ToList();
            var merged = current is not null && changes is not null
                ? meta.Strategy == "merge" ? MergeList(current, changes, meta, deletes: false, out before) : Detached(changes)
                : current ?? (JsonArray)WithoutDirectives(changes!)!;
            patch.Remove(key);
            Replace(original, key, ListOrder.Arrange(merged, order, before, meta.MergeKey));
        }
    }

    /// <summary>
    /// Merges two lists. <paramref name="serverOrder"/> is what an enclosing <c>$setElementOrder</c> has to take for the server's order: upstream
    /// deletes and appends in place, so that an added element which takes a deleted one's place counts as the server's there, and its tests hold that.
    /// </summary>
    private static JsonArray MergeList(JsonArray original, JsonArray patch, PatchMeta meta, bool deletes, out IList<JsonNode?> serverOrder)
    {
        serverOrder = [];
        if (original.Count == 0 && patch.Count == 0) return original;
        var objects = ElementsAreObjects(original, patch);
        if (!objects && deletes) return [.. original.Where(o => !patch.Any(p => JsonNode.DeepEquals(o, p))).Select(o => o?.DeepClone())];

        var before = original.Select(i => i?.DeepClone()).ToList();
        serverOrder = before;
        JsonArray merged;
        var order = patch;
        if (!objects) merged = ListOrder.Union(original, patch);
        else
        {
            if (meta.MergeKey is not { } key) throw PatchErrors.DoesNotApply("cannot merge lists without merge key for a list of objects");
            (merged, order) = MergeObjects(original, patch, key, meta.Type, ref before);
            serverOrder = [.. merged.Take(serverOrder.Count).Select(i => i?.DeepClone())];
        }
        return ListOrder.Arrange(merged, order, before, meta.MergeKey);
    }

    /// <summary>Merges a list of objects by key; directives first. Returns the list and those elements of the patch that are not directives.</summary>
    private static (JsonArray Merged, JsonArray Order) MergeObjects(JsonArray original, JsonArray patch, string key, FieldType? element, ref List<JsonNode?> before)
    {
        var changes = new List<JsonObject>();
        var replace = false;
        foreach (var item in patch.Select(i => i!.AsObject()))
        {
            if (!item.TryGetPropertyValue(Directive, out var directive)) { changes.Add(item); continue; }
            switch (Text(directive))
            {
                case "delete":
                    var deleted = ListOrder.KeyOf(item, key);
                    for (var i = original.Count - 1; i >= 0; i--)
                        if (JsonNode.DeepEquals(original[i]![key], deleted)) original.RemoveAt(i);
                    break;
                case "replace": replace = true; break;
                case "merge": throw PatchErrors.DoesNotApply("merging lists cannot yet be specified in the patch");
                default: throw PatchErrors.DoesNotApply($"unknown patch type: {directive?.ToJsonString() ?? "null"} in map: {item.ToJsonString()}");
            }
        }
        if (replace)
        {
            before = [.. changes];
            var replacement = new JsonArray([.. changes.Select(c => c.DeepClone())]);
            return (replacement, []);
        }
        foreach (var change in changes)
        {
            var value = ListOrder.KeyOf(change, key);
            var at = -1;
            for (var i = 0; i < original.Count && at < 0; i++)
                if (JsonNode.DeepEquals(original[i]![key], value)) at = i;
            if (at < 0) original.Add(change.DeepClone());
            else
            {
                var found = original[at]!.AsObject();
                var merged = MergeMap(found, change.DeepClone().AsObject(), element);
                if (!ReferenceEquals(merged, found)) original[at] = merged;
            }
        }
        return (original, new JsonArray([.. changes.Select(c => c.DeepClone())]));
    }

    private static bool ElementsAreObjects(JsonArray left, JsonArray right)
    {
        bool? objects = null;
        foreach (var item in left.Concat(right))
        {
            if (item is JsonArray) throw PatchErrors.DoesNotApply("lists of lists are not supported");
            if (objects is { } sort && sort != item is JsonObject) throw PatchErrors.DoesNotApply("list element types are not identical");
            objects = item is JsonObject;
        }
        return objects == true;
    }

    private static void Assign(JsonObject original, string key, JsonNode value)
    {
        DropNulls(value);
        if (WithoutDirectives(value) is { } clean) Replace(original, key, clean);
        else original.Remove(key);
    }

    private static void Replace(JsonObject parent, string key, JsonNode value)
    {
        if (value.Parent is null) parent[key] = value;
        else if (!ReferenceEquals(value.Parent, parent)) parent[key] = value.DeepClone();
    }

    /// <summary>A copy without objects that carry <c>$patch</c>; null when the value is one itself.</summary>
    private static JsonNode? WithoutDirectives(JsonNode value)
    {
        switch (value)
        {
            case JsonObject obj:
                if (obj.ContainsKey(Directive)) return null;
                var result = new JsonObject();
                foreach (var (name, item) in obj)
                {
                    if (item is null) result[name] = null;
                    else if (WithoutDirectives(item) is { } clean) result[name] = clean;
                }
                return result;
            case JsonArray list:
                var items = new JsonArray();
                foreach (var item in list)
                {
                    if (item is null) items.Add(null);
                    else if (WithoutDirectives(item) is { } clean) items.Add(clean);
                }
                return items;
            default: return value.DeepClone();
        }
    }

    private static void DropNulls(JsonNode? value)
    {
        if (value is JsonObject obj)
        {
            foreach (var name in obj.Where(p => p.Value is null).Select(p => p.Key).ToList()) obj.Remove(name);
            foreach (var (_, item) in obj) DropNulls(item);
        }
        else if (value is JsonArray list)
            foreach (var item in list) DropNulls(item);
    }

    private static JsonArray? List(JsonObject obj, string key, string malformed) =>
        !obj.TryGetPropertyValue(key, out var value) || value is null ? null : value as JsonArray ?? throw PatchErrors.Malformed(malformed);

    private static string NameAfter(string name, string prefix, string malformed) =>
        name.Length > prefix.Length + 1 && name[prefix.Length] == '/' ? name[(prefix.Length + 1)..] : throw PatchErrors.Malformed(malformed);

    private static T Detached<T>(T node) where T : JsonNode => (T)node.DeepClone();

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
