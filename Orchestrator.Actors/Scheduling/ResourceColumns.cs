namespace Orchestrator.Actors.Scheduling;

/// <summary>
/// Gives every resource name a column, so that requests and allocatable amounts are plain <c>long[]</c> compared position by position.
/// Units per column: milli-CPU for <c>cpu</c>, bytes or pieces (rounded up) for everything else. The three native resources always
/// have the same columns; extended resources get theirs when first seen. A vector shorter than a column is zero there.
/// </summary>
public sealed class ResourceColumns
{
    /// <summary>Column of <c>cpu</c>, in thousandths.</summary>
    public const int MilliCpu = 0;

    /// <summary>Column of <c>memory</c>, in bytes.</summary>
    public const int Memory = 1;

    /// <summary>Column of <c>ephemeral-storage</c>, in bytes.</summary>
    public const int EphemeralStorage = 2;

    private readonly Dictionary<string, int> _byName = new(StringComparer.Ordinal) { ["cpu"] = MilliCpu, ["memory"] = Memory, ["ephemeral-storage"] = EphemeralStorage };
    private readonly List<string> _names = ["cpu", "memory", "ephemeral-storage"];

    /// <summary>How many columns exist.</summary>
    public int Count => _names.Count;

    /// <summary>The column of a resource, made on first use.</summary>
    public int Of(string resource)
    {
        if (_byName.TryGetValue(resource, out var column)) return column;
        _names.Add(resource);
        return _byName[resource] = _names.Count - 1;
    }

    /// <summary>The resource of a column.</summary>
    public string NameOf(int column) => _names[column];

    /// <summary>
    /// A vector of the amounts. <c>pods</c> is left out: it limits how many pods a node holds and is counted apart.
    /// </summary>
    /// <param name="amounts">Resource name and its amount, read with <paramref name="value"/>.</param>
    /// <param name="value">The amount as a whole number in the column's unit; the flag asks for thousandths.</param>
    public long[] Vector<T>(IEnumerable<KeyValuePair<string, T>> amounts, Func<T, bool, long> value)
    {
        var vector = new long[Count];
        foreach (var (name, amount) in amounts)
        {
            if (name == "pods") continue;
            var column = Of(name);
            if (column >= vector.Length) Array.Resize(ref vector, Count);
            vector[column] = value(amount, column == MilliCpu);
        }
        return vector;
    }
}
