using System.Runtime.InteropServices;
using System.Text.Json;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Protobuf;

/// <summary>
/// Encodes canonical JSON (see <see cref="CanonicalJson"/>) as <c>application/vnd.kubernetes.protobuf</c>, byte for byte as upstream's generated
/// code does: fields in ascending order, scalars and structs by value always, pointers, lists and maps only where they hold something.
/// </summary>
public static class ProtobufEncoder
{
    private static readonly JsonElement Nothing = JsonElement.Parse("{}"u8);

    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = ObjectDecoder.MaxDepth + 1 };

    /// <summary>A whole object in its envelope. Kind and apiVersion are the JSON's own, or the type's where it has none; both empty for a type that is no kind.</summary>
    public static byte[] Encode(ReadOnlyMemory<byte> json, SchemaType type)
    {
        using var document = JsonDocument.Parse(json, Deep);
        var obj = document.RootElement;
        var message = new ProtobufWriter();
        Message(message, obj, MessageLayout.Of(type));
        return ProtobufEnvelope.Seal(Text(obj, "apiVersion"u8) ?? type.ApiVersion ?? "", Text(obj, "kind"u8) ?? (type.ApiVersion is null ? "" : type.ShortName), message.Written);
    }

    /// <summary>
    /// A list in its envelope: every list kind is <c>metadata</c> (a ListMeta, as JSON) and <c>items</c>, so the entries are encoded one by one and
    /// the list never exists as JSON.
    /// </summary>
    public static byte[] EncodeList(string apiVersion, string kind, ReadOnlyMemory<byte> listMeta, IEnumerable<ReadOnlyMemory<byte>> items, SchemaType itemType)
    {
        var list = new ProtobufWriter();
        using (var meta = JsonDocument.Parse(listMeta, Deep))
            list.Message(1, meta.RootElement, static (w, m) => Message(w, m, MessageLayout.Of(SchemaCatalog.Default.Find("io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"))));
        var layout = MessageLayout.Of(itemType);
        foreach (var item in items)
        {
            using var document = JsonDocument.Parse(item, Deep);
            list.Message(2, (Item: document.RootElement, layout), static (w, s) => Message(w, s.Item, s.layout));
        }
        return ProtobufEnvelope.Seal(apiVersion, kind, list.Written);
    }

    /// <summary>A watch event (meta/v1 WatchEvent), which has no envelope of its own; <paramref name="obj"/> is an object that was encoded with one.</summary>
    public static byte[] EncodeWatchEvent(string type, ReadOnlyMemory<byte> obj)
    {
        var message = new ProtobufWriter();
        message.Text(1, type);
        message.Message(2, obj, static (w, o) => w.Bytes(1, o.Span));
        return message.Written.ToArray();
    }

    private static string? Text(JsonElement obj, ReadOnlySpan<byte> name) => obj.TryGetProperty(name, out var value) ? value.GetString() : null;

    /// <summary>Writes an object's members.</summary>
    internal static void Message(ProtobufWriter w, JsonElement obj, MessageLayout layout)
    {
        foreach (var member in layout.Members)
        {
            if (member.Embedded is { } embedded)
                w.Message(member.Number, (obj, embedded), static (w, s) => Message(w, s.obj, s.embedded));
            else if (obj.TryGetProperty(member.Name.EncodedUtf8Bytes, out var value) && value.ValueKind != JsonValueKind.Null)
            {
                if (member.Alternative is { } alternative) Alternative(w, member.Number, value, member.Field!.Type, alternative);
                else Value(w, member.Number, value, member.Field!.Type);
            }
            else if (!member.Field!.Type.Pointer)
                Zero(w, member.Number, member.Field.Type);
        }
    }

    private static void Alternative(ProtobufWriter w, int number, JsonElement value, FieldType type, SchemaAlternative alternative)
    {
        if (type.Kind != ValueKind.Map)
        {
            w.Message(number, (value, alternative), static (w, s) => s.alternative.Write(w, s.value));
            return;
        }
        foreach (var entry in value.EnumerateObject())
            w.Message(number, (entry, alternative), static (w, s) =>
            {
                w.Text(1, s.entry.Name);
                Alternative(w, 2, s.entry.Value, new FieldType(ValueKind.Raw), s.alternative);
            });
    }

    private static void Value(ProtobufWriter w, int number, JsonElement value, FieldType type)
    {
        switch (type.Kind)
        {
            case ValueKind.String or ValueKind.Duration: String(w, number, value); break;
            case ValueKind.Bool: w.Bool(number, value.GetBoolean()); break;
            case ValueKind.Int32 or ValueKind.Int64: w.Varint(number, (ulong)value.GetInt64()); break;
            case ValueKind.Double: w.Double(number, value.GetDouble()); break;
            case ValueKind.Bytes: w.Bytes(number, value.GetBytesFromBase64()); break;
            case ValueKind.Time or ValueKind.MicroTime: w.Message(number, value.GetString()!, static (w, text) => Moment(w, text)); break;
            case ValueKind.Quantity: w.Message(number, value, static (w, v) => String(w, 1, v)); break;
            case ValueKind.IntOrString: w.Message(number, value, static (w, v) => IntOrString(w, v)); break;
            case ValueKind.Raw or ValueKind.Fields: w.Message(number, value, static (w, v) => w.Bytes(1, JsonMarshal.GetRawUtf8Value(v))); break;
            case ValueKind.Struct: w.Message(number, (value, type), static (w, s) => Message(w, s.value, MessageLayout.Of(s.type.Struct))); break;
            case ValueKind.List:
                foreach (var item in value.EnumerateArray()) Element(w, number, item, type.Element!);
                break;
            case ValueKind.Map:
                foreach (var entry in value.EnumerateObject())
                    w.Message(number, (entry, type), static (w, s) =>
                    {
                        w.Text(1, s.entry.Name);
                        Element(w, 2, s.entry.Value, s.type.Element!);
                    });
                break;
            default: throw new InvalidOperationException($"{type.Kind} has no protobuf form");
        }
    }

    /// <summary>An element of a list or a value of a map, which stands even where it is null. A list in a map is a message with <c>items</c> (authentication/v1 ExtraValue).</summary>
    private static void Element(ProtobufWriter w, int number, JsonElement value, FieldType type)
    {
        if (type.Kind == ValueKind.List)
            w.Message(number, (value, type), static (w, s) => { if (s.value.ValueKind != JsonValueKind.Null) Value(w, 1, s.value, s.type); });
        else if (value.ValueKind == JsonValueKind.Null) Zero(w, number, type);
        else Value(w, number, value, type);
    }

    private static void Zero(ProtobufWriter w, int number, FieldType type)
    {
        switch (type.Kind)
        {
            case ValueKind.String or ValueKind.Duration: w.Bytes(number, default); break;
            case ValueKind.Bool or ValueKind.Int32 or ValueKind.Int64: w.Varint(number, 0); break;
            case ValueKind.Double: w.Double(number, 0); break;
            case ValueKind.Time or ValueKind.MicroTime or ValueKind.Raw or ValueKind.Fields: w.Bytes(number, default); break;
            case ValueKind.Quantity: w.Message(number, 0, static (w, _) => w.Text(1, "0")); break;
            case ValueKind.IntOrString: w.Message(number, Nothing, static (w, _) => IntOrString(w, default)); break;
            case ValueKind.Struct: w.Message(number, type, static (w, t) => Message(w, Nothing, MessageLayout.Of(t.Struct))); break;
        }
    }

    private static void String(ProtobufWriter w, int number, JsonElement value)
    {
        var raw = JsonMarshal.GetRawUtf8Value(value);
        // Without an escape the bytes between the quotes are the text.
        if (raw[0] == (byte)'"' && !raw.Contains((byte)'\\')) w.Bytes(number, raw[1..^1]);
        else w.Text(number, value.GetString()!);
    }

    private static void IntOrString(ProtobufWriter w, JsonElement value)
    {
        var isText = value.ValueKind == JsonValueKind.String;
        w.Varint(1, isText ? 1UL : 0UL);
        w.Varint(2, value.ValueKind == JsonValueKind.Number ? (ulong)value.GetInt64() : 0);
        if (isText) String(w, 3, value); else w.Bytes(3, default);
    }

    private static void Moment(ProtobufWriter w, string text)
    {
        var at = Rfc3339.TryParse(text) ?? throw new FormatException("a stored time is not RFC 3339");
        var seconds = Math.DivRem(at.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks, TimeSpan.TicksPerSecond, out var ticks);
        if (ticks < 0) (seconds, ticks) = (seconds - 1, ticks + TimeSpan.TicksPerSecond);
        w.Varint(1, (ulong)seconds);
        w.Varint(2, (ulong)(ticks / TimeSpan.TicksPerMicrosecond * 1000));
    }
}
