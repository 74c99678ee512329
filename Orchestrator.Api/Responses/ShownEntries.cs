using Orchestrator.Actors.Caching;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Api.Responses;

/// <summary>Stored objects in the version that a client asked for.</summary>
internal static class ShownEntries
{
    /// <summary>The entry in the kind's version; the entry itself where it is stored so.</summary>
    public static ResourceEntry As(this ResourceEntry entry, ResourceKind kind)
    {
        if (kind.Conversion is null) return entry;
        var shown = kind.Present(entry.Json);
        return shown.Equals(entry.Json) ? entry : new ResourceEntry(entry.Key, kind, entry.ResourceVersion, entry.SequenceNr, shown);
    }

    /// <summary>The change with its objects in the kind's version; the change itself, and so the frame all watchers share, where they are stored so.</summary>
    public static ResourceChange As(this ResourceChange change, ResourceKind kind)
    {
        if (kind.Conversion is null) return change;
        var (now, before) = (change.Entry.As(kind), change.Previous?.As(kind));
        return ReferenceEquals(now, change.Entry) && ReferenceEquals(before, change.Previous) ? change : new ResourceChange(change.Type, now, before);
    }
}
