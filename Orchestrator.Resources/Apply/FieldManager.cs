using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Schema;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Resources.Apply;

/// <summary>
/// Keeps <c>metadata.managedFields</c> and merges applied configurations (k8s.io/apimachinery/pkg/util/managedfields over structured-merge-diff).
/// Pure functions over an object's JSON and its schema; kinds differ only in their schema.
/// </summary>
public static class FieldManager
{
    /// <summary>Manager of what an object held before the first apply, where nobody had been noted.</summary>
    public const string BeforeFirstApply = "before-first-apply";

    /// <summary>The manager whose applies go along with kubectl's client-side apply annotation.</summary>
    internal const string Kubectl = "kubectl";

    private static readonly FieldSet Untracked = new[]
    {
        FieldSet.Of("f:apiVersion"), FieldSet.Of("f:kind"), FieldSet.Of("f:metadata"), FieldSet.Of("f:metadata", "f:name"), FieldSet.Of("f:metadata", "f:namespace"),
        FieldSet.Of("f:metadata", "f:creationTimestamp"), FieldSet.Of("f:metadata", "f:selfLink"), FieldSet.Of("f:metadata", "f:uid"), FieldSet.Of("f:metadata", "f:clusterName"),
        FieldSet.Of("f:metadata", "f:generation"), FieldSet.Of("f:metadata", "f:managedFields"), FieldSet.Of("f:metadata", "f:resourceVersion"),
    }.Aggregate((a, b) => FieldSet.Union(a, b));

    private static readonly JsonObject Nothing = [];

    /// <summary>
    /// Notes who changed what from <paramref name="live"/> (null for a create) to <paramref name="obj"/>, whose list of managers is changed in place. An object whose managers nobody
    /// noted at its creation stays without until it is first applied.
    /// </summary>
    public static void Track(ResourceKind kind, SchemaType type, JsonObject? live, JsonObject obj, string manager, string subresource, DateTimeOffset now)
    {
        if (live is not null && !HasManagers(obj)) return;
        var comparison = FieldComparison.Of(live ?? Nothing, obj, type, Reset(kind, subresource));
        comparison = comparison with { Changed = FieldSet.Difference(comparison.Changed, Untracked) };
        if (comparison.IsSame) return;
        List<ManagedEntry> entries;
        try
        {
            entries = ManagedFields.Read(obj);
        }
        catch (FormatException)
        {
            entries = [];
        }
        for (var i = 0; i < entries.Count; i++) entries[i] = Yield(entries[i], comparison);
        if (comparison.Changed is not null)
            Take(entries, new ManagedEntry(manager, ManagedEntry.Update, kind.ApiVersion, subresource) { Time = ObjectMeta.Timestamp(now), Fields = comparison.Changed });
        ManagedFields.Cap(entries);
        ManagedFields.Write(obj, entries);
    }

    /// <summary>
    /// As <see cref="Track"/>, where only the top-level field <paramref name="part"/> of an object can have changed: the entries that own nothing in it are not looked into. Returns the
    /// list as JSON; null where it stays as it is.
    /// </summary>
    public static byte[]? TrackPart(ResourceKind kind, SchemaType type, string part, JsonObject live, JsonObject now, ReadOnlySpan<byte> managers, string manager, string subresource, DateTimeOffset at)
    {
        var (before, after) = (new JsonObject { [part] = live }, new JsonObject { [part] = now });
        var comparison = FieldComparison.Of(before, after, type);
        before.Remove(part);
        after.Remove(part);
        if (comparison.IsSame) return null;
        var mine = new ManagedEntry(manager, ManagedEntry.Update, kind.ApiVersion, subresource) { Time = ObjectMeta.Timestamp(at), Fields = comparison.Changed };
        try
        {
            var list = JsonNode.Parse(managers)!.AsArray();
            var field = PathElement.Field(part);
            var entries = list.Select(item => ManagedEntry.ReadPart(item!.AsObject(), field, mine, list.Count >= ManagedFields.MaxUpdateManagers)).ToList();
            for (var i = 0; i < entries.Count; i++) entries[i] = Yield(entries[i], comparison);
            if (comparison.Changed is not null) Take(entries, mine);
            ManagedFields.Cap(entries);
            return ManagedFields.Encode(entries);
        }
        catch (FormatException)
        {
            // As upstream: a list that cannot be read begins anew.
            return comparison.Changed is null ? null : ManagedFields.Encode([mine]);
        }
    }

