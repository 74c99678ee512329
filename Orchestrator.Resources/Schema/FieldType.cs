namespace Orchestrator.Resources.Schema;

/// <summary>The sorts of values a field can hold. Several have a JSON form that needs a check of its own.</summary>
public enum ValueKind : byte
{
    /// <summary>Text.</summary>
    String,

    /// <summary>true or false.</summary>
    Bool,

    /// <summary>32-bit whole number.</summary>
    Int32,

    /// <summary>64-bit whole number.</summary>
    Int64,

    /// <summary>Floating-point number.</summary>
    Double,

    /// <summary>Base64 text.</summary>
    Bytes,

    /// <summary>RFC 3339 text, whole seconds, UTC.</summary>
    Time,

    /// <summary>RFC 3339 text, microseconds, UTC.</summary>
    MicroTime,

    /// <summary>Go duration text, e.g. <c>1m30s</c>.</summary>
    Duration,

    /// <summary>Resource quantity, text in canonical form.</summary>
    Quantity,

    /// <summary>A 32-bit number or a text.</summary>
    IntOrString,

    /// <summary>Any JSON, kept as it is.</summary>
    Raw,

    /// <summary>A managed-fields set: an object kept as it is.</summary>
    Fields,

    /// <summary>An object with the fields of a <see cref="SchemaType"/>.</summary>
    Struct,

    /// <summary>An array of <see cref="FieldType.Element"/>.</summary>
    List,

    /// <summary>An object with free keys and values of <see cref="FieldType.Element"/>.</summary>
    Map,
}

/// <summary>A field's type: its sort, whether Go holds it behind a pointer (so that zero differs from absent), and what it is made of.</summary>
public sealed class FieldType
{
    private readonly Func<SchemaType>? _resolve;

    /// <summary>A type without a struct.</summary>
    public FieldType(ValueKind kind, bool pointer = false, FieldType? element = null) => (Kind, Pointer, Element) = (kind, pointer, element);

    /// <summary>A struct, resolved on first use because types refer to each other in circles.</summary>
    public FieldType(bool pointer, Func<SchemaType> resolve) => (Kind, Pointer, _resolve) = (ValueKind.Struct, pointer, resolve);

    /// <summary>The sort of value.</summary>
    public ValueKind Kind { get; }

    /// <summary>Go pointer: absent and zero are different.</summary>
    public bool Pointer { get; }

    /// <summary>Element type of lists and maps, else null.</summary>
    public FieldType? Element { get; }

    /// <summary>The struct's type; throws for any other kind.</summary>
    public SchemaType Struct => field ??= (_resolve ?? throw new InvalidOperationException($"{Kind} is no struct"))();

    /// <summary>How Go's error messages call the type: <c>int32</c>, <c>[]v1.Container</c>, <c>map[string]string</c>.</summary>
    public string GoName => Kind switch
    {
        ValueKind.String or ValueKind.Duration => "string",
        ValueKind.Bool => "bool",
        ValueKind.Int32 => "int32",
        ValueKind.Int64 => "int64",
        ValueKind.Double => "float64",
        ValueKind.Bytes => "[]uint8",
        ValueKind.Time => "v1.Time",
        ValueKind.MicroTime => "v1.MicroTime",
        ValueKind.Quantity => "resource.Quantity",
        ValueKind.IntOrString => "intstr.IntOrString",
        ValueKind.List => "[]" + Element!.GoName,
        ValueKind.Map => "map[string]" + Element!.GoName,
        ValueKind.Struct => $"{Struct.Version}.{Struct.ShortName}",
        _ => "interface {}",
    };
}
