namespace Orchestrator.Resources.Cel;

/// <summary>What tells items of a set or map list from each other (<see cref="CelList.SameIdentity"/>), for looking them up: such lists may hold as many items as fit into a request.</summary>
internal sealed class CelIdentity(CelList by) : IEqualityComparer<object?>
{
    bool IEqualityComparer<object?>.Equals(object? a, object? b) => by.SameIdentity(a, b);

    /// <summary>The same for what <see cref="CelValue.Same"/> takes for the same.</summary>
    public int GetHashCode(object? item)
    {
        if (by.ListType != "map") return Hash(item);
        var hash = 0;
        foreach (var key in by.Keys)
        {
            object? value = null;
            (item as CelMap)?.TryGet(key, out value);
            hash = HashCode.Combine(hash, Hash(value));
        }
        return hash;
    }

    private static int Hash(object? value)
    {
        switch (value)
        {
            case null: return 0;
            case string or bool: return value.GetHashCode();
            case long or ulong or double: return Convert.ToDouble(value, System.Globalization.CultureInfo.InvariantCulture).GetHashCode(); // numbers are the same whatever their type
            case byte[] bytes:
                var hash = new HashCode();
                hash.AddBytes(bytes);
                return hash.ToHashCode();
            case CelList { ListType: "set" or "map" } list: return list.Items.Count;
            case CelList list: return list.Items.Aggregate(list.Items.Count, (sum, item) => unchecked(sum * 31 + Hash(item)));
            case CelMap map: return map.Keys.Aggregate(map.Count, (sum, key) => unchecked(sum + (map.TryGet(key, out var held) ? HashCode.Combine(Hash(key), Hash(held)) : 0)));
            default: return 1; // of libraries' types: compared
        }
    }
}
