using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Extensions;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Api.Responses;

/// <summary>Stored objects in the version that a client asked for.</summary>
internal static class ShownEntries
{
    // What a webhook has converted, for everybody who asks for that object in that version: by entry, which is one version of one object. A definition that changes brings new kinds.
    private static readonly ConditionalWeakTable<ResourceEntry, ConditionalWeakTable<ResourceKind, ResourceEntry>> Converted = [];

    /// <summary>Whether entries of a kind can only be shown asynchronously.</summary>
    public static bool IsElsewhere(this ResourceKind kind) => kind.Conversion?.Webhook is not null;

    /// <summary>The entry in the kind's version; the entry itself where it is stored so. Not for a kind that <see cref="IsElsewhere"/>.</summary>
    public static ResourceEntry As(this ResourceEntry entry, ResourceKind kind)
    {
        if (kind.Conversion is null) return entry;
        var shown = kind.Present(entry.Json);
        return shown.Equals(entry.Json) ? entry : new ResourceEntry(entry.Key, kind, entry.ResourceVersion, entry.SequenceNr, shown);
    }

    /// <summary>As <see cref="As(ResourceEntry, ResourceKind)"/>, for any kind.</summary>
    public static async ValueTask<ResourceEntry> AsAsync(this ResourceEntry entry, ResourceKind kind, IObjectConverter converter, CancellationToken cancel) =>
        kind.IsElsewhere() ? (await AsAsync([entry], kind, converter, cancel))[0] : entry.As(kind);

    /// <summary>Several entries of a kind that <see cref="IsElsewhere"/>.</summary>
    public static async ValueTask<IReadOnlyList<ResourceEntry>> AsAsync(this IReadOnlyList<ResourceEntry> entries, ResourceKind kind, IObjectConverter converter, CancellationToken cancel)
    {
        var unknown = entries.Where(e => Known(e, kind) is null).ToList();
        if (unknown.Count > 0)
        {
            var shown = await converter.FromStoredAsync(kind, [.. unknown.Select(e => e.ToJsonObject())], cancel);
            foreach (var (entry, obj) in unknown.Zip(shown))
                Converted.GetOrCreateValue(entry).AddOrUpdate(kind, new ResourceEntry(entry.Key, kind, entry.ResourceVersion, entry.SequenceNr, kind.Conversion!.Encode(obj, $"{entry.ResourceVersion}")));
        }
        return [.. entries.Select(e => Known(e, kind)!)];
    }

    /// <summary>The change with its objects in the kind's version; the change itself, and so the frame all watchers share, where they are stored so.</summary>
    public static async ValueTask<ResourceChange> AsAsync(this ResourceChange change, ResourceKind kind, IObjectConverter converter, CancellationToken cancel)
    {
        if (kind.Conversion is null) return change;
        var now = await change.Entry.AsAsync(kind, converter, cancel);
        var before = change.Previous is null ? null : await change.Previous.AsAsync(kind, converter, cancel);
        return ReferenceEquals(now, change.Entry) && ReferenceEquals(before, change.Previous) ? change : new ResourceChange(change.Type, now, before);
    }

    /// <summary>An object's stored bytes, resourceVersion included, as clients of the kind receive them.</summary>
    public static async ValueTask<ReadOnlyMemory<byte>> PresentAsync(this ResourceKind kind, ReadOnlyMemory<byte> stored, IObjectConverter converter, CancellationToken cancel)
    {
        if (!kind.IsElsewhere()) return kind.Present(stored);
        var obj = JsonNode.Parse(stored.Span)!.AsObject();
        var version = ObjectMeta.Get(obj, "resourceVersion");
        return kind.Conversion!.Encode(await converter.FromStoredAsync(kind, obj, cancel), version);
    }

    private static ResourceEntry? Known(ResourceEntry entry, ResourceKind kind) =>
        Converted.TryGetValue(entry, out var versions) && versions.TryGetValue(kind, out var shown) ? shown : null;
}
