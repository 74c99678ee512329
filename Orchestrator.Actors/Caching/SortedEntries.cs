using System.Collections;

namespace Orchestrator.Actors.Caching;

/// <summary>
/// An immutable list of entries sorted by namespace, then name. Changing it copies one chunk and the list of chunks, so that a snapshot costs
/// nothing and a list of 50,000 objects is changed by copying a few KB.
/// </summary>
public sealed class SortedEntries : IReadOnlyCollection<ResourceEntry>
{
    private const int MaxChunk = 256;

    private readonly ResourceEntry[][] _chunks;

    private SortedEntries(ResourceEntry[][] chunks, int count) => (_chunks, Count) = (chunks, count);

    /// <summary>No entries.</summary>
    public static SortedEntries Empty { get; } = new([], 0);

    /// <inheritdoc/>
    public int Count { get; }

    /// <summary>The list with the entry added, or put in place of the one with its key.</summary>
    public SortedEntries Set(ResourceEntry entry)
    {
        if (_chunks.Length == 0) return new SortedEntries([[entry]], 1);
        var (chunk, index, found) = Locate(entry.Key.Namespace, entry.Key.Name);
        var old = _chunks[chunk];
        if (found)
        {
            var copy = (ResourceEntry[])old.Clone();
            copy[index] = entry;
            return new SortedEntries(Replace(chunk, copy), Count);
        }
        var grown = new ResourceEntry[old.Length + 1];
        Array.Copy(old, grown, index);
        grown[index] = entry;
        Array.Copy(old, index, grown, index + 1, old.Length - index);
        if (grown.Length <= MaxChunk) return new SortedEntries(Replace(chunk, grown), Count + 1);
        var half = grown.Length / 2;
        return new SortedEntries(Replace(chunk, grown[..half], grown[half..]), Count + 1);
    }

    /// <summary>The list without the key; the same list where it is not there.</summary>
    public SortedEntries Remove(string ns, string name)
    {
        if (_chunks.Length == 0) return this;
        var (chunk, index, found) = Locate(ns, name);
        if (!found) return this;
        var old = _chunks[chunk];
        if (old.Length == 1) return new SortedEntries(Replace(chunk), Count - 1);
        var copy = new ResourceEntry[old.Length - 1];
        Array.Copy(old, copy, index);
        Array.Copy(old, index + 1, copy, index, copy.Length - index);
        return new SortedEntries(Replace(chunk, copy), Count - 1);
    }

    /// <summary>The entries of one namespace, in order.</summary>
    public IEnumerable<ResourceEntry> InNamespace(string ns)
    {
        if (_chunks.Length == 0) yield break;
        var (chunk, index, _) = Locate(ns, "");
        for (; chunk < _chunks.Length; chunk++, index = 0)
        {
            var entries = _chunks[chunk];
            for (; index < entries.Length; index++)
            {
                if (entries[index].Key.Namespace != ns) yield break;
                yield return entries[index];
            }
        }
    }

    /// <summary>The entries after the given key (exclusive), in order: a list's next page.</summary>
    public IEnumerable<ResourceEntry> After(string ns, string name)
    {
        if (_chunks.Length == 0) yield break;
        var (chunk, index, found) = Locate(ns, name);
        if (found) index++;
        for (; chunk < _chunks.Length; chunk++, index = 0)
            for (; index < _chunks[chunk].Length; index++)
                yield return _chunks[chunk][index];
    }

    /// <inheritdoc/>
    public IEnumerator<ResourceEntry> GetEnumerator()
    {
        foreach (var chunk in _chunks)
            foreach (var entry in chunk)
                yield return entry;
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The chunk and the index in it where the key is, or would be inserted (never past the last chunk).</summary>
    private (int Chunk, int Index, bool Found) Locate(string ns, string name)
    {
        int low = 0, high = _chunks.Length - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (Compare(_chunks[middle][0], ns, name) <= 0) low = middle;
            else high = middle - 1;
        }
        var entries = _chunks[low];
        int from = 0, to = entries.Length;
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

    private ResourceEntry[][] Replace(int at, params ReadOnlySpan<ResourceEntry[]> with)
    {
        var chunks = new ResourceEntry[_chunks.Length - 1 + with.Length][];
        Array.Copy(_chunks, chunks, at);
        with.CopyTo(chunks.AsSpan(at));
        Array.Copy(_chunks, at + 1, chunks, at + with.Length, _chunks.Length - at - 1);
        return chunks;
    }
}
