using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Cel;

/// <summary>A map or an object as expressions see it. Keys are bool, long, ulong or string.</summary>
public abstract class CelMap
{
    /// <summary>The keys.</summary>
    public abstract IEnumerable<object> Keys { get; }

    /// <summary>Number of entries.</summary>
    public abstract int Count { get; }

    /// <summary>Looks a key up.</summary>
    public abstract bool TryGet(object? key, [MaybeNullWhen(true)] out object? value);
}

/// <summary>JSON as it is declared: fields turn into values when they are asked for.</summary>
internal sealed class CelJsonMap(JsonObject json, CelType type) : CelMap
{
    public override IEnumerable<object> Keys => json.Select(p => (object)p.Key);

    public override int Count => json.Count;

    /// <summary>The object itself.</summary>
    public JsonObject Json => json;

    public override bool TryGet(object? key, out object? value)
    {
        value = null;
        if (key is not string name || !json.TryGetPropertyValue(name, out var node)) return false;
        var declared = type.Kind switch
        {
            CelKind.Object => type.Fields.GetValueOrDefault(name) ?? CelType.Dyn,
            CelKind.Map => type.Element!,
            _ => CelType.Dyn,
        };
        value = CelValue.Of(node, declared);
        return true;
    }
}

/// <summary>A map that an expression has made.</summary>
internal sealed class CelDictionary : CelMap
{
    private readonly Dictionary<object, object?> _entries = new(CelKeyComparer.Instance);

    public override IEnumerable<object> Keys => _entries.Keys;

    public override int Count => _entries.Count;

    public void Add(object? key, object? value)
    {
        if (key is not (string or bool or long or ulong)) throw new CelEvaluationException($"unsupported key type: {CelValue.TypeOf(key).Name}");
        if (!_entries.TryAdd(key, value)) throw new CelEvaluationException($"insert failed: key {key} already exists");
    }

    public override bool TryGet(object? key, out object? value)
    {
        value = null;
        return key is not null && _entries.TryGetValue(key, out value);
    }

    private sealed class CelKeyComparer : IEqualityComparer<object>
    {
        public static CelKeyComparer Instance { get; } = new();

        public new bool Equals(object? x, object? y) => CelValue.Same(x, y);

        // 1, 1u and 1.0 are one key.
        public int GetHashCode(object obj) => obj is long or ulong or double ? Convert.ToDouble(obj, System.Globalization.CultureInfo.InvariantCulture).GetHashCode() : obj.GetHashCode();
    }
}

/// <summary>Names whose values are worked out when first asked for, such as a policy's variables.</summary>
public sealed class CelLazyMap(IReadOnlyDictionary<string, Func<object?>> values) : CelMap
{
    private readonly Dictionary<string, object?> _known = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public override IEnumerable<object> Keys => values.Keys;

    /// <inheritdoc/>
    public override int Count => values.Count;

    /// <inheritdoc/>
    public override bool TryGet(object? key, out object? value)
    {
        value = null;
        if (key is not string name) return false;
        if (_known.TryGetValue(name, out value)) return true;
        if (!values.TryGetValue(name, out var make)) return false;
        value = _known[name] = make();
        return true;
    }
}

/// <summary>A list; <see cref="ListType"/> and <see cref="Keys"/> say where the order does not matter.</summary>
internal sealed class CelList(IReadOnlyList<object?> items, string? listType = null, IReadOnlyList<string>? keys = null)
{
    public IReadOnlyList<object?> Items => items;

    public string? ListType => listType;

    public IReadOnlyList<string> Keys => keys ?? [];

    /// <summary>What tells an item of a set or map list from the others.</summary>
    public bool SameIdentity(object? a, object? b)
    {
        if (ListType != "map") return CelValue.Same(a, b);
        foreach (var key in Keys)
        {
            object? one = null, other = null;
            if ((a as CelMap)?.TryGet(key, out one) != (b as CelMap)?.TryGet(key, out other) || !CelValue.Same(one, other)) return false;
        }
        return true;
    }
}

/// <summary>A value or none (CEL's optional types).</summary>
internal sealed record CelOptional(bool HasValue, object? Value)
{
    public static CelOptional None { get; } = new(false, null);

    public static CelOptional Of(object? value) => new(true, value);

    public object? Required => HasValue ? Value : throw new CelEvaluationException("optional.none() dereference");
}
