using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Json;

/// <summary>
/// Reads JSON along a schema type into nodes: checks every value's form, brings quantities and times into canonical form, drops nulls and
/// unknown fields, keeps the last of duplicates. The reader stands on a value's first token and ends on its last.
/// </summary>
internal static class ValueDecoder
{
    internal static JsonObject Struct(ref Utf8JsonReader r, SchemaType type, DecodeContext context)
    {
        var result = new JsonObject();
        while (r.Read() && r.TokenType != JsonTokenType.EndObject)
        {
            var name = r.GetString()!;
            r.Read();
            var field = type.Field(name);
            var value = field?.Type ?? type.AdditionalProperties;
            if (value is null && !type.PreserveUnknown)
            {
                context.Unknown(name);
                r.Skip();
                continue;
            }
            context.Enter(name);
            var node = value is null ? Raw(ref r, context, reportDuplicates: true) : Value(ref r, value, type, context);
            context.Leave();
            if (result.ContainsKey(name)) context.Duplicate(name);
            if (node is not null || type.IsCustom) result[name] = node;
        }
        return result;
    }

    /// <summary>One value; null for JSON null and for a value that was refused.</summary>
    private static JsonNode? Value(ref Utf8JsonReader r, FieldType type, SchemaType owner, DecodeContext context)
    {
        if (r.TokenType == JsonTokenType.Null && type.Kind != ValueKind.Raw) return null;
        switch (type.Kind)
        {
            case ValueKind.Struct when r.TokenType == JsonTokenType.StartObject: return Struct(ref r, type.Struct, context);
            case ValueKind.List when r.TokenType == JsonTokenType.StartArray: return List(ref r, type.Element!, owner, context);
            case ValueKind.Map when r.TokenType == JsonTokenType.StartObject: return Map(ref r, type.Element!, owner, context);
            case ValueKind.String when r.TokenType == JsonTokenType.String: return JsonValue.Create(r.GetString());
            case ValueKind.Bool when r.TokenType is JsonTokenType.True or JsonTokenType.False: return JsonValue.Create(r.GetBoolean());
            case ValueKind.Int32 when r.TokenType == JsonTokenType.Number && r.TryGetInt32(out _): return Number(ref r);
            case ValueKind.Int64 when r.TokenType == JsonTokenType.Number && r.TryGetInt64(out _): return Number(ref r);
            case ValueKind.Double when r.TokenType == JsonTokenType.Number && r.TryGetDouble(out var real) && double.IsFinite(real): return JsonValue.Create(real);
            case ValueKind.Raw: return Raw(ref r, context, owner.IsCustom);
            case ValueKind.Fields when r.TokenType == JsonTokenType.StartObject: return Raw(ref r, context, reportDuplicates: false);
            case ValueKind.Bytes when r.TokenType == JsonTokenType.String: return Base64Text(ref r, context);
            case ValueKind.Time or ValueKind.MicroTime when r.TokenType == JsonTokenType.String: return Moment(r.GetString()!, type.Kind, context);
            case ValueKind.Duration when r.TokenType == JsonTokenType.String: return JsonValue.Create(r.GetString());
            case ValueKind.Quantity when r.TokenType is JsonTokenType.String or JsonTokenType.Number: return QuantityText(ref r, context);
            case ValueKind.IntOrString when r.TokenType == JsonTokenType.String: return JsonValue.Create(r.GetString());
            case ValueKind.IntOrString when r.TokenType == JsonTokenType.Number && r.TryGetInt32(out _): return Number(ref r);
        }
        if (owner.IsCustom) return Raw(ref r, context, reportDuplicates: true);
        switch (type.Kind)
        {
            case ValueKind.IntOrString: context.Mismatch(Found(ref r), null, new FieldType(ValueKind.Int32)); break;
            case ValueKind.Quantity: context.Fail(Quantities.QuantityText.WrongFormat); break;
            case ValueKind.Time or ValueKind.MicroTime: context.Mismatch(Found(ref r), null, new FieldType(ValueKind.String)); break;
            default: context.Mismatch(Found(ref r), owner, type); break;
        }
        r.Skip();
        return null;
    }

    private static JsonArray List(ref Utf8JsonReader r, FieldType element, SchemaType owner, DecodeContext context)
    {
        var result = new JsonArray();
        while (r.Read() && r.TokenType != JsonTokenType.EndArray)
        {
            context.Enter(result.Count);
            result.Add(Element(ref r, element, owner, context));
            context.Leave();
        }
        return result;
    }

