using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Protobuf;

/// <summary>
/// A field of apiextensions/v1 JSONSchemaProps that is a schema or something else. JSON shows which by its sort of value; protobuf has a message of
/// two members for it (JSONSchemaPropsOrBool, JSONSchemaPropsOrArray, JSONSchemaPropsOrStringArray).
/// </summary>
internal sealed class SchemaAlternative
{
    private const string Owner = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";

    private static readonly SchemaAlternative OrBool = new(schema: 2, other: 1, ValueKind.Bool);
    private static readonly SchemaAlternative OrSchemas = new(schema: 1, other: 2, ValueKind.Struct);
    private static readonly SchemaAlternative OrTexts = new(schema: 1, other: 2, ValueKind.String);

    private readonly int _schema;
    private readonly int _other;
    private readonly ValueKind _kind;

    private SchemaAlternative(int schema, int other, ValueKind kind) => (_schema, _other, _kind) = (schema, other, kind);

    /// <summary>The alternative that a field is, or that its map's values are; null for every other field.</summary>
    internal static SchemaAlternative? Of(SchemaType owner, SchemaField field) => owner.Name != Owner ? null : field.Name switch
    {
        "additionalProperties" or "additionalItems" => OrBool,
        "items" => OrSchemas,
        "dependencies" => OrTexts,
        _ => null,
    };

    private static MessageLayout Layout => MessageLayout.Of(SchemaCatalog.Default.Find(Owner));

    /// <summary>Writes the members for a JSON value that is not null.</summary>
    internal void Write(ProtobufWriter w, JsonElement value)
    {
        // By value, hence always there; a schema implies it.
        if (_kind == ValueKind.Bool) w.Bool(_other, value.ValueKind is JsonValueKind.True or JsonValueKind.Object);
        if (value.ValueKind == JsonValueKind.Object) Schema(w, _schema, value);
        if (value.ValueKind != JsonValueKind.Array) return;
        foreach (var item in value.EnumerateArray())
        {
            if (_kind == ValueKind.String && item.ValueKind == JsonValueKind.String) w.Text(_other, item.GetString()!);
            else if (_kind == ValueKind.Struct && item.ValueKind == JsonValueKind.Object) Schema(w, _other, item);
        }
    }

    /// <summary>The JSON value of a message; null when it holds nothing.</summary>
    internal JsonNode? Read(ReadOnlySpan<byte> message, string name, int depth)
    {
        var allows = false;
        JsonObject? schema = null;
        var others = new JsonArray();
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            if (reader.Field == _schema)
            {
                reader.Expect(WireType.Bytes, name);
                MessageReader.Read(reader.Bytes(), Layout, schema ??= [], depth + 1);
            }
            else if (reader.Field != _other) reader.Skip();
            else if (_kind == ValueKind.Bool)
            {
                reader.Expect(WireType.Varint, name);
                allows = reader.Varint() != 0;
            }
            else
            {
                reader.Expect(WireType.Bytes, name);
                others.Add(_kind == ValueKind.String ? reader.Text() : Schema(reader.Bytes(), depth));
            }
        }
        if (others.Count > 0) return others;
        return schema is not null ? schema : _kind == ValueKind.Bool ? JsonValue.Create(allows) : null;
    }

    private static void Schema(ProtobufWriter w, int number, JsonElement value) => w.Message(number, value, static (w, v) => ProtobufEncoder.Message(w, v, Layout));

    private static JsonObject Schema(ReadOnlySpan<byte> message, int depth)
    {
        var schema = new JsonObject();
        MessageReader.Read(message, Layout, schema, depth + 1);
        return schema;
    }
}
