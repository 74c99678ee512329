using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Cel;

/// <summary>
/// The values of expressions: null, bool, long, ulong, double, string, byte[], <see cref="TimeSpan"/>, <see cref="DateTimeOffset"/>, <see cref="CelList"/>, <see cref="CelMap"/>,
/// <see cref="CelOptional"/>, <see cref="CelType"/>, and the objects of libraries. How they are made of JSON, compared and told apart.
/// </summary>
internal static class CelValue
{
    /// <summary>A JSON value as its declared type has it; lists and objects are turned into values as they are touched.</summary>
    internal static object? Of(JsonNode? node, CelType type)
    {
        switch (node)
        {
            case null: return null;
            case JsonObject obj: return new CelJsonMap(obj, type);
            case JsonArray list:
                var element = type.Kind == CelKind.List ? type.Element! : CelType.Dyn;
                return new CelList([.. list.Select(i => Of(i, element))], type.ListType, type.ListKeys);
        }
        var value = node.AsValue();
        switch (value.GetValueKind())
        {
            case JsonValueKind.True: return true;
            case JsonValueKind.False: return false;
            case JsonValueKind.String: return Text(value.GetValue<string>(), type);
            default:
                if (type.Kind != CelKind.Double && Whole(value) is { } whole) return whole;
                return Extensions.JsonSchema.NumberOf(value) ?? throw new CelEvaluationException("a number that is out of range");
        }
    }

    internal static bool Flag(object? value) => value is bool flag ? flag : throw CelEvaluationException.NoOverload;

    internal static CelList List(object? value) => value as CelList ?? throw CelEvaluationException.NoOverload;

    /// <summary>What a macro goes through: a list's items, a map's keys.</summary>
    internal static IEnumerable<object?> Range(object? value) => value switch
    {
        CelList list => list.Items,
        CelMap map => map.Keys.Cast<object?>(),
        _ => throw CelEvaluationException.NoOverload,
    };

    internal static object? At(object? of, object? key) => of switch
    {
        CelMap map => map.TryGet(key, out var value) ? value : throw CelEvaluationException.NoKey(key),
        CelList list when Index(key) is { } index => index >= 0 && index < list.Items.Count ? list.Items[(int)index] : throw new CelEvaluationException($"index out of bounds: {index}"),
        _ => throw CelEvaluationException.NoOverload,
    };

    internal static CelOptional TryAt(object? of, object? key) => of switch
    {
        CelOptional optional => optional.HasValue ? TryAt(optional.Value, key) : CelOptional.None,
        CelMap map => map.TryGet(key, out var value) ? CelOptional.Of(value) : CelOptional.None,
        CelList list when Index(key) is { } index => index >= 0 && index < list.Items.Count ? CelOptional.Of(list.Items[(int)index]) : CelOptional.None,
        _ => throw CelEvaluationException.NoOverload,
    };

    /// <summary>CEL's equality: numbers by value whatever their type, lists and maps item by item; values of different types are different.</summary>
    internal static bool Same(object? a, object? b)
    {
        switch (a, b)
        {
            case (null, null): return true;
            case (null, _) or (_, null): return false;
            case (long or ulong or double, long or ulong or double): return TryCompareNumbers(a, b) == 0;
            case (byte[] one, byte[] other): return one.AsSpan().SequenceEqual(other);
            case (CelList one, CelList other): return SameLists(one, other);
            case (CelMap one, CelMap other):
                if (one.Count != other.Count) return false;
                foreach (var key in one.Keys)
                    if (!one.TryGet(key, out var left) || !other.TryGet(key, out var right) || !Same(left, right)) return false;
                return true;
            case (CelOptional one, CelOptional other): return one.HasValue == other.HasValue && Same(one.Value, other.Value);
            case (CelType one, CelType other): return one.Kind == other.Kind && (one.Kind is not (CelKind.Opaque or CelKind.Object) || one.Name == other.Name);
            default: return a.Equals(b);
        }
    }

