using System.Text.Json.Nodes;
using Orchestrator.Resources.Conversion;
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
    /// noted at its creation stays without until it is first applied. Each entry is compared in the version it names. Throws <see cref="ConversionElsewhereException"/> where
    /// <paramref name="versions"/> lacks a webhook's answer; the object is as it was then.
    /// </summary>
    public static void Track(ResourceKind kind, SchemaType type, JsonObject? live, JsonObject obj, string manager, string subresource, DateTimeOffset now, KindVersions versions)
    {
        if (live is not null && !HasManagers(obj)) return;
        var reset = Reset(kind, subresource);
        var comparison = FieldComparison.Of(live ?? Nothing, obj, type, reset);
        comparison = comparison with { Changed = FieldSet.Difference(comparison.Changed, Untracked) };
        // Entries of versions that are gone go with any write, also with one that changes nothing.
        if (comparison.IsSame && !ManagedFields.NameOthers(obj, kind.ApiVersion)) return;
        List<ManagedEntry> entries;
        try
        {
            entries = ManagedFields.Read(obj);
        }
        catch (FormatException)
        {
            entries = [];
        }
        try
        {
            Yield(entries, null, new EntryComparisons(versions, kind, live ?? Nothing, obj, comparison, reset));
        }
        catch (ConversionFailedException)
        {
            // As upstream in 1.32 (UpdateNoErrors): only an apply fails for its managers' sake; any other write goes on, and the list begins anew with the next apply.
            ObjectMeta.Of(obj).Remove("managedFields");
            return;
        }
        if (comparison.Changed is not null)
            Take(entries, new ManagedEntry(manager, ManagedEntry.Update, kind.ApiVersion, subresource) { Time = ObjectMeta.Timestamp(now), Fields = comparison.Changed });
        ManagedFields.Cap(entries);
        ManagedFields.Write(obj, entries);
    }

    /// <summary>
    /// As <see cref="Track"/>, where only the top-level field <paramref name="part"/> of an object can have changed: the entries that own nothing in it are not looked into. For kinds of one
    /// version: entries of others go. Returns the list as JSON; null where it stays as it is.
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
            entries.RemoveAll(e => e.ApiVersion != mine.ApiVersion);
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
    /// <paramref name="live"/> is empty for an object that does not exist. Throws <see cref="StatusException"/> 409 for conflicts, 422 and 400 for a configuration that cannot be applied, 500
    /// where the object cannot be shown in the version of one of its managers, and <see cref="ConversionElsewhereException"/> where <paramref name="versions"/> lacks a webhook's answer.
    /// </summary>
    public static JsonObject Apply(ResourceKind kind, SchemaType type, JsonObject live, JsonObject config, string manager, string subresource, bool force, DateTimeOffset now, KindVersions versions)
    {
        try
        {
            return Merged(kind, type, live, config, manager, subresource, force, now, versions);
        }
        catch (ConversionFailedException failed)
        {
            throw ApiStatus.Unknown(failed.Message).AsException();
        }
    }

    private static JsonObject Merged(ResourceKind kind, SchemaType type, JsonObject live, JsonObject config, string manager, string subresource, bool force, DateTimeOffset now, KindVersions versions)
    {
        if ((config["metadata"] as JsonObject)?.ContainsKey("managedFields") == true) throw ApiStatus.BadRequest("metadata.managedFields must be nil").AsException();
        try
        {
            return Applied(kind, type, live, config, manager, subresource, force, now, versions);
        }
        catch (ApplyConflictException conflicts) when (manager == Kubectl)
        {
            // Fields that kubectl's client-side apply has set are kubectl's: moving on to server-side apply is no conflict with oneself.
            var left = ClientSideApply.WithoutOwn(conflicts.Conflicts, live, type, kind.ApiVersion);
            if (left.Count > 0) throw ApplyConflict.Status(left).AsException();
            return Applied(kind, type, live, config, manager, subresource, force: true, now, versions);
        }
        catch (ApplyConflictException conflicts)
        {
            throw ApplyConflict.Status(conflicts.Conflicts).AsException();
        }
    }

    private static JsonObject Applied(ResourceKind kind, SchemaType type, JsonObject live, JsonObject config, string manager, string subresource, bool force, DateTimeOffset now, KindVersions versions)
    {
        var time = ObjectMeta.Timestamp(now);
        var entries = ManagedFields.Read(live);
        var bare = live.DeepClone().AsObject();
        (bare["metadata"] as JsonObject)?.Remove("managedFields");
        if (entries.Count == 0 && FieldSet.Difference(FieldComparison.Of(Nothing, bare, type, Reset(kind, "")).Changed, Untracked) is { } before)
            entries.Add(new ManagedEntry(BeforeFirstApply, ManagedEntry.Update, kind.ApiVersion, "") { Time = time, Fields = before });

        Reconcile(entries, kind, bare, versions);

        var reset = Reset(kind, subresource);
        var fields = FieldSets.Of(config, type, reset);
        var self = new ManagedEntry(manager, ManagedEntry.Apply, kind.ApiVersion, subresource) { Time = time, Fields = fields };
        var at = entries.FindIndex(e => e.IsSameManager(self));
        var last = at < 0 ? null : entries[at];
        if (at < 0) entries.Add(self);
        else entries[at] = self;

        var merged = ApplyMerge.Merge(bare, config, type);
        merged = FieldRemoval.Prune(merged, kind, type, last, entries, versions);
        var comparison = FieldComparison.Of(bare, merged, type, reset);
        var comparisons = new EntryComparisons(versions, kind, bare, merged, comparison, reset);
        if (!force)
        {
            var conflicts = entries.Where(e => e != self).Select(e => (Entry: e, Fields: FieldSet.Intersection(e.Fields, comparisons.Of(e)?.Changed))).Where(c => c.Fields is not null).ToList();
            if (conflicts.Count > 0) throw new ApplyConflictException([.. conflicts.SelectMany(c => c.Fields!.Paths().Select(p => new ApplyConflict(c.Entry, p)))]);
        }
        Yield(entries, self, comparisons);
        var mine = self with { Fields = FieldSet.Difference(fields, Untracked) };
        // An apply that changes nothing in the object is not worth a new time, whatever it owns now and in which version; upstream gives its first entry none at all.
        if (comparison.IsSame) mine = last is not null && last.ApiVersion == mine.ApiVersion && FieldSet.Same(last.Fields, mine.Fields) ? last : mine with { Time = last?.Time };
        entries[entries.IndexOf(self)] = mine;
        var result = comparison.IsSame ? bare : merged;
        if (manager == Kubectl) ClientSideApply.Refresh(result, config);
        ManagedFields.Write(result, entries);
        return result;
    }

    /// <summary>
    /// Before an apply (reconcileManagedFieldsWithSchemaChanges): entries of versions that are gone go, an applier's own among them, and the object has to be convertible into all others.
    /// </summary>
    private static void Reconcile(List<ManagedEntry> entries, ResourceKind kind, JsonObject live, KindVersions versions)
    {
        for (var i = entries.Count - 1; i >= 0; i--)
        {
            if (entries[i].ApiVersion == kind.ApiVersion) continue;
            if (versions.Find(kind, entries[i].ApiVersion) is { } other) versions.Convert(live, kind, other);
            else entries.RemoveAt(i);
        }
    }

    /// <summary>Takes from everybody but <paramref name="writer"/> what a change took, each as its version shows it; entries of versions that are gone go.</summary>
    private static void Yield(List<ManagedEntry> entries, ManagedEntry? writer, EntryComparisons comparisons)
    {
        for (var i = entries.Count - 1; i >= 0; i--)
        {
            if (ReferenceEquals(entries[i], writer)) continue;
            if (comparisons.Of(entries[i]) is { } comparison) entries[i] = Yield(entries[i], comparison);
            else entries.RemoveAt(i);
        }
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
