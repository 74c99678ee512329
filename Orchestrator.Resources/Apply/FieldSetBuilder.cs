namespace Orchestrator.Resources.Apply;

/// <summary>Collects the entries of one level of a <see cref="FieldSet"/>; each element at most once, in any order.</summary>
internal struct FieldSetBuilder(int capacity)
{
    private static readonly Comparer<FieldSet.Entry> ByElement = Comparer<FieldSet.Entry>.Create((a, b) => string.CompareOrdinal(a.Element, b.Element));

    private FieldSet.Entry[]? _entries = capacity > 0 ? new FieldSet.Entry[capacity] : null;
    private int _count;
    private bool _unsorted;

    /// <summary>Adds an element; one that neither is a member nor has anything below is left out.</summary>
    public void Add(string element, bool member, FieldSet? below)
    {
        if (!member && below is null) return;
        if (_entries is null) _entries = new FieldSet.Entry[4];
        else if (_count == _entries.Length) Array.Resize(ref _entries, _count * 2);
        if (_count > 0 && string.CompareOrdinal(_entries[_count - 1].Element, element) > 0) _unsorted = true;
        _entries[_count++] = new FieldSet.Entry(element, member, below);
    }

    /// <summary>The set, null where nothing was added.</summary>
    public readonly FieldSet? Build()
    {
        if (_count == 0) return null;
        var entries = _entries!;
        if (_unsorted) Array.Sort(entries, 0, _count, ByElement);
        return new FieldSet(_count == entries.Length ? entries : entries[.._count]);
    }
}
