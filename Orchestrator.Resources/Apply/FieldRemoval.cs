using System.Text.Json.Nodes;
using Orchestrator.Resources.Conversion;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Apply;

/// <summary>
/// Takes fields that an applier has let go out of an object (structured-merge-diff's prune): those it applied last time, does not apply now, and nobody
/// else owns. Each manager's fields are looked for in the version that its entry names.
/// </summary>
internal static class FieldRemoval
{
    /// <summary>
    /// <paramref name="merged"/> without what goes. <paramref name="last"/> is the manager's entry as it was before, <paramref name="owners"/> are all entries now, its new one included.
    /// </summary>
    internal static JsonObject Prune(JsonObject merged, ResourceKind kind, SchemaType type, ManagedEntry? last, List<ManagedEntry> owners, KindVersions versions)
    {
        if (last?.Fields is null) return merged;
        var before = versions.Find(kind, last.ApiVersion)!;
        var beforeType = TypeOf(before);
        var shape = FieldShape.Of(beforeType);
        var all = Convert(merged, kind, before, "failed to convert merged object to last applied version: ");
        var (allFields, fields) = (Fields(all, beforeType), FieldSets.WithNamedFields(last.Fields, shape));
        var pruned = Remove(all, shape, fields);

        // What others own is put back, version by version.
        var (whole, at) = (all, before);
        foreach (var owned in owners.GroupBy(e => e.ApiVersion, StringComparer.Ordinal))
        {
            var version = versions.Find(kind, owned.Key)!;
            whole = Convert(whole, at, version, $"failed add back owned items: failed to convert merged object at version {owned.Key}: ");
            pruned = Convert(pruned, at, version, $"failed add back owned items: failed to convert pruned object at version {owned.Key}: ");
            at = version;
            var versionType = TypeOf(version);
            var versionShape = FieldShape.Of(versionType);
            var kept = FieldSets.WithNamedFields(owned.Aggregate((FieldSet?)null, (sum, e) => FieldSet.Union(sum, e.Fields)), versionShape);
            pruned = Remove(whole, versionShape, FieldSet.Difference(ReferenceEquals(whole, all) ? allFields : Fields(whole, versionType), FieldSet.Union(Fields(pruned, versionType), kept)));
        }
        pruned = Convert(pruned, at, before, "failed add back dangling items: failed to convert pruned object to last applied version: ");
        pruned = Remove(all, shape, FieldSet.Intersection(FieldSet.Difference(allFields, Fields(pruned, beforeType)), fields));
        return Convert(pruned, before, kind, "");

        SchemaType TypeOf(ResourceKind version) => version.ApiVersion == kind.ApiVersion ? type : SchemaCatalog.Default.Find(version.SchemaName);

        JsonObject Convert(JsonObject obj, ResourceKind from, ResourceKind to, string failure)
        {
            try
            {
                return versions.Convert(obj, from, to);
            }
            catch (ConversionFailedException failed)
            {
                throw new ConversionFailedException($"failed to prune fields: {failure}{failed.Message}");
            }
        }
    }

    private static FieldSet? Fields(JsonObject obj, SchemaType type) => FieldSets.WithNamedFields(FieldSets.Of(obj, type), FieldShape.Of(type));

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
