using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Protobuf;

/// <summary>
/// Reads a message into nodes along its layout. A singular message that stands twice is merged and of a scalar the last one counts, as protobuf
/// has it. Throws <see cref="ProtobufFormatException"/>.
/// </summary>
internal static class MessageReader
{
    // The built-in types nest below 30; only the schemas of custom resources go as deep as they like.
    private const int MaxDepth = 200;

    /// <summary>Reads a whole message into <paramref name="into"/>.</summary>
    internal static void Read(ReadOnlySpan<byte> message, MessageLayout layout, JsonObject into) => Read(message, layout, into, 0);

    /// <summary>As <see cref="Read(ReadOnlySpan{byte}, MessageLayout, JsonObject)"/>, for a message that lies <paramref name="depth"/> deep.</summary>
    internal static void Read(ReadOnlySpan<byte> message, MessageLayout layout, JsonObject into, int depth)
    {
        if (depth > MaxDepth) throw new ProtobufFormatException("exceeded max depth");
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            var member = layout.Find(reader.Field);
            if (member?.Embedded is { } embedded)
            {
                reader.Expect(WireType.Bytes, "an embedded struct");
                Read(reader.Bytes(), embedded, into, depth + 1);
            }
            else if (member?.Field is { } field) Field(ref reader, field, member.Alternative, into, depth);
            else reader.Skip();
        }
    }

    private static void Field(ref ProtobufReader reader, SchemaField field, SchemaAlternative? alternative, JsonObject into, int depth)
    {
        switch (field.Type.Kind)
        {
            case ValueKind.List:
                if (into[field.Name] is not JsonArray list) into[field.Name] = list = [];
                Items(ref reader, field.Type.Element!, list, field.GoName, depth);
                break;
            case ValueKind.Map:
                if (into[field.Name] is not JsonObject map) into[field.Name] = map = [];
                reader.Expect(WireType.Bytes, field.GoName);
                Entry(reader.Bytes(), field.Type.Element!, alternative, map, field.GoName, depth + 1);
                break;
            case ValueKind.Struct when into[field.Name] is JsonObject known:
                reader.Expect(WireType.Bytes, field.GoName);
                Read(reader.Bytes(), MessageLayout.Of(field.Type.Struct), known, depth + 1);
                break;
            default:
                var value = Value(ref reader, field.Type, alternative, field.GoName, depth);
                if (value is null || (!field.Type.Pointer && IsZero(value, field.Type.Kind))) into.Remove(field.Name);
                else into[field.Name] = value;
                break;
        }
    }

    private static void Items(ref ProtobufReader reader, FieldType element, JsonArray list, string name, int depth)
    {
        if (element.Kind is ValueKind.Int32 or ValueKind.Int64 or ValueKind.Bool && reader.Wire == WireType.Bytes)
        {
            // Packed: upstream never writes it, protobuf wants it read.
            var packed = new ProtobufReader(reader.Bytes());
            while (packed.NextPacked()) list.Add(Value(ref packed, element, null, name, depth));
            return;
        }
        list.Add(Value(ref reader, element, null, name, depth) ?? Zero(element));
    }

    private static void Entry(ReadOnlySpan<byte> entry, FieldType element, SchemaAlternative? alternative, JsonObject map, string name, int depth)
    {
        var key = "";
        JsonNode? value = null;
        var reader = new ProtobufReader(entry);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: reader.Expect(WireType.Bytes, name); key = reader.Text(); break;
                case 2 when element.Kind == ValueKind.List: reader.Expect(WireType.Bytes, name); value = ExtraItems(reader.Bytes(), element.Element!, name, depth); break;
                case 2: value = Value(ref reader, element, alternative, name, depth); break;
                default: reader.Skip(); break;
            }
        }
        map[key] = value ?? Zero(element);
    }

    /// <summary>A list in a map is a message with <c>items</c> (authentication/v1 ExtraValue).</summary>
    private static JsonArray ExtraItems(ReadOnlySpan<byte> message, FieldType element, string name, int depth)
    {
        var list = new JsonArray();
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            if (reader.Field == 1) Items(ref reader, element, list, name, depth);
            else reader.Skip();
        }
        return list;
    }

    /// <summary>One value; null for an empty time or raw value.</summary>
    private static JsonNode? Value(ref ProtobufReader reader, FieldType type, SchemaAlternative? alternative, string name, int depth)
    {
        reader.Expect(type.Kind switch { ValueKind.Bool or ValueKind.Int32 or ValueKind.Int64 => WireType.Varint, ValueKind.Double => WireType.Fixed64, _ => WireType.Bytes }, name);
        switch (type.Kind)
        {
            case ValueKind.String or ValueKind.Duration: return reader.Text();
            case ValueKind.Bool: return reader.Varint() != 0;
            case ValueKind.Int32: return unchecked((int)reader.Varint());
            case ValueKind.Int64: return unchecked((long)reader.Varint());
            case ValueKind.Double:
                var real = reader.Double();
                return double.IsFinite(real) ? real : throw new ProtobufFormatException($"unsupported value for field {name}");
            case ValueKind.Bytes: return Convert.ToBase64String(reader.Bytes());
            case ValueKind.Time or ValueKind.MicroTime: return Moment(reader.Bytes(), type.Kind, name);
            case ValueKind.Quantity: return OneText(reader.Bytes(), name) ?? "0";
            case ValueKind.IntOrString: return IntOrString(reader.Bytes(), name);
            case ValueKind.Raw when alternative is not null: return alternative.Read(reader.Bytes(), name, depth);
            case ValueKind.Raw or ValueKind.Fields: return Raw(reader.Bytes(), name);
            case ValueKind.Struct:
                var obj = new JsonObject();
                Read(reader.Bytes(), MessageLayout.Of(type.Struct), obj, depth + 1);
                return obj;
            default: throw new ProtobufFormatException($"field {name} has no protobuf form");
        }
    }

    private static bool IsZero(JsonNode value, ValueKind kind) => kind switch
    {
        ValueKind.String or ValueKind.Duration or ValueKind.Bytes => (string)value! == "",
        ValueKind.Bool => !(bool)value,
        ValueKind.Int32 => (int)value == 0,
        ValueKind.Int64 => (long)value == 0,
        ValueKind.Double => (double)value == 0,
        ValueKind.IntOrString => value.GetValueKind() == JsonValueKind.Number && (int)value == 0,
        _ => false,
    };

    private static JsonNode? Zero(FieldType type) => type.Kind switch
    {
        ValueKind.String or ValueKind.Duration or ValueKind.Bytes => "",
        ValueKind.Bool => false,
        ValueKind.Int32 or ValueKind.Int64 or ValueKind.Double or ValueKind.IntOrString => 0,
        ValueKind.Quantity => "0",
        ValueKind.Struct => new JsonObject(),
        ValueKind.List => new JsonArray(),
        _ => null,
    };

    private static string? OneText(ReadOnlySpan<byte> message, string name)
    {
        string? text = null;
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            if (reader.Field != 1) { reader.Skip(); continue; }
            reader.Expect(WireType.Bytes, name);
            text = reader.Text();
        }
        return text;
    }

    private static JsonNode IntOrString(ReadOnlySpan<byte> message, string name)
    {
        var (type, number, text) = (0UL, 0, "");
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: reader.Expect(WireType.Varint, name); type = reader.Varint(); break;
                case 2: reader.Expect(WireType.Varint, name); number = unchecked((int)reader.Varint()); break;
                case 3: reader.Expect(WireType.Bytes, name); text = reader.Text(); break;
                default: reader.Skip(); break;
            }
        }
        return type switch { 0 => number, 1 => text, _ => throw new ProtobufFormatException("impossible IntOrString.Type") };
    }

    private static JsonValue? Moment(ReadOnlySpan<byte> message, ValueKind kind, string name)
    {
        if (message.IsEmpty) return null;
        var (seconds, nanos) = (0L, 0);
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: reader.Expect(WireType.Varint, name); seconds = unchecked((long)reader.Varint()); break;
                case 2: reader.Expect(WireType.Varint, name); nanos = unchecked((int)reader.Varint()); break;
                default: reader.Skip(); break;
            }
        }
        var smallest = DateTimeOffset.MinValue.ToUnixTimeSeconds();
        // Go's zero time is JSON's null.
        if (seconds == smallest && nanos == 0) return null;
        if (seconds < smallest || seconds > DateTimeOffset.MaxValue.ToUnixTimeSeconds() || nanos is < 0 or > 999_999_999)
            throw new ProtobufFormatException($"time out of range for field {name}");
        var at = DateTimeOffset.FromUnixTimeSeconds(seconds);
        // Upstream takes whole seconds of a Time and whole microseconds of a MicroTime.
        return JsonValue.Create(kind == ValueKind.Time ? Rfc3339.Seconds(at) : Rfc3339.Microseconds(at.AddTicks(nanos / 100)));
    }

    private static JsonNode? Raw(ReadOnlySpan<byte> message, string name)
    {
        ReadOnlySpan<byte> raw = default;
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            if (reader.Field != 1) { reader.Skip(); continue; }
            reader.Expect(WireType.Bytes, name);
            raw = reader.Bytes();
        }
        if (raw.IsEmpty) return null;
        try
        {
            return JsonNode.Parse(raw, documentOptions: new JsonDocumentOptions { MaxDepth = ObjectDecoder.MaxDepth });
        }
        catch (JsonException)
        {
            throw new ProtobufFormatException($"field {name} holds no JSON");
        }
    }
}
