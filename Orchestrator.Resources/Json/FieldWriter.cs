using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Quantities;

namespace Orchestrator.Resources.Json;

/// <summary>Writes the fields of generated types as Go's encoder does: nil is null, map keys are sorted, times are RFC 3339 in UTC.</summary>
internal static class FieldWriter
{
    internal static void Value(Utf8JsonWriter w, ReadOnlySpan<byte> name, string? value) => w.WriteString(name, value);
    internal static void Value(Utf8JsonWriter w, ReadOnlySpan<byte> name, bool value) => w.WriteBoolean(name, value);
    internal static void Value(Utf8JsonWriter w, ReadOnlySpan<byte> name, int value) => w.WriteNumber(name, value);
    internal static void Value(Utf8JsonWriter w, ReadOnlySpan<byte> name, long value) => w.WriteNumber(name, value);
    internal static void Value(Utf8JsonWriter w, ReadOnlySpan<byte> name, double value) => w.WriteNumber(name, value);
    internal static void Value(Utf8JsonWriter w, ReadOnlySpan<byte> name, Quantity value) => w.WriteString(name, value.ToString());

    internal static void Value(Utf8JsonWriter w, ReadOnlySpan<byte> name, IntOrString value)
    {
        w.WritePropertyName(name);
        Item(w, value);
    }

    internal static void Value(Utf8JsonWriter w, ReadOnlySpan<byte> name, bool? value)
    {
        if (value is { } v) w.WriteBoolean(name, v); else w.WriteNull(name);
    }

    internal static void Value(Utf8JsonWriter w, ReadOnlySpan<byte> name, int? value)
    {
        if (value is { } v) w.WriteNumber(name, v); else w.WriteNull(name);
    }

    internal static void Value(Utf8JsonWriter w, ReadOnlySpan<byte> name, long? value)
    {
        if (value is { } v) w.WriteNumber(name, v); else w.WriteNull(name);
    }

    internal static void Value(Utf8JsonWriter w, ReadOnlySpan<byte> name, double? value)
    {
        if (value is { } v) w.WriteNumber(name, v); else w.WriteNull(name);
    }

    internal static void Value(Utf8JsonWriter w, ReadOnlySpan<byte> name, Quantity? value) => w.WriteString(name, value?.ToString());

    internal static void Value(Utf8JsonWriter w, ReadOnlySpan<byte> name, IntOrString? value)
    {
        if (value is { } v) Value(w, name, v); else w.WriteNull(name);
    }

    internal static void Value(Utf8JsonWriter w, ReadOnlySpan<byte> name, byte[]? value)
    {
        if (value is null) w.WriteNull(name); else w.WriteBase64String(name, value);
    }

    internal static void Value(Utf8JsonWriter w, ReadOnlySpan<byte> name, JsonNode? value)
    {
        w.WritePropertyName(name);
        Item(w, value);
    }

    internal static void Value(Utf8JsonWriter w, ReadOnlySpan<byte> name, DateTimeOffset? value) => Moment(w, name, value, Rfc3339.SecondsLayout);

    internal static void MicroTime(Utf8JsonWriter w, ReadOnlySpan<byte> name, DateTimeOffset? value) => Moment(w, name, value, Rfc3339.MicrosecondsLayout);

    internal static void Value(Utf8JsonWriter w, ReadOnlySpan<byte> name, ApiType? value)
    {
        if (value is null) { w.WriteNull(name); return; }
        w.WritePropertyName(name);
        Object(w, value);
    }

    /// <summary>A struct by value: Go cannot leave it null, so a null is written as the empty object its zero value is on the wire.</summary>
    internal static void Struct<T>(Utf8JsonWriter w, ReadOnlySpan<byte> name, T? value) where T : ApiType, new()
    {
        w.WritePropertyName(name);
        Object(w, value ?? new T());
    }

    internal static void Structs<T>(Utf8JsonWriter w, ReadOnlySpan<byte> name, List<T>? value) where T : ApiType
    {
        if (value is null) { w.WriteNull(name); return; }
        w.WriteStartArray(name);
        foreach (var item in value) Object(w, item);
        w.WriteEndArray();
    }

    internal static void StructMap<T>(Utf8JsonWriter w, ReadOnlySpan<byte> name, Dictionary<string, T>? value) where T : ApiType
    {
        if (value is null) { w.WriteNull(name); return; }
        w.WriteStartObject(name);
        foreach (var (key, item) in Sorted(value)) { w.WritePropertyName(key); Object(w, item); }
        w.WriteEndObject();
    }

    internal static void List<T>(Utf8JsonWriter w, ReadOnlySpan<byte> name, List<T>? value)
    {
        if (value is null) { w.WriteNull(name); return; }
        w.WriteStartArray(name);
        foreach (var item in value) Item(w, item);
        w.WriteEndArray();
    }

    internal static void Map<T>(Utf8JsonWriter w, ReadOnlySpan<byte> name, Dictionary<string, T>? value)
    {
        if (value is null) { w.WriteNull(name); return; }
        w.WriteStartObject(name);
        foreach (var (key, item) in Sorted(value)) { w.WritePropertyName(key); Item(w, item); }
        w.WriteEndObject();
    }

    internal static void StringLists(Utf8JsonWriter w, ReadOnlySpan<byte> name, List<List<string>>? value) => List(w, name, value);

    internal static void StringListMap(Utf8JsonWriter w, ReadOnlySpan<byte> name, Dictionary<string, List<string>>? value) => Map(w, name, value);

    internal static void Object(Utf8JsonWriter w, ApiType value)
    {
        w.WriteStartObject();
        value.WriteFields(w);
        w.WriteEndObject();
    }

    private static void Item<T>(Utf8JsonWriter w, T item)
    {
        switch (item)
        {
            case null: w.WriteNullValue(); break;
            case string s: w.WriteStringValue(s); break;
            case bool b: w.WriteBooleanValue(b); break;
            case int i: w.WriteNumberValue(i); break;
            case long l: w.WriteNumberValue(l); break;
            case Quantity q: w.WriteStringValue(q.ToString()); break;
            case IntOrString { IsString: true } s: w.WriteStringValue(s.Text); break;
            case IntOrString n: w.WriteNumberValue(n.Number); break;
            case DateTimeOffset at when at == default: w.WriteNullValue(); break; // Go's zero time.
            case DateTimeOffset at: w.WriteStringValue(Rfc3339.Seconds(at)); break;
            case byte[] bytes: w.WriteBase64StringValue(bytes); break;
            case JsonNode node: node.WriteTo(w); break;
            case List<string> strings:
                w.WriteStartArray();
                foreach (var s in strings) w.WriteStringValue(s);
                w.WriteEndArray();
                break;
            default: throw new InvalidOperationException($"no JSON form for {item.GetType()}");
        }
    }

    private static IEnumerable<KeyValuePair<string, T>> Sorted<T>(Dictionary<string, T> map) =>
        map.Count < 2 ? map : map.OrderBy(p => p.Key, StringComparer.Ordinal);

    private static void Moment(Utf8JsonWriter w, ReadOnlySpan<byte> name, DateTimeOffset? value, string format)
    {
        if (value is not { } at) { w.WriteNull(name); return; }
        Span<char> text = stackalloc char[32];
        at.UtcDateTime.TryFormat(text, out var length, format, CultureInfo.InvariantCulture);
        w.WriteString(name, text[..length]);
    }
}
