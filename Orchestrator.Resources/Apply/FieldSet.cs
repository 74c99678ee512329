using System.Diagnostics.CodeAnalysis;

namespace Orchestrator.Resources.Apply;

/// <summary>
/// A set of field paths as a tree (structured-merge-diff's <c>fieldpath.Set</c>): per level the path elements that are members themselves, and the sets
/// below them. Elements are kept in the text form of FieldsV1 (<c>f:name</c>, <c>k:{"name":"x"}</c>, <c>v:"x"</c>, <c>i:0</c>), which is their identity and
/// their order. Immutable; no set is ever empty: null stands for that, so every operation takes and gives null.
/// </summary>
public sealed class FieldSet
{
    /// <summary>One element of a level: whether the path that ends here is in the set, and what is in it below.</summary>
    internal readonly record struct Entry(string Element, bool Member, FieldSet? Below);

    private readonly Entry[] _entries;

    internal FieldSet(Entry[] sorted) => _entries = sorted;

    /// <summary>The elements of this level, sorted.</summary>
    internal ReadOnlySpan<Entry> Entries => _entries;

    /// <summary>The set of one path.</summary>
    public static FieldSet Of(params ReadOnlySpan<string> path) => new([new Entry(path[0], path.Length == 1, path.Length == 1 ? null : Of(path[1..]))]);

    /// <summary>Both sets together.</summary>
    [return: NotNullIfNotNull(nameof(left)), NotNullIfNotNull(nameof(right))]
    public static FieldSet? Union(FieldSet? left, FieldSet? right)
    {
        if (left is null || ReferenceEquals(left, right)) return right;
        if (right is null) return left;
        var result = new FieldSetBuilder(left._entries.Length + right._entries.Length);
        Merge(left, right, ref result, static (ref FieldSetBuilder to, in Entry? l, in Entry? r) =>
            to.Add((l ?? r)!.Value.Element, (l?.Member ?? false) || (r?.Member ?? false), Union(l?.Below, r?.Below)));
        return result.Build()!;
    }

    /// <summary>What is in both.</summary>
    public static FieldSet? Intersection(FieldSet? left, FieldSet? right)
    {
        if (left is null || right is null) return null;
        var result = new FieldSetBuilder(0);
        Merge(left, right, ref result, static (ref FieldSetBuilder to, in Entry? l, in Entry? r) =>
        {
            if (l is { } a && r is { } b) to.Add(a.Element, a.Member && b.Member, Intersection(a.Below, b.Below));
        });
        return result.Build();
    }

    /// <summary>What is in <paramref name="left"/> alone. A member of <paramref name="right"/> takes its own path away, not what is below.</summary>
    public static FieldSet? Difference(FieldSet? left, FieldSet? right)
    {
        if (left is null || right is null) return left;
        var result = new FieldSetBuilder(left._entries.Length);
        Merge(left, right, ref result, static (ref FieldSetBuilder to, in Entry? l, in Entry? r) =>
        {
            if (l is { } a) to.Add(a.Element, a.Member && r is not { Member: true }, Difference(a.Below, r?.Below));
        });
        return result.Build();
    }

    /// <summary>As <see cref="Difference"/>, with everything below the members of <paramref name="right"/> taken away too.</summary>
    public static FieldSet? RecursiveDifference(FieldSet? left, FieldSet? right)
    {
        if (left is null || right is null) return left;
        var result = new FieldSetBuilder(left._entries.Length);
        Merge(left, right, ref result, static (ref FieldSetBuilder to, in Entry? l, in Entry? r) =>
        {
            if (l is { } a && r is not { Member: true }) to.Add(a.Element, a.Member, RecursiveDifference(a.Below, r?.Below));
        });
        return result.Build();
    }

    /// <summary>Whether both hold the same paths.</summary>
    public static bool Same(FieldSet? left, FieldSet? right)
    {
        if (ReferenceEquals(left, right)) return true;
        if (left is null || right is null || left._entries.Length != right._entries.Length) return false;
        for (var i = 0; i < left._entries.Length; i++)
        {
            var (a, b) = (left._entries[i], right._entries[i]);
            if (a.Element != b.Element || a.Member != b.Member || !Same(a.Below, b.Below)) return false;
        }
        return true;
    }

    /// <summary>The element's entry, or an empty one.</summary>
    internal Entry Find(string element)
    {
        int from = 0, to = _entries.Length;
        while (from < to)
        {
            var middle = (from + to) / 2;
            var order = string.CompareOrdinal(_entries[middle].Element, element);
            if (order == 0) return _entries[middle];
            if (order < 0) from = middle + 1;
            else to = middle;
        }
        return default;
    }

    /// <summary>Every path in the set, in upstream's order: a level's members first, then what is below each element.</summary>
    public IEnumerable<IReadOnlyList<string>> Paths()
    {
        foreach (var entry in _entries)
            if (entry.Member) yield return [entry.Element];
        foreach (var entry in _entries)
            foreach (var path in entry.Below?.Paths() ?? []) yield return [entry.Element, .. path];
    }

    private delegate void Step(ref FieldSetBuilder to, in Entry? left, in Entry? right);

    /// <summary>Walks two sorted levels side by side.</summary>
    private static void Merge(FieldSet left, FieldSet right, ref FieldSetBuilder to, Step step)
    {
        var (l, r) = (left._entries, right._entries);
        int i = 0, j = 0;
        while (i < l.Length || j < r.Length)
        {
            var order = i == l.Length ? 1 : j == r.Length ? -1 : string.CompareOrdinal(l[i].Element, r[j].Element);
            step(ref to, order <= 0 ? l[i] : null, order >= 0 ? r[j] : null);
            if (order <= 0) i++;
            if (order >= 0) j++;
        }
    }
}
