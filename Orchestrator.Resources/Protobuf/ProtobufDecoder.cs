using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Protobuf;

/// <summary>
/// Decodes <c>application/vnd.kubernetes.protobuf</c> bodies: the magic <c>k8s\0</c>, a <c>runtime.Unknown</c> envelope with type and message, read by the
/// schema's field numbers into the object's JSON, which then takes the same path as a JSON body.
/// </summary>
public static class ProtobufDecoder
{
    /// <summary>The media type.</summary>
    public const string MediaType = "application/vnd.kubernetes.protobuf";

    private const int MaxDepth = 64;

    private static readonly ConcurrentDictionary<SchemaType, FrozenDictionary<(int Embedded, int Number), SchemaField>> Numbers = new();

    private static ReadOnlySpan<byte> Magic => "k8s\0"u8;

    /// <summary>The decoded object. Throws a <see cref="StatusException"/>: 400 for bytes that are no such message, 415 for a type that JSON alone can carry.</summary>
    public static JsonObject Decode(ReadOnlySpan<byte> body, SchemaType type, FieldValidation mode, List<string> warnings)
    {
        JsonObject obj;
        try
        {
            obj = Envelope(body, type);
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            throw ApiStatus.BadRequest($"the object provided is unrecognized (must be of type {type.ShortName}): {e.Message}").AsException();
        }
        return ObjectDecoder.Decode(JsonSerializer.SerializeToUtf8Bytes(obj), type, mode, warnings);
    }

