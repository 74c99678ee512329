namespace Orchestrator.Resources.Cel;

/// <summary>The kinds of type.</summary>
public enum CelKind
{
    /// <summary>Anything; checked when evaluated.</summary>
    Dyn,

    /// <summary>null.</summary>
    Null,

    /// <summary>bool.</summary>
    Bool,

    /// <summary>64-bit integer.</summary>
    Int,

    /// <summary>64-bit unsigned integer.</summary>
    Uint,

    /// <summary>64-bit floating point.</summary>
    Double,

    /// <summary>string.</summary>
    String,

    /// <summary>bytes.</summary>
    Bytes,

    /// <summary>google.protobuf.Duration.</summary>
    Duration,

    /// <summary>google.protobuf.Timestamp.</summary>
    Timestamp,

    /// <summary>list(T).</summary>
    List,

    /// <summary>map(K, V).</summary>
    Map,

    /// <summary>An object of declared fields.</summary>
    Object,

    /// <summary>optional_type(T).</summary>
    Optional,

    /// <summary>The type of types.</summary>
    Type,

    /// <summary>A type of a library, known by its name: quantity, IP, CIDR, URL, authorizer.</summary>
    Opaque,
}

/// <summary>A type of the Common Expression Language as Kubernetes declares them. Immutable.</summary>
public sealed class CelType
{
    private readonly Func<IReadOnlyDictionary<string, CelType>>? _fields;

    private CelType(CelKind kind, string name, CelType? element = null, CelType? key = null, Func<IReadOnlyDictionary<string, CelType>>? fields = null) =>
        (Kind, Name, Element, Key, _fields) = (kind, name, element, key, fields);

    /// <summary>What kind of type.</summary>
    public CelKind Kind { get; }

    /// <summary>Its name, as messages show it.</summary>
    public string Name { get; }

    /// <summary>Type of a list's items, a map's values, an optional's value.</summary>
    public CelType? Element { get; }

    /// <summary>Type of a map's keys.</summary>
    public CelType? Key { get; }

    /// <summary>Declared fields of an object.</summary>
    public IReadOnlyDictionary<string, CelType> Fields => field ??= _fields?.Invoke() ?? new Dictionary<string, CelType>();

    /// <summary>Whether null is a value, too.</summary>
    public bool Nullable { get; private init; }

    /// <summary>Of a list that is a <c>set</c> or a <c>map</c>, order does not matter.</summary>
    public string? ListType { get; private init; }

    /// <summary>Keys of a <c>map</c> list.</summary>
    public IReadOnlyList<string> ListKeys { get; private init; } = [];

#pragma warning disable CS1591 // the names say it
    public static CelType Dyn { get; } = new(CelKind.Dyn, "dyn");
    public static CelType Null { get; } = new(CelKind.Null, "null_type");
    public static CelType Bool { get; } = new(CelKind.Bool, "bool");
    public static CelType Int { get; } = new(CelKind.Int, "int");
    public static CelType Uint { get; } = new(CelKind.Uint, "uint");
    public static CelType Double { get; } = new(CelKind.Double, "double");
    public static CelType String { get; } = new(CelKind.String, "string");
    public static CelType Bytes { get; } = new(CelKind.Bytes, "bytes");
    public static CelType Duration { get; } = new(CelKind.Duration, "google.protobuf.Duration");
    public static CelType Timestamp { get; } = new(CelKind.Timestamp, "google.protobuf.Timestamp");
    public static CelType Type { get; } = new(CelKind.Type, "type");
#pragma warning restore CS1591

    /// <summary>list(T); <paramref name="listType"/> and <paramref name="keys"/> are those of a schema.</summary>
    public static CelType List(CelType element, string? listType = null, IReadOnlyList<string>? keys = null) =>
        new(CelKind.List, $"list({element.Name})", element) { ListType = listType, ListKeys = keys ?? [] };

    /// <summary>map(K, V).</summary>
    public static CelType Map(CelType key, CelType value) => new(CelKind.Map, $"map({key.Name}, {value.Name})", value, key);

    /// <summary>optional_type(T).</summary>
    public static CelType Optional(CelType value) => new(CelKind.Optional, $"optional_type({value.Name})", value);

    /// <summary>An object; its fields are asked for when first needed, since a type may hold itself.</summary>
    public static CelType Object(string name, Func<IReadOnlyDictionary<string, CelType>> fields) => new(CelKind.Object, name, fields: fields);

    /// <summary>A library's type.</summary>
    public static CelType Opaque(string name) => new(CelKind.Opaque, name);

    /// <summary>The type with null.</summary>
    public CelType OrNull() => Nullable ? this : new CelType(Kind, Name, Element, Key, _fields) { Nullable = true, ListType = ListType, ListKeys = ListKeys };

    /// <summary>Whether it is, or could turn out to be, a kind.</summary>
    internal bool Is(CelKind kind) => Kind == kind || Kind == CelKind.Dyn;

    /// <summary>Whether a value of this type can stand where <paramref name="wanted"/> is asked for; what is dyn can, and is looked at when evaluated.</summary>
    internal bool Fits(CelType wanted)
    {
        if (Kind == CelKind.Dyn || wanted.Kind == CelKind.Dyn) return true;
        if (Kind == CelKind.Null) return wanted.Nullable || wanted.Kind is CelKind.Null or CelKind.Object or CelKind.Duration or CelKind.Timestamp or CelKind.Opaque or CelKind.Optional;
        if (wanted.Kind == CelKind.Null) return wanted.Fits(this);
        // An object is a map of what it holds, and the other way about where one of them is written as a literal.
        if ((Kind, wanted.Kind) is (CelKind.Map, CelKind.Object) or (CelKind.Object, CelKind.Map)) return true;
        if (Kind != wanted.Kind) return false;
        return Kind switch
        {
            CelKind.List or CelKind.Optional => Element!.Fits(wanted.Element!),
            CelKind.Map => Element!.Fits(wanted.Element!) && Key!.Fits(wanted.Key!),
            CelKind.Opaque => Name == wanted.Name,
            _ => true,
        };
    }

    /// <summary>A type for either of two: dyn where they differ.</summary>
    internal static CelType Join(CelType a, CelType b)
    {
        if (a.Kind == CelKind.Null) return b;
        if (b.Kind == CelKind.Null || ReferenceEquals(a, b)) return a;
        if (a.Kind != b.Kind || !a.Fits(b)) return Dyn;
        return a.Kind switch
        {
            CelKind.List => List(Join(a.Element!, b.Element!)),
            CelKind.Optional => Optional(Join(a.Element!, b.Element!)),
            CelKind.Map => Map(Join(a.Key!, b.Key!), Join(a.Element!, b.Element!)),
            CelKind.Object => a.Name == b.Name ? a : Dyn,
            _ => a,
        };
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
