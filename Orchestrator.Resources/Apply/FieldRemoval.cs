using System.Text.Json.Nodes;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Apply;

/// <summary>
/// Takes fields that an applier has let go out of an object (structured-merge-diff's prune): those it applied last time, does not apply now, and nobody
/// else owns.
/// </summary>
internal static class FieldRemoval
{
    /// <summary>
    /// <paramref name="merged"/> without what goes. <paramref name="last"/> is what the manager owned before, <paramref name="owned"/> what all managers own now, its new
    /// configuration included.
    /// </summary>
    internal static JsonObject Prune(JsonObject merged, SchemaType type, FieldSet? last, FieldSet? owned)
    {
        if (last is null) return merged;
        var shape = FieldShape.Of(type);
        last = FieldSets.WithNamedFields(last, shape);
        owned = FieldSets.WithNamedFields(owned, shape);
        var all = FieldSets.WithNamedFields(FieldSets.Of(merged, type), shape);
        FieldSet? Left(JsonObject of) => FieldSets.WithNamedFields(FieldSets.Of(of, type), shape);
        var pruned = Remove(merged, shape, last);
        pruned = Remove(merged, shape, FieldSet.Difference(all, FieldSet.Union(Left(pruned), owned)));
        return Remove(merged, shape, FieldSet.Intersection(FieldSet.Difference(all, Left(pruned)), last));
    }

    private static JsonObject Remove(JsonObject obj, in FieldShape shape, FieldSet? set) => Remove((JsonNode)obj, shape, set) as JsonObject ?? [];

    /// <summary>A copy without the set's members; null where nothing is left of it.</summary>
    private static JsonNode? Remove(JsonNode? value, in FieldShape shape, FieldSet? set)
    {
        if (set is null || value is null) return value?.DeepClone();
        switch (shape.For(value), value)
        {
            case (FieldShape.Division.Leaf, _):
                // What is owned as a whole has no parts to take away.
                return value.DeepClone();
            case (_, JsonObject obj):
                var left = new JsonObject();
                foreach (var (name, part) in obj)
                {
                    var partShape = shape.Part(name, out var field);
                    var entry = set.Find(field?.PathElement ?? PathElement.Field(name));
                    if (entry.Member) continue;
                    var kept = entry.Below is null ? part?.DeepClone() : Remove(part, partShape, entry.Below);
                    if (kept is not null || part is null) left[name] = kept;
                }
                return left.Count > 0 ? left : null;
            case (_, JsonArray list):
                var items = new JsonArray();
                foreach (var item in list)
                {
                    var entry = shape.ElementOf(item) is { } element ? set.Find(element) : default;
                    if (!entry.Member) items.Add(entry.Below is null ? item?.DeepClone() : Remove(item, shape.Item, entry.Below));
                }
                return items.Count > 0 ? items : null;
            default:
                return value.DeepClone();
        }
    }
}
