using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Schema;

/// <summary>One field of a <see cref="SchemaType"/>: its name on the wire and every fact that the generic algorithms need.</summary>
public sealed record SchemaField
{
    /// <summary>JSON name.</summary>
    public required string Name { get; init; }

    /// <summary>Go name, e.g. <c>PodIP</c>.</summary>
    public required string GoName { get; init; }

    /// <summary>Type.</summary>
    public required FieldType Type { get; init; }

    /// <summary>Go leaves the field out when it holds its zero value (structs by value are never left out).</summary>
    public bool OmitEmpty { get; init; }

    /// <summary>Documented as optional; OpenAPI lists the others as required.</summary>
    public bool Optional { get; init; }

    /// <summary>Protobuf field number; 0 when the field is not in the message (kind and apiVersion travel in the envelope).</summary>
    public int ProtobufNumber { get; init; }

    /// <summary>
    /// Where JSON flattens an embedded struct, protobuf nests a message: the numbers of the messages that hold the field, outermost first; else empty.
    /// </summary>
    public IReadOnlyList<int> ProtobufPath { get; init; } = [];

    /// <summary>Strategic-merge strategies: <c>merge</c>, <c>replace</c>, <c>retainKeys</c>.</summary>
    public IReadOnlyList<string> PatchStrategies { get; init; } = [];

    /// <summary>Strategic-merge key of a merged list of objects, or null.</summary>
    public string? PatchMergeKey { get; init; }

    /// <summary>Server-side-apply list type: <c>atomic</c>, <c>set</c>, <c>map</c>, or null (then atomic).</summary>
    public string? ListType { get; init; }

    /// <summary>Keys of a <c>map</c> list.</summary>
    public IReadOnlyList<string> ListMapKeys { get; init; } = [];

    /// <summary><c>atomic</c> or <c>granular</c> for a struct, or null.</summary>
    public string? StructType { get; init; }

    /// <summary><c>atomic</c> or <c>granular</c> for a map, or null.</summary>
    public string? MapType { get; init; }

    /// <summary>Known values of a text field; informative, validation decides.</summary>
    public IReadOnlyList<string> Enum { get; init; } = [];

    /// <summary>Declared default, or null.</summary>
    public JsonNode? Default { get; init; }

    /// <summary>Deprecated upstream.</summary>
    public bool Deprecated { get; init; }

    /// <summary>The name as it goes into JSON, escaped once.</summary>
    internal JsonEncodedText EncodedName => _encoded ??= JsonEncodedText.Encode(Name, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping);

    private JsonEncodedText? _encoded;

    /// <summary>The field as an element of a field path (<c>f:name</c>), made once.</summary>
    internal string PathElement => field ??= "f:" + Name;

    /// <summary>Description for OpenAPI; derived from the name where none was given (custom resources bring their own).</summary>
    public string Description { get => field ??= FieldDescription.Of(this); init; }
}