    /// <summary>
    /// The live object with the configuration applied, list of managers included; the live object itself (a copy) where that changes nothing.
    /// <paramref name="live"/> is empty for an object that does not exist. Throws <see cref="StatusException"/> 409 for conflicts, 422 and 400 for a configuration that cannot be applied.
    /// </summary>
    public static JsonObject Apply(ResourceKind kind, SchemaType type, JsonObject live, JsonObject config, string manager, string subresource, bool force, DateTimeOffset now)
    {
        if ((config["metadata"] as JsonObject)?.ContainsKey("managedFields") == true) throw ApiStatus.BadRequest("metadata.managedFields must be nil").AsException();
        try
        {
            return Applied(kind, type, live, config, manager, subresource, force, now);
        }
        catch (ApplyConflictException conflicts) when (manager == Kubectl)
        {
            // Fields that kubectl's client-side apply has set are kubectl's: moving on to server-side apply is no conflict with oneself.
            var left = ClientSideApply.WithoutOwn(conflicts.Conflicts, live, type, kind.ApiVersion);
            if (left.Count > 0) throw ApplyConflict.Status(left).AsException();
            return Applied(kind, type, live, config, manager, subresource, force: true, now);
        }
        catch (ApplyConflictException conflicts)
        {
            throw ApplyConflict.Status(conflicts.Conflicts).AsException();
        }
    }

    private static JsonObject Applied(ResourceKind kind, SchemaType type, JsonObject live, JsonObject config, string manager, string subresource, bool force, DateTimeOffset now)
    {
        var time = ObjectMeta.Timestamp(now);
        var entries = ManagedFields.Read(live);
        var bare = live.DeepClone().AsObject();
        (bare["metadata"] as JsonObject)?.Remove("managedFields");
        if (entries.Count == 0 && FieldSet.Difference(FieldComparison.Of(Nothing, bare, type, Reset(kind, "")).Changed, Untracked) is { } before)
            entries.Add(new ManagedEntry(BeforeFirstApply, ManagedEntry.Update, kind.ApiVersion, "") { Time = time, Fields = before });

        var fields = FieldSets.Of(config, type, Reset(kind, subresource));
        var self = new ManagedEntry(manager, ManagedEntry.Apply, kind.ApiVersion, subresource) { Time = time, Fields = fields };
        var at = entries.FindIndex(e => e.IsSameManager(self));
        var last = at < 0 ? null : entries[at];
        if (at < 0) entries.Add(self);
        else entries[at] = self;

        var merged = ApplyMerge.Merge(bare, config, type);
        merged = FieldRemoval.Prune(merged, type, last?.Fields, entries.Aggregate((FieldSet?)null, (all, e) => FieldSet.Union(all, e.Fields)));
        var comparison = FieldComparison.Of(bare, merged, type, Reset(kind, subresource));
        if (!force)
        {
            var conflicts = entries.Where(e => e != self).Select(e => (Entry: e, Fields: FieldSet.Intersection(e.Fields, comparison.Changed))).Where(c => c.Fields is not null).ToList();
            if (conflicts.Count > 0) throw new ApplyConflictException([.. conflicts.SelectMany(c => c.Fields!.Paths().Select(p => new ApplyConflict(c.Entry, p)))]);
        }
        for (var i = 0; i < entries.Count; i++)
            if (entries[i] != self) entries[i] = Yield(entries[i], comparison);
        var mine = self with { Fields = FieldSet.Difference(fields, Untracked) };
        // An apply that changes nothing is not worth a new time.
        if (comparison.IsSame && last is not null && last.ApiVersion == mine.ApiVersion && FieldSet.Same(last.Fields, mine.Fields)) mine = last;
        entries[entries.IndexOf(self)] = mine;
        var result = comparison.IsSame ? bare : merged;
        if (manager == Kubectl) ClientSideApply.Refresh(result, config);
        ManagedFields.Write(result, entries);
        return result;
    }

    /// <summary>What another manager keeps after a change: neither what is gone nor what now has another value.</summary>
    private static ManagedEntry Yield(ManagedEntry entry, FieldComparison comparison) =>
        entry.With(FieldSet.Difference(FieldSet.Difference(entry.Fields, comparison.Changed), comparison.Removed));

    private static void Take(List<ManagedEntry> entries, ManagedEntry mine)
    {
        var at = entries.FindIndex(e => e.IsSameManager(mine));
        if (at < 0) entries.Add(mine);
        else entries[at] = mine with { Fields = FieldSet.Union(entries[at].Fields, mine.Fields) };
    }

    /// <summary>The top-level field that a write through this subresource cannot touch, and so cannot come to own.</summary>
    private static string? Reset(ResourceKind kind, string subresource) => subresource switch
    {
        "status" => "spec",
        "" when kind.Subresources.Contains("status") => "status",
        _ => null,
    };

    private static bool HasManagers(JsonObject obj) => (obj["metadata"] as JsonObject)?["managedFields"] is JsonArray { Count: > 0 };
}
