using System.Text.Json.Nodes;
using Orchestrator.Resources.Conversion;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Apply;

/// <summary>
/// What one change did, as each manager's entry sees it: in the version that the entry names (structured-merge-diff's Updater.update). Compared once per version, and only in versions that
/// somebody names.
/// </summary>
/// <param name="versions">The kind's versions.</param>
/// <param name="kind">The kind in the writer's version.</param>
/// <param name="before">The object before, in that version; empty for none.</param>
/// <param name="after">The object afterwards, in that version.</param>
/// <param name="own">What the change did in that version.</param>
/// <param name="except">Top-level field that is left out, or null.</param>
internal sealed class EntryComparisons(KindVersions versions, ResourceKind kind, JsonObject before, JsonObject after, FieldComparison own, string? except)
{
    private Dictionary<string, FieldComparison?>? _others;

    /// <summary>The change in the entry's version; null where that is gone, and the entry with it. Throws as <see cref="KindVersions.Convert"/>.</summary>
    internal FieldComparison? Of(ManagedEntry entry)
    {
        if (entry.ApiVersion == kind.ApiVersion) return own;
        _others ??= new Dictionary<string, FieldComparison?>(StringComparer.Ordinal);
        if (!_others.TryGetValue(entry.ApiVersion, out var comparison)) _others[entry.ApiVersion] = comparison = Compare(entry.ApiVersion);
        return comparison;
    }

    private FieldComparison? Compare(string apiVersion)
    {
        if (versions.Find(kind, apiVersion) is not { } other) return null;
        // Conversion touches nothing of the metadata but labels and annotations: whoever only takes a finalizer away need not wait for a webhook.
        if (IsBookkeeping(own.Changed) && IsBookkeeping(own.Removed)) return own;
        return FieldComparison.Of(versions.Convert(before, kind, other), After(other), SchemaCatalog.Default.Find(other.SchemaName), except);
    }

    private JsonObject After(ResourceKind other)
    {
        try
        {
            return versions.Convert(after, kind, other);
        }
        catch (ConversionFailedException failed)
        {
            throw new ConversionFailedException($"failed to convert new object: {failed.Message}");
        }
    }

    private static bool IsBookkeeping(FieldSet? set)
    {
        if (set is null) return true;
        foreach (var top in set.Entries)
        {
            if (top.Element != "f:metadata" || top.Member) return false;
            foreach (var entry in top.Below!.Entries)
                if (entry.Element is "f:labels" or "f:annotations") return false;
        }
        return true;
    }
}