    private static JsonObject Envelope(ReadOnlySpan<byte> body, SchemaType type)
    {
        if (!body.StartsWith(Magic)) throw new FormatException("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
        var reader = new ProtobufReader(body[Magic.Length..]);
        var (apiVersion, kind) = ("", "");
        ReadOnlySpan<byte> raw = default;
        while (!reader.AtEnd)
        {
            var (field, wire) = reader.Tag();
            switch (field)
            {
                case 1 when wire == ProtobufReader.Wire.Bytes: (apiVersion, kind) = TypeMeta(reader.Bytes()); break;
                case 2 when wire == ProtobufReader.Wire.Bytes: raw = reader.Bytes(); break;
                default: reader.Skip(wire); break;
            }
        }
        var obj = Message(raw, type, 0);
        if (kind.Length > 0) obj["kind"] = kind;
        if (apiVersion.Length > 0) obj["apiVersion"] = apiVersion;
        return obj;
    }

    private static (string ApiVersion, string Kind) TypeMeta(ReadOnlySpan<byte> bytes)
    {
        var reader = new ProtobufReader(bytes);
        var (apiVersion, kind) = ("", "");
        while (!reader.AtEnd)
        {
            var (field, wire) = reader.Tag();
            if (field == 1) apiVersion = reader.Text();
            else if (field == 2) kind = reader.Text();
            else reader.Skip(wire);
        }
        return (apiVersion, kind);
    }

    private static JsonObject Message(ReadOnlySpan<byte> bytes, SchemaType type, int depth)
    {
        var obj = new JsonObject();
        Fields(bytes, type, embedded: 0, obj, depth);
        return obj;
    }

    private static void Fields(ReadOnlySpan<byte> bytes, SchemaType type, int embedded, JsonObject obj, int depth)
    {
        if (depth > MaxDepth) throw new FormatException("exceeded max depth");
        var reader = new ProtobufReader(bytes);
        while (!reader.AtEnd)
        {
            var (number, wire) = reader.Tag();
            if (Find(type, embedded, number) is { } field) Read(ref reader, wire, field, obj, depth);
            else if (embedded == 0 && wire == ProtobufReader.Wire.Bytes && Embeds(type, number)) Fields(reader.Bytes(), type, number, obj, depth + 1);
            else reader.Skip(wire);
        }
    }

    private static SchemaField? Find(SchemaType type, int embedded, int number) => Numbers.GetOrAdd(type, ByNumber).GetValueOrDefault((embedded, number));

    private static bool Embeds(SchemaType type, int number) => type.Fields.Any(f => f.ProtobufEmbedded == number);

    private static FrozenDictionary<(int Embedded, int Number), SchemaField> ByNumber(SchemaType type)
    {
        var numbers = new Dictionary<(int, int), SchemaField>();
        foreach (var field in type.Fields.Where(f => f.ProtobufNumber > 0))
        {
            // The schema tells one level of embedding; where a type embeds twice its numbers collide, and guessing would corrupt the object.
            if (!numbers.TryAdd((field.ProtobufEmbedded, field.ProtobufNumber), field))
                throw new ApiStatus(415, "UnsupportedMediaType", $"{type.ShortName} cannot be read from protobuf; send application/json").AsException();
        }
        return numbers.ToFrozenDictionary();
    }

    private static void Read(ref ProtobufReader reader, ProtobufReader.Wire wire, SchemaField field, JsonObject obj, int depth)
    {
        var type = field.Type;
        switch (type.Kind)
        {
            case ValueKind.List:
                if (obj[field.Name] is not JsonArray list) obj[field.Name] = list = [];
                Items(ref reader, wire, type.Element!, list, depth);
                break;
            case ValueKind.Map:
                if (obj[field.Name] is not JsonObject map) obj[field.Name] = map = [];
                Entry(reader.Bytes(), type.Element!, map, depth);
                break;
            default:
                // Go writes every field that is no pointer, zero or not; JSON leaves such zeros out.
                var value = Value(ref reader, wire, type, depth);
                if (value is not null && (type.Pointer || !field.OmitEmpty || !IsZero(value))) obj[field.Name] = value;
                break;
        }
    }

    private static void Items(ref ProtobufReader reader, ProtobufReader.Wire wire, FieldType element, JsonArray list, int depth)
    {
        if (wire == ProtobufReader.Wire.Bytes && element.Kind is (ValueKind.Int32 or ValueKind.Int64 or ValueKind.Bool))
        {
            var packed = new ProtobufReader(reader.Bytes());
            while (!packed.AtEnd) list.Add(Value(ref packed, ProtobufReader.Wire.Varint, element, depth));
            return;
        }
        list.Add(Value(ref reader, wire, element, depth));
    }

    private static void Entry(ReadOnlySpan<byte> bytes, FieldType element, JsonObject map, int depth)
    {
        var reader = new ProtobufReader(bytes);
        var key = "";
        JsonNode? value = element.Kind switch
        {
            ValueKind.String => "",
            ValueKind.Bytes => "",
            ValueKind.List => new JsonArray(),
            ValueKind.Struct => new JsonObject(),
            _ => null,
        };
        while (!reader.AtEnd)
        {
            var (number, wire) = reader.Tag();
            if (number == 1) key = reader.Text();
            else if (number == 2) value = element.Kind == ValueKind.List ? Texts(reader.Bytes(), element.Element!, depth) : Value(ref reader, wire, element, depth);
            else reader.Skip(wire);
        }
        map[key] = value;
    }

    // Protobuf has no maps of lists: Kubernetes wraps the list in a message of its own.
    private static JsonArray Texts(ReadOnlySpan<byte> bytes, FieldType element, int depth)
    {
        var list = new JsonArray();
        var reader = new ProtobufReader(bytes);
        while (!reader.AtEnd)
        {
            var (number, wire) = reader.Tag();
            if (number == 1) Items(ref reader, wire, element, list, depth);
            else reader.Skip(wire);
        }
        return list;
    }

    private static JsonNode? Value(ref ProtobufReader reader, ProtobufReader.Wire wire, FieldType type, int depth)
    {
        var expected = type.Kind switch
        {
            ValueKind.Bool or ValueKind.Int32 or ValueKind.Int64 => ProtobufReader.Wire.Varint,
            ValueKind.Double => ProtobufReader.Wire.Fixed64,
            _ => ProtobufReader.Wire.Bytes,
        };
        if (wire != expected) throw new FormatException($"proto: wrong wireType = {(int)wire} for a {type.GoName}");
        return type.Kind switch
        {
            ValueKind.Bool => reader.Varint() != 0,
            ValueKind.Int32 => (int)reader.Varint(),
            ValueKind.Int64 => (long)reader.Varint(),
            ValueKind.Double => reader.Double(),
            ValueKind.String => reader.Text(),
            ValueKind.Bytes => Convert.ToBase64String(reader.Bytes()),
            ValueKind.Time => Instant(reader.Bytes(), Rfc3339.Seconds),
            ValueKind.MicroTime => Instant(reader.Bytes(), Rfc3339.Microseconds),
            ValueKind.Quantity => First(reader.Bytes()) is { Length: > 0 } text ? System.Text.Encoding.UTF8.GetString(text) : "0",
            ValueKind.Raw or ValueKind.Fields => First(reader.Bytes()) is { Length: > 0 } json ? JsonNode.Parse(json) : null,
            ValueKind.IntOrString => IntOrText(reader.Bytes()),
            ValueKind.Duration => Span(reader.Bytes()),
            _ => Message(reader.Bytes(), type.Struct, depth + 1),
        };
    }

    private static JsonNode? Instant(ReadOnlySpan<byte> bytes, Func<DateTimeOffset, string> format)
    {
        var (seconds, nanos) = Pair(bytes);
        if (seconds == 0 && nanos == 0) return null;
        if (seconds is < -62135596800 or > 253402300799) throw new FormatException("proto: time out of range");
        return format(DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(nanos / 100));
    }

    private static JsonNode Span(ReadOnlySpan<byte> bytes) => (Pair(bytes).First / 1e9).ToString("0.#########", CultureInfo.InvariantCulture) + "s";

    private static JsonNode IntOrText(ReadOnlySpan<byte> bytes)
    {
        var reader = new ProtobufReader(bytes);
        var (isText, number, text) = (false, 0, "");
        while (!reader.AtEnd)
        {
            var (field, wire) = reader.Tag();
            if (field == 1) isText = reader.Varint() != 0;
            else if (field == 2) number = (int)reader.Varint();
            else if (field == 3) text = reader.Text();
            else reader.Skip(wire);
        }
        return isText ? text : number;
    }

    private static (long First, long Second) Pair(ReadOnlySpan<byte> bytes)
    {
        var reader = new ProtobufReader(bytes);
        var (first, second) = (0L, 0L);
        while (!reader.AtEnd)
        {
            var (field, wire) = reader.Tag();
            if (field == 1) first = (long)reader.Varint();
            else if (field == 2) second = (long)reader.Varint();
            else reader.Skip(wire);
        }
        return (first, second);
    }

    private static byte[] First(ReadOnlySpan<byte> bytes)
    {
        var reader = new ProtobufReader(bytes);
        byte[] found = [];
        while (!reader.AtEnd)
        {
            var (field, wire) = reader.Tag();
            if (field == 1 && wire == ProtobufReader.Wire.Bytes) found = reader.Bytes().ToArray();
            else reader.Skip(wire);
        }
        return found;
    }

    private static bool IsZero(JsonNode value) => value switch
    {
        JsonObject obj => obj.Count == 0,
        JsonValue scalar when scalar.TryGetValue(out string? text) => text.Length == 0,
        JsonValue scalar when scalar.TryGetValue(out bool flag) => !flag,
        JsonValue scalar when scalar.TryGetValue(out int number) => number == 0,
        JsonValue scalar when scalar.TryGetValue(out long number) => number == 0,
        _ => false,
    };
}
