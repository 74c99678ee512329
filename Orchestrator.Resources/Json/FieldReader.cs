using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Types.Meta.V1;

namespace Orchestrator.Resources.Json;

/// <summary>
/// Reads the values of generated types. The reader stands on the value's first token and ends on its last. As in Go, JSON null leaves the
/// zero value; any other token of the wrong sort throws (<see cref="InvalidOperationException"/>, <see cref="FormatException"/>), which
/// <see cref="TypedJson"/> reports as <see cref="JsonException"/>.
/// </summary>
internal static class FieldReader
{
    internal delegate T Item<T>(ref Utf8JsonReader reader);

    /// <summary>Whether what this thread reads goes without the list of its managers; see <see cref="TypedJson.ReadWithoutManagers"/>.</summary>
    [ThreadStatic] internal static bool WithoutManagers;

    internal static readonly Item<string> StringItem = static (ref r) => String(ref r);
    internal static readonly Item<bool> BoolItem = static (ref r) => Bool(ref r);
    internal static readonly Item<int> Int32Item = static (ref r) => Int32(ref r);
    internal static readonly Item<long> Int64Item = static (ref r) => Int64(ref r);
    internal static readonly Item<byte[]> BytesItem = static (ref r) => Bytes(ref r) ?? [];
    internal static readonly Item<Quantity> QuantityItem = static (ref r) => Quantity(ref r);
    internal static readonly Item<IntOrString> IntOrStringItem = static (ref r) => IntOrString(ref r);
    internal static readonly Item<DateTimeOffset> TimeItem = static (ref r) => Time(ref r) ?? default;
    internal static readonly Item<JsonNode?> RawItem = static (ref r) => Raw(ref r);
    internal static readonly Item<List<string>> StringListItem = static (ref r) => List(ref r, StringItem) ?? [];

    internal static string String(ref Utf8JsonReader r) => SharedText.Read(ref r) ?? "";
    internal static string? OptionalString(ref Utf8JsonReader r) => SharedText.Read(ref r);
    internal static bool Bool(ref Utf8JsonReader r) => r.TokenType != JsonTokenType.Null && r.GetBoolean();
    internal static bool? OptionalBool(ref Utf8JsonReader r) => r.TokenType == JsonTokenType.Null ? null : r.GetBoolean();
    internal static int Int32(ref Utf8JsonReader r) => r.TokenType == JsonTokenType.Null ? 0 : r.GetInt32();
    internal static int? OptionalInt32(ref Utf8JsonReader r) => r.TokenType == JsonTokenType.Null ? null : r.GetInt32();
    internal static long Int64(ref Utf8JsonReader r) => r.TokenType == JsonTokenType.Null ? 0 : r.GetInt64();
    internal static long? OptionalInt64(ref Utf8JsonReader r) => r.TokenType == JsonTokenType.Null ? null : r.GetInt64();
    internal static double Double(ref Utf8JsonReader r) => r.TokenType == JsonTokenType.Null ? 0 : r.GetDouble();
    internal static double? OptionalDouble(ref Utf8JsonReader r) => r.TokenType == JsonTokenType.Null ? null : r.GetDouble();
    internal static byte[]? Bytes(ref Utf8JsonReader r) => r.TokenType == JsonTokenType.Null ? null : r.GetBytesFromBase64();
    internal static DateTimeOffset? MicroTime(ref Utf8JsonReader r) => Time(ref r);

    internal static DateTimeOffset? Time(ref Utf8JsonReader r)
    {
        if (r.TokenType == JsonTokenType.Null) return null;
        // Utf8JsonReader knows ISO 8601 with up to 16 fraction digits, which covers RFC 3339 as Go writes it.
        if (r.TryGetDateTimeOffset(out var at)) return at.ToUniversalTime();
        return Rfc3339.TryParse(r.GetString()!) ?? throw new FormatException("not an RFC 3339 time");
    }

    internal static Quantity Quantity(ref Utf8JsonReader r) => OptionalQuantity(ref r) ?? default;

