using System.Text.Json.Nodes;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Apply;

/// <summary>Field sets of whole objects, and what depends on the schema about a set.</summary>
public static class FieldSets
{
    /// <summary>
    /// The fields that an applied configuration speaks of (structured-merge-diff's ToFieldSet): its leaves, its list items and map entries, and containers it
    /// gives as empty. The top-level field <paramref name="except"/> is left out.
    /// </summary>
    public static FieldSet? Of(JsonObject obj, SchemaType type, string? except = null) => Below(FieldShape.Of(type), obj, except);

    /// <summary>
    /// The set with every declared field on the way to a member made a member too; what removal works on, so that a struct goes when all of it went.
    /// </summary>
    internal static FieldSet? WithNamedFields(FieldSet? set, in FieldShape shape)
    {
        if (set is null) return null;
        var result = new FieldSetBuilder(set.Entries.Length);
        foreach (var entry in set.Entries)
        {
            var name = PathElement.FieldName(entry.Element);
            FieldShape below = default;
            SchemaField? field = null;
            if (name is not null) below = shape.Part(name, out field);
            else if (shape.Divided == FieldShape.Division.ItemKeys) below = shape.Item;
            result.Add(entry.Element, entry.Member || field is not null, WithNamedFields(entry.Below, below));
        }
        return result.Build();
    }

    private static FieldSet? Below(in FieldShape shape, JsonNode? value, string? except = null)
    {
        switch (value)
        {
            case JsonObject obj:
                var fields = new FieldSetBuilder(obj.Count);
                foreach (var (name, part) in obj)
                {
                    if (name == except) continue;
                    var partShape = shape.Part(name, out var field);
                    var leaf = IsLeaf(partShape, part);
                    // A map's entry is one of its own; a declared field only where nothing stands below it.
                    fields.Add(field?.PathElement ?? PathElement.Field(name), leaf || field is null, leaf ? null : Below(partShape, part));
                }
                return fields.Build();
            case JsonArray list:
                var items = new FieldSetBuilder(list.Count);
                var seen = new HashSet<string>(StringComparer.Ordinal);
                foreach (var item in list)
                    if (shape.ElementOf(item) is { } element && seen.Add(element)) items.Add(element, true, IsLeaf(shape.Item, item) ? null : Below(shape.Item, item));
                return items.Build();
            default:
                return null;
        }
    }

    private static bool IsLeaf(in FieldShape shape, JsonNode? value) => shape.For(value) == FieldShape.Division.Leaf || value is null or JsonObject { Count: 0 } or JsonArray { Count: 0 };
}
