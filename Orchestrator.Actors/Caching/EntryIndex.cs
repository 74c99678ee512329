using System.Collections.Concurrent;

namespace Orchestrator.Actors.Caching;

/// <summary>Entries by some value of theirs (owner uid, node name). Written by the fold alone, read from any thread as snapshots.</summary>
internal sealed class EntryIndex
{
    private readonly ConcurrentDictionary<string, SortedByKey> _byValue = new(StringComparer.Ordinal);

    /// <summary>The entries with this value, in no particular order.</summary>
    public IReadOnlyCollection<ResourceEntry> Find(string value) => _byValue.TryGetValue(value, out var found) ? found.Entries : [];

    public void Set(string value, ResourceEntry entry) =>
        _byValue[value] = (_byValue.TryGetValue(value, out var found) ? found : SortedByKey.Empty).Set(entry);

    public void Remove(string value, ResourceEntry entry)
    {
        if (!_byValue.TryGetValue(value, out var found)) return;
        var rest = found.Remove(entry);
        if (rest.Entries.Count == 0) _byValue.TryRemove(value, out _);
        else _byValue[value] = rest;
    }

    /// <summary>Entries of several resources: one sorted list per resource, almost always just one.</summary>
    private sealed record SortedByKey(SortedEntries First, string Resource, SortedByKey? Others)
    {
        public static SortedByKey Empty { get; } = new(SortedEntries.Empty, "", null);

        public IReadOnlyCollection<ResourceEntry> Entries => Others is null ? First : [.. First, .. Others.Entries];

        public SortedByKey Set(ResourceEntry entry) =>
            First.Count == 0 || Resource == entry.Key.Resource ? this with { First = First.Set(entry), Resource = entry.Key.Resource }
            : this with { Others = (Others ?? Empty).Set(entry) };

        public SortedByKey Remove(ResourceEntry entry)
        {
            if (Resource != entry.Key.Resource) return this with { Others = Others?.Remove(entry) };
            var first = First.Remove(entry.Key.Namespace, entry.Key.Name);
            return first.Count == 0 && Others is not null ? Others : this with { First = first };
        }
    }
}