    internal static Quantity? OptionalQuantity(ref Utf8JsonReader r) => r.TokenType switch
    {
        JsonTokenType.Null => null,
        JsonTokenType.Number => Quantities.Quantity.Parse(System.Text.Encoding.UTF8.GetString(r.ValueSpan)),
        _ => Quantities.Quantity.Parse(r.GetString()!),
    };

    internal static IntOrString IntOrString(ref Utf8JsonReader r) => OptionalIntOrString(ref r) ?? default;

    internal static IntOrString? OptionalIntOrString(ref Utf8JsonReader r) => r.TokenType switch
    {
        JsonTokenType.Null => default(IntOrString?),
        JsonTokenType.Number => new IntOrString(r.GetInt32()),
        _ => new IntOrString(r.GetString()!),
    };

    internal static JsonNode? Raw(ref Utf8JsonReader r) => JsonNode.Parse(ref r);

    internal static JsonObject? Fields(ref Utf8JsonReader r) => JsonNode.Parse(ref r) as JsonObject;

    internal static T Struct<T>(ref Utf8JsonReader r) where T : ApiType, new() => OptionalStruct<T>(ref r) ?? new T();

    internal static T? OptionalStruct<T>(ref Utf8JsonReader r) where T : ApiType, new()
    {
        if (r.TokenType == JsonTokenType.Null) return null;
        var value = new T();
        value.ForgetKind();
        Into(value, ref r);
        return value;
    }

    /// <summary>Reads an object's fields; unknown ones are skipped.</summary>
    internal static void Into(ApiType value, ref Utf8JsonReader r)
    {
        Expect(ref r, JsonTokenType.StartObject);
        while (r.Read() && r.TokenType == JsonTokenType.PropertyName)
        {
            ReadOnlySpan<byte> name = r.ValueIsEscaped ? System.Text.Encoding.UTF8.GetBytes(r.GetString()!) : r.ValueSpan;
            r.Read();
            if (!value.ReadField(name, ref r)) r.Skip();
        }
    }

    internal static List<T>? Structs<T>(ref Utf8JsonReader r) where T : ApiType, new()
    {
        if (r.TokenType == JsonTokenType.Null) return null;
        Expect(ref r, JsonTokenType.StartArray);
        if (WithoutManagers && typeof(T) == typeof(ManagedFieldsEntry))
        {
            r.Skip();
            return null;
        }
        var list = new List<T>();
        while (r.Read() && r.TokenType != JsonTokenType.EndArray) list.Add(Struct<T>(ref r));
        return list;
    }

    internal static List<T>? List<T>(ref Utf8JsonReader r, Item<T> item)
    {
        if (r.TokenType == JsonTokenType.Null) return null;
        Expect(ref r, JsonTokenType.StartArray);
        var list = new List<T>();
        while (r.Read() && r.TokenType != JsonTokenType.EndArray) list.Add(item(ref r));
        return list;
    }

    internal static Dictionary<string, T>? StructMap<T>(ref Utf8JsonReader r) where T : ApiType, new()
    {
        if (r.TokenType == JsonTokenType.Null) return null;
        Expect(ref r, JsonTokenType.StartObject);
        var map = new Dictionary<string, T>(StringComparer.Ordinal);
        while (r.Read() && r.TokenType == JsonTokenType.PropertyName)
        {
            var key = SharedText.Read(ref r)!;
            r.Read();
            map[key] = Struct<T>(ref r);
        }
        return map;
    }

    internal static Dictionary<string, T>? Map<T>(ref Utf8JsonReader r, Item<T> item)
    {
        if (r.TokenType == JsonTokenType.Null) return null;
        Expect(ref r, JsonTokenType.StartObject);
        var map = new Dictionary<string, T>(StringComparer.Ordinal);
        while (r.Read() && r.TokenType == JsonTokenType.PropertyName)
        {
            var key = SharedText.Read(ref r)!;
            r.Read();
            map[key] = item(ref r);
        }
        return map;
    }

    private static void Expect(ref Utf8JsonReader r, JsonTokenType type)
    {
        if (r.TokenType != type) throw new InvalidOperationException($"expected {type}, found {r.TokenType}");
    }
}