    /// <summary>Orders two values of a kind that has an order. Throws for others.</summary>
    internal static int Compare(object? a, object? b) => (a, b) switch
    {
        (long or ulong or double, long or ulong or double) => TryCompareNumbers(a, b) ?? throw new CelEvaluationException("NaN values cannot be ordered"),
        (string one, string other) => CompareText(one, other),
        (bool one, bool other) => one.CompareTo(other),
        (byte[] one, byte[] other) => one.AsSpan().SequenceCompareTo(other),
        (TimeSpan one, TimeSpan other) => one.CompareTo(other),
        (DateTimeOffset one, DateTimeOffset other) => one.CompareTo(other),
        _ => throw CelEvaluationException.NoOverload,
    };

    /// <summary>The type of a value.</summary>
    internal static CelType TypeOf(object? value) => value switch
    {
        null => CelType.Null,
        bool => CelType.Bool,
        long => CelType.Int,
        ulong => CelType.Uint,
        double => CelType.Double,
        string => CelType.String,
        byte[] => CelType.Bytes,
        TimeSpan => CelType.Duration,
        DateTimeOffset => CelType.Timestamp,
        CelList => CelType.List(CelType.Dyn),
        CelMap => CelType.Map(CelType.Dyn, CelType.Dyn),
        CelOptional => CelType.Optional(CelType.Dyn),
        CelType => CelType.Type,
        ICelOpaque opaque => opaque.Type,
        Quantities.Quantity => CelQuantityLibrary.QuantityType,
        _ => CelType.Dyn,
    };

    private static long? Whole(JsonValue value)
    {
        if (value.TryGetValue<long>(out var whole)) return whole;
        if (value.TryGetValue<int>(out var small)) return small;
        return null;
    }

    private static object Text(string text, CelType type)
    {
        switch (type.Kind)
        {
            case CelKind.Bytes when Convert.TryFromBase64String(text, new byte[text.Length], out _): return Convert.FromBase64String(text);
            case CelKind.Duration when CelTimeLibrary.ParseDuration(text) is { } duration: return duration;
            case CelKind.Timestamp when CelTimeLibrary.ParseTimestamp(text) is { } time: return time;
            default: return text;
        }
    }

    private static long? Index(object? key) => key switch
    {
        long index => index,
        ulong index and <= long.MaxValue => (long)index,
        double real when Math.Floor(real) == real && Math.Abs(real) < 1e15 => (long)real,
        _ => null,
    };

    private static bool SameLists(CelList one, CelList other)
    {
        if (one.Items.Count != other.Items.Count) return false;
        if ((one.ListType ?? other.ListType) is "set" or "map")
        {
            // Items have identities here: each must be there on the other side, wherever it stands.
            var there = other.Items.ToLookup(item => item, new CelIdentity(one.ListType is not null ? one : other));
            return one.Items.All(item => there[item].Any(candidate => Same(item, candidate)));
        }
        for (var i = 0; i < one.Items.Count; i++)
            if (!Same(one.Items[i], other.Items[i])) return false;
        return true;
    }

    private static int? TryCompareNumbers(object a, object b)
    {
        switch (a, b)
        {
            case (long one, long other): return one.CompareTo(other);
            case (ulong one, ulong other): return one.CompareTo(other);
            case (long one, ulong other): return one < 0 ? -1 : ((ulong)one).CompareTo(other);
            case (ulong one, long other): return other < 0 ? 1 : one.CompareTo((ulong)other);
        }
        var (left, right) = (Real(a), Real(b));
        if (double.IsNaN(left) || double.IsNaN(right)) return null;
        return left.CompareTo(right);
    }

    private static double Real(object number) => Convert.ToDouble(number, CultureInfo.InvariantCulture);

    // By code point, which UTF-16's order is not.
    private static int CompareText(string a, string b)
    {
        var (one, other) = (a.EnumerateRunes(), b.EnumerateRunes());
        while (true)
        {
            var (more, others) = (one.MoveNext(), other.MoveNext());
            if (!more || !others) return more.CompareTo(others);
            if (one.Current.CompareTo(other.Current) is not 0 and var order) return order;
        }
    }
}

/// <summary>A value of a library's type.</summary>
public interface ICelOpaque
{
    /// <summary>Its type.</summary>
    CelType Type { get; }
}

/// <summary>A value of a library's type that has a size, by which work on it is reckoned.</summary>
internal interface ICelSized : ICelOpaque
{
    /// <summary>In octets.</summary>
    long Size { get; }
}
