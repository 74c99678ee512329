using System.Collections;

namespace Orchestrator.Actors.Caching;

/// <summary>
/// An immutable list of entries sorted by namespace, then name: sorted chunks, so that a snapshot costs nothing and a change of a list of 50,000 objects
/// copies a few KB. Changes that come together go through one <see cref="Editor"/>, which copies each chunk once.
/// </summary>
public sealed partial class SortedEntries : IReadOnlyCollection<ResourceEntry>
{
    private const int MaxChunk = 256;

    private readonly Chunk[] _chunks;

    private SortedEntries(Chunk[] chunks, int count) => (_chunks, Count) = (chunks, count);

    /// <summary>No entries.</summary>
    public static SortedEntries Empty { get; } = new([], 0);

    /// <inheritdoc/>
    public int Count { get; }

    /// <summary>The list with the entry added, or put in place of the one with its key.</summary>
    public SortedEntries Set(ResourceEntry entry)
    {
        var editor = new Editor(this);
        editor.Set(entry);
        return editor.Close();
    }

    /// <summary>The list without the key; the same list where it is not there.</summary>
    public SortedEntries Remove(string ns, string name)
    {
        var editor = new Editor(this);
        editor.Remove(ns, name);
        return editor.Close();
    }

    /// <summary>The entries of one namespace, in order.</summary>
    public IEnumerable<ResourceEntry> InNamespace(string ns)
    {
        if (_chunks.Length == 0) yield break;
        var (chunk, index, _) = Locate(_chunks, ns, "");
        for (; chunk < _chunks.Length; chunk++, index = 0)
        {
            var entries = _chunks[chunk];
            for (; index < entries.Count; index++)
            {
                if (entries.Items[index].Key.Namespace != ns) yield break;
                yield return entries.Items[index];
            }
        }
    }

    /// <summary>The entries after the given key (exclusive), in order: a list's next page.</summary>
    public IEnumerable<ResourceEntry> After(string ns, string name)
    {
        if (_chunks.Length == 0) yield break;
        var (chunk, index, found) = Locate(_chunks, ns, name);
        if (found) index++;
        for (; chunk < _chunks.Length; chunk++, index = 0)
            for (; index < _chunks[chunk].Count; index++)
                yield return _chunks[chunk].Items[index];
    }

    /// <inheritdoc/>
    public IEnumerator<ResourceEntry> GetEnumerator()
    {
        foreach (var chunk in _chunks)
            for (var i = 0; i < chunk.Count; i++)
                yield return chunk.Items[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The chunk and the index in it where the key is, or would be inserted (never past the last chunk).</summary>
    private static (int Chunk, int Index, bool Found) Locate(ReadOnlySpan<Chunk> chunks, string ns, string name)
    {
        int low = 0, high = chunks.Length - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (Compare(chunks[middle].Items[0], ns, name) <= 0) low = middle;
            else high = middle - 1;
        }
        var entries = chunks[low].Items;
        int from = 0, to = chunks[low].Count;
        while (from < to)
        {
            var middle = (from + to) / 2;
            var order = Compare(entries[middle], ns, name);
            if (order == 0) return (low, middle, true);
            if (order < 0) from = middle + 1;
            else to = middle;
        }
        return (low, from, false);
    }

    private static int Compare(ResourceEntry entry, string ns, string name)
    {
        var order = string.CompareOrdinal(entry.Key.Namespace, ns);
        return order != 0 ? order : string.CompareOrdinal(entry.Key.Name, name);
    }

    /// <summary>The first <paramref name="count"/> of the items, sorted; what lies behind them is room to grow.</summary>
    private sealed class Chunk(ResourceEntry[] items, int count, Editor? editor)
    {
        public ResourceEntry[] Items = items;
        public int Count = count;

        /// <summary>The editor that made the chunk, and may change it until it is closed.</summary>
        public Editor? Editor = editor;
    }
}
