using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Orchestrator.NodeAgent;

/// <summary>
/// A map from names to a handful of values: the pairs in one array of their number, looked through in turn (ordinal). For what there is of every pod and container, where a Dictionary takes
/// over 200 bytes as soon as it has held one entry. A change makes another array, so that an enumeration goes on over what was there when it began. Not thread-safe.
/// </summary>
internal sealed class SmallMap<TValue> : IReadOnlyDictionary<string, TValue>
{
    /// <summary>For what must not be null and is never added to.</summary>
    public static readonly IReadOnlyDictionary<string, TValue> Empty = new SmallMap<TValue>();

    private KeyValuePair<string, TValue>[] _entries;

    /// <summary>An empty one.</summary>
    public SmallMap() => _entries = [];

    /// <summary>With the entries of <paramref name="entries"/>, whose names are different.</summary>
    public SmallMap(IEnumerable<KeyValuePair<string, TValue>> entries) => _entries = [.. entries];

    /// <inheritdoc cref="SmallMap{TValue}(IEnumerable{KeyValuePair{string, TValue}})"/>
    public SmallMap(ReadOnlySpan<(string Name, TValue Value)> entries)
    {
        _entries = new KeyValuePair<string, TValue>[entries.Length];
        for (var i = 0; i < entries.Length; i++) _entries[i] = KeyValuePair.Create(entries[i].Name, entries[i].Value);
    }

    /// <inheritdoc/>
    public int Count => _entries.Length;

    /// <inheritdoc/>
    public IEnumerable<string> Keys => _entries.Select(e => e.Key);

    /// <inheritdoc/>
    public IEnumerable<TValue> Values => _entries.Select(e => e.Value);

    /// <inheritdoc cref="IReadOnlyDictionary{TKey, TValue}.this"/>
    public TValue this[string key]
    {
        get => TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"there is no entry {key}");
        set
        {
            var (index, entry) = (IndexOf(key), KeyValuePair.Create(key, value));
            if (index < 0)
            {
                _entries = [.. _entries, entry];
                return;
            }
            var changed = _entries.AsSpan().ToArray();
            changed[index] = entry;
            _entries = changed;
        }
    }

    /// <inheritdoc/>
    public bool ContainsKey(string key) => IndexOf(key) >= 0;

    /// <inheritdoc/>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out TValue value)
    {
        var index = IndexOf(key);
        value = index < 0 ? default : _entries[index].Value;
        return index >= 0;
    }

    /// <summary>Takes an entry out; false where there is none.</summary>
    public bool Remove(string key, [MaybeNullWhen(false)] out TValue value)
    {
        if (!TryGetValue(key, out value)) return false;
        _entries = [.. _entries.Where(e => e.Key != key)];
        return true;
    }

    /// <inheritdoc cref="Remove(string, out TValue)"/>
    public bool Remove(string key) => Remove(key, out _);

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, TValue>> GetEnumerator() => ((IEnumerable<KeyValuePair<string, TValue>>)_entries).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private int IndexOf(string key)
    {
        var entries = _entries;
        for (var i = 0; i < entries.Length; i++)
            if (entries[i].Key == key) return i;
        return -1;
    }
}
