using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Protobuf;

namespace Orchestrator.Resources.OpenApi;

/// <summary>
/// The kinds of values in gnostic's messages. What is empty, false or zero is not written, as in every message of proto3: <c>"minimum": 0</c> reads as no minimum. Alternatives and list
/// items are always written.
/// </summary>
internal static class GnosticValues
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = ObjectDecoder.MaxDepth };

    /// <summary><c>string</c>.</summary>
    public static void Text(ProtobufWriter writer, int number, JsonNode? value)
    {
        if (String(value) is { Length: > 0 } text) writer.Text(number, text);
    }

    /// <summary><c>repeated string</c>.</summary>
    public static void Texts(ProtobufWriter writer, int number, JsonNode? value)
    {
        foreach (var item in Items(value)) writer.Text(number, String(item));
    }

    /// <summary><c>bool</c>.</summary>
    public static void Flag(ProtobufWriter writer, int number, JsonNode? value)
    {
        if (Of<bool>(value, "a boolean")) writer.Bool(number, true);
    }

    /// <summary><c>double</c>.</summary>
    public static void Real(ProtobufWriter writer, int number, JsonNode? value)
    {
        if (Double(value) is var real && real != 0) writer.Double(number, real);
    }

    /// <summary><c>int64</c>.</summary>
    public static void Whole(ProtobufWriter writer, int number, JsonNode? value)
    {
        if (Of<long>(value, "a whole number") is var whole && whole != 0) writer.Varint(number, (ulong)whole);
    }

    /// <summary><c>Any</c>: any JSON value.</summary>
    public static void Any(ProtobufWriter writer, int number, JsonNode? value) => writer.Message(number, value, AnyBody);

    /// <summary><c>repeated Any</c>.</summary>
    public static void Anys(ProtobufWriter writer, int number, JsonNode? value)
    {
        foreach (var item in Items(value)) Any(writer, number, item);
    }

    /// <summary>The fields of <c>Any</c>: YAML text (2), in the block style that gnostic gives it.</summary>
    public static void AnyBody(ProtobufWriter writer, JsonNode? value) => writer.Bytes(2, YamlWriter.FromJson(Encoding.UTF8.GetBytes(Shown(value))).Span);

    /// <summary>A message.</summary>
    public static GnosticField One(GnosticBody body)
    {
        var action = Action(body);
        return (writer, number, value) => writer.Message(number, value, action);
    }

    /// <summary><c>repeated</c> messages.</summary>
    public static GnosticField Many(GnosticBody body)
    {
        var action = Action(body);
        return (writer, number, value) =>
        {
            foreach (var item in Items(value)) writer.Message(number, item, action);
        };
    }

    /// <summary>A message that holds an object's members as pairs of name and value in its field 1 (<c>Properties</c>, <c>MediaTypes</c> and their like).</summary>
    public static GnosticField Map(GnosticBody value) => One(MapBody(value));

    /// <summary>The fields of such a message.</summary>
    public static GnosticBody MapBody(GnosticBody value) => (writer, json) => GnosticMessage.Named(writer, 1, Object(json), value);

    /// <summary>A message with one of two alternatives: a reference in field 2 where the object has <c>$ref</c>, the thing itself in field 1 otherwise.</summary>
    public static GnosticBody OrReference(GnosticBody thing, GnosticBody reference)
    {
        var (itself, referred) = (Action(thing), Action(reference));
        return (writer, value) =>
        {
            if (Object(value).ContainsKey("$ref")) writer.Message(2, value, referred); else writer.Message(1, value, itself);
        };
    }

    /// <summary><c>AdditionalPropertiesItem</c>: a schema (1) or a boolean (2).</summary>
    public static GnosticField SchemaOrFlag(GnosticBody schema)
    {
        var action = Action(schema);
        return One((writer, value) =>
        {
            if (value is JsonObject) writer.Message(1, value, action); else writer.Bool(2, Of<bool>(value, "a schema or a boolean"));
        });
    }

    /// <summary>A message that holds other messages in its field 1: <c>ItemsItem</c>, of which JSON has one.</summary>
    public static GnosticField Only(GnosticBody body)
    {
        var action = Action(body);
        return One((writer, value) => writer.Message(1, value, action));
    }

    /// <summary>A message that holds strings in its field 1, of which JSON may have one without a list: <c>StringArray</c>, <c>TypeItem</c>.</summary>
    public static void StringsBody(ProtobufWriter writer, JsonNode? value)
    {
        if (value is JsonArray) Texts(writer, 1, value); else writer.Text(1, String(value));
    }

    /// <summary>An object. Throws where it is none.</summary>
    public static JsonObject Object(JsonNode? value) => value as JsonObject ?? throw Unexpected(value, "an object");

    /// <summary>A text; null is the empty one, as gnostic has it. Throws where it is none.</summary>
    public static string String(JsonNode? value) => value is null ? "" : Of<string>(value, "a text");

    /// <summary>A number. Throws where it is none.</summary>
    public static double Double(JsonNode? value) =>
        value?.GetValueKind() == JsonValueKind.Number ? double.Parse(value.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture) : throw Unexpected(value, "a number");

    private static IEnumerable<JsonNode?> Items(JsonNode? value) => value as JsonArray ?? throw Unexpected(value, "a list");

    private static T Of<T>(JsonNode? value, string what) => value is JsonValue scalar && scalar.TryGetValue<T>(out var typed) ? typed : throw Unexpected(value, what);

    private static GnosticFormatException Unexpected(JsonNode? value, string what) => new($"has unexpected value where {what} should be: {Shown(value)}");

    private static string Shown(JsonNode? value) => value?.ToJsonString(Relaxed) ?? "null";

    private static Action<ProtobufWriter, JsonNode?> Action(GnosticBody body) => (writer, value) => body(writer, value);
}