    private static JsonObject Map(ref Utf8JsonReader r, FieldType element, SchemaType owner, DecodeContext context)
    {
        var result = new JsonObject();
        while (r.Read() && r.TokenType != JsonTokenType.EndObject)
        {
            var key = r.GetString()!;
            r.Read();
            context.Enter(key);
            var value = Element(ref r, element, owner, context);
            context.Leave();
            if (result.ContainsKey(key)) context.Duplicate(key);
            result[key] = value;
        }
        return result;
    }

    /// <summary>A list element or map value: null is Go's zero value there.</summary>
    private static JsonNode? Element(ref Utf8JsonReader r, FieldType type, SchemaType owner, DecodeContext context) =>
        Value(ref r, type, owner, context) is { } node ? node : owner.IsCustom || type.Pointer ? null : type.Kind switch
        {
            ValueKind.String => "",
            ValueKind.Bool => false,
            ValueKind.Int32 or ValueKind.IntOrString => 0,
            ValueKind.Int64 => 0L,
            ValueKind.Quantity => "0",
            ValueKind.Struct => new JsonObject(),
            _ => null,
        };

    /// <summary>Any JSON as nodes that hold no duplicate names (the last wins, as in Go).</summary>
    internal static JsonNode? Raw(ref Utf8JsonReader r, DecodeContext context, bool reportDuplicates)
    {
        switch (r.TokenType)
        {
            case JsonTokenType.StartObject:
                var result = new JsonObject();
                while (r.Read() && r.TokenType != JsonTokenType.EndObject)
                {
                    var name = r.GetString()!;
                    r.Read();
                    context.Enter(name);
                    var value = Raw(ref r, context, reportDuplicates);
                    context.Leave();
                    if (result.ContainsKey(name) && reportDuplicates) context.Duplicate(name);
                    result[name] = value;
                }
                return result;
            case JsonTokenType.StartArray:
                var list = new JsonArray();
                while (r.Read() && r.TokenType != JsonTokenType.EndArray)
                {
                    context.Enter(list.Count);
                    list.Add(Raw(ref r, context, reportDuplicates));
                    context.Leave();
                }
                return list;
            case JsonTokenType.String: return JsonValue.Create(r.GetString());
            case JsonTokenType.True or JsonTokenType.False: return JsonValue.Create(r.GetBoolean());
            case JsonTokenType.Number: return Number(ref r);
            default: return null;
        }
    }

    /// <summary>
    /// A number as its literal: such a node converts to every number type that can hold it, whereas one made from an <c>int</c> would only ever
    /// convert to <c>int</c>, and a raw value keeps its digits.
    /// </summary>
    private static JsonValue? Number(ref Utf8JsonReader r) => JsonValue.Create(JsonElement.ParseValue(ref r));

    private static JsonValue? Base64Text(ref Utf8JsonReader r, DecodeContext context)
    {
        var text = r.GetString()!;
        if (text.AsSpan().IndexOfAny('\r', '\n') >= 0) text = text.Replace("\r", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal);
        // Base64.IsValid also takes white space, which Go refuses.
        if (Base64.IsValid(text) && text.AsSpan().IndexOfAny(' ', '\t') < 0) return JsonValue.Create(text);
        var wrong = text.AsSpan().IndexOfAnyExcept("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
        context.Fail($"illegal base64 data at input byte {(wrong < 0 ? text.Length : wrong)}");
        return null;
    }

    private static JsonValue? Moment(string text, ValueKind kind, DecodeContext context)
    {
        if (Rfc3339.TryParse(text) is { } at) return JsonValue.Create(kind == ValueKind.Time ? Rfc3339.Seconds(at) : Rfc3339.Microseconds(at));
        var layout = kind == ValueKind.Time ? "2006-01-02T15:04:05Z07:00" : "2006-01-02T15:04:05.000000Z07:00";
        context.Fail($"parsing time \"{text}\" as \"{layout}\": cannot parse \"{text}\" as \"2006\"");
        return null;
    }

    private static JsonValue? QuantityText(ref Utf8JsonReader r, DecodeContext context)
    {
        var text = r.TokenType == JsonTokenType.String ? r.GetString()! : Encoding.UTF8.GetString(r.ValueSpan);
        if (Quantities.QuantityText.TryParse(text, out var nanos, out var format) is { } error) { context.Fail(error); return null; }
        return JsonValue.Create(Quantities.QuantityText.Format(nanos, format));
    }

    private static string Found(ref Utf8JsonReader r) => r.TokenType switch
    {
        JsonTokenType.StartObject => "object",
        JsonTokenType.StartArray => "array",
        JsonTokenType.String => "string",
        // Go shows the literal only where a number was expected but did not fit; it is harmless to always show it.
        JsonTokenType.Number => "number",
        _ => "bool",
    };
}
