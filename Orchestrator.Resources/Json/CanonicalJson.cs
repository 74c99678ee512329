using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Protobuf;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Json;

/// <summary>
/// The one byte form of an object that is stored and served: what Go's encoder writes for the typed object. Fields stand in struct order,
/// <c>omitempty</c> fields without content are gone, the others appear with their zero value, map keys are sorted by ordinal, no white space.
/// Equal bytes mean an unchanged object. <c>metadata.resourceVersion</c> is never part of it: the journal's ordering is spliced in on the way out.
/// </summary>
public static class CanonicalJson
{
    /// <summary>The canonical bytes of <paramref name="obj"/>. Fields unknown to a built-in type are left out.</summary>
    public static byte[] Write(JsonObject obj, SchemaType type)
    {
        var (buffer, writer) = JsonScratch.Rent();
        if (type.IsCustom) CustomObject(writer, obj, type); else Struct(writer, obj, type, storedObject: type.ApiVersion is not null);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The canonical bytes of one field of an object (its status, say): the part that <see cref="Write"/> has for it.</summary>
    public static byte[] WritePart(JsonObject part, SchemaType type, string field)
    {
        var (buffer, writer) = JsonScratch.Rent();
        if (type.IsCustom) Raw(writer, part); else Value(writer, part, type.Field(field)!.Type);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The same as a tree: what a client would see, as nodes.</summary>
    public static JsonObject Normalize(JsonObject obj, SchemaType type) =>
        JsonNode.Parse(Write(obj, type), documentOptions: new JsonDocumentOptions { MaxDepth = ObjectDecoder.MaxDepth + 1 })!.AsObject();

    private static void Struct(Utf8JsonWriter w, JsonObject obj, SchemaType type, bool storedObject = false, bool storedMetadata = false)
    {
        w.WriteStartObject();
        foreach (var field in type.FieldSpan)
        {
            if (storedMetadata && field.Name == "resourceVersion") continue;
            var present = obj.TryGetPropertyValue(field.Name, out var value) && value is not null;
            if (field.OmitEmpty && (present ? IsEmpty(value!, field.Type) : !AlwaysWritten(field.Type))) continue;
            w.WritePropertyName(field.EncodedName);
            if (storedObject && field.Name == "metadata" && field.Type.Kind == ValueKind.Struct)
                Struct(w, value as JsonObject ?? Empty, field.Type.Struct, storedMetadata: true);
            else if (present && field.Type.Kind is (ValueKind.Raw or ValueKind.Map) && SchemaAlternative.Of(type, field) is not null) Schemas(w, value!, type, field.Type.Kind == ValueKind.Map);
            else if (present) Value(w, value!, field.Type);
            else Zero(w, field.Type);
        }
        w.WriteEndObject();
    }

    /// <summary>A JSON schema where something else may stand too: a struct in Go, and written like one.</summary>
    private static void Schemas(Utf8JsonWriter w, JsonNode value, SchemaType type, bool map)
    {
        if (value is JsonObject entries && map)
        {
            w.WriteStartObject();
            foreach (var (key, item) in Sorted(entries))
            {
                w.WritePropertyName(key);
                if (item is null) w.WriteNullValue(); else Schemas(w, item, type, map: false);
            }
            w.WriteEndObject();
        }
        else if (value is JsonObject schema) Struct(w, schema, type);
        else if (value is JsonArray list)
        {
            w.WriteStartArray();
            foreach (var item in list)
                if (item is null) w.WriteNullValue(); else Schemas(w, item, type, map: false);
            w.WriteEndArray();
        }
        else value.WriteTo(w);
    }

    /// <summary>A custom resource: the envelope first, so that every stored object starts alike, then everything else sorted.</summary>
    private static void CustomObject(Utf8JsonWriter w, JsonObject obj, SchemaType type)
    {
        w.WriteStartObject();
        foreach (var name in (ReadOnlySpan<string>)["apiVersion", "kind"])
            if (obj.TryGetPropertyValue(name, out var value)) { w.WritePropertyName(name); Raw(w, value); }
        w.WritePropertyName("metadata");
        if (type.Field("metadata")?.Type is { Kind: ValueKind.Struct } metadata) Struct(w, obj["metadata"] as JsonObject ?? Empty, metadata.Struct, storedMetadata: true);
        else Raw(w, obj["metadata"] ?? Empty);
        foreach (var (name, value) in obj.Where(p => p.Key is not ("apiVersion" or "kind" or "metadata")).OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            w.WritePropertyName(name);
            Raw(w, value);
        }
        w.WriteEndObject();
    }

    private static void Value(Utf8JsonWriter w, JsonNode value, FieldType type)
    {
        switch (type.Kind)
        {
            case ValueKind.Struct when value is JsonObject obj:
                Struct(w, obj, type.Struct);
                break;
            case ValueKind.List when value is JsonArray list:
                w.WriteStartArray();
                for (var i = 0; i < list.Count; i++)
                    if (list[i] is { } item) Value(w, item, type.Element!); else Zero(w, type.Element!);
                w.WriteEndArray();
                break;
            case ValueKind.Map when value is JsonObject map:
                w.WriteStartObject();
                foreach (var (key, item) in Sorted(map))
                {
                    w.WritePropertyName(key);
                    if (item is null) Zero(w, type.Element!); else Value(w, item, type.Element!);
                }
                w.WriteEndObject();
                break;
            case ValueKind.Raw or ValueKind.Fields:
                // Kept in the order given, as Go keeps raw bytes.
                value.WriteTo(w);
                break;
            default:
                value.WriteTo(w);
                break;
        }
    }

    private static void Raw(Utf8JsonWriter w, JsonNode? value)
    {
        switch (value)
        {
            case null: w.WriteNullValue(); break;
            case JsonObject obj:
                w.WriteStartObject();
                foreach (var (key, item) in Sorted(obj)) { w.WritePropertyName(key); Raw(w, item); }
                w.WriteEndObject();
                break;
            case JsonArray list:
                w.WriteStartArray();
                foreach (var item in list) Raw(w, item);
                w.WriteEndArray();
                break;
            default: value.WriteTo(w); break;
        }
    }

    private static void Zero(Utf8JsonWriter w, FieldType type)
    {
        if (type.Pointer) { w.WriteNullValue(); return; }
        switch (type.Kind)
        {
            case ValueKind.String or ValueKind.Duration: w.WriteStringValue(""); break;
            case ValueKind.Bool: w.WriteBooleanValue(false); break;
            case ValueKind.Int32 or ValueKind.Int64 or ValueKind.Double or ValueKind.IntOrString: w.WriteNumberValue(0); break;
            case ValueKind.Quantity: w.WriteStringValue("0"); break;
            case ValueKind.Struct: Struct(w, Empty, type.Struct); break;
            default: w.WriteNullValue(); break;
        }
    }

    /// <summary>Go's <c>omitempty</c> never leaves out a struct by value, and these types are structs in Go.</summary>
    internal static bool AlwaysWritten(FieldType type) =>
        !type.Pointer && type.Kind is (ValueKind.Struct or ValueKind.Quantity or ValueKind.IntOrString or ValueKind.Time or ValueKind.MicroTime or ValueKind.Raw);

    internal static bool IsEmpty(JsonNode value, FieldType type) => type.Kind switch
    {
        ValueKind.List => value is JsonArray { Count: 0 },
        ValueKind.Map => value is JsonObject { Count: 0 },
        ValueKind.Bytes => value is JsonValue bytes && IsEmptyText(bytes),
        _ when type.Pointer => false,
        ValueKind.String or ValueKind.Duration => value is JsonValue text && IsEmptyText(text),
        ValueKind.Bool => value is JsonValue b && b.TryGetValue<bool>(out var flag) && !flag,
        ValueKind.Int32 or ValueKind.Int64 or ValueKind.Double => value is JsonValue n && IsZero(n),
        _ => false,
    };

    /// <summary>Text that was parsed and not looked at yet is not made into a string for this.</summary>
    private static bool IsEmptyText(JsonValue value) => value.TryGetValue<JsonElement>(out var parsed)
        ? parsed.ValueKind == JsonValueKind.String && parsed.ValueEquals(""u8)
        : value.TryGetValue<string>(out var text) && text.Length == 0;

    private static bool IsZero(JsonValue value) =>
        value.TryGetValue<int>(out var small) ? small == 0 : value.TryGetValue<long>(out var large) ? large == 0 : value.TryGetValue<double>(out var real) && real == 0;

    private static IEnumerable<KeyValuePair<string, JsonNode?>> Sorted(JsonObject map) => IsSorted(map) ? map : map.OrderBy(p => p.Key, StringComparer.Ordinal);

    /// <summary>As what was stored before is.</summary>
    private static bool IsSorted(JsonObject map)
    {
        for (var i = 1; i < map.Count; i++)
            if (string.CompareOrdinal(map.GetAt(i - 1).Key, map.GetAt(i).Key) > 0) return false;
        return true;
    }

    // Only read, and without a parent.
    private static readonly JsonObject Empty = new();
}
