using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Orchestrator.Resources.Json;

namespace Orchestrator.Resources.Apply;

/// <summary>The JSON form of a <see cref="FieldSet"/> (meta/v1 FieldsV1): an object per element, <c>"."</c> in it where the path itself is in the set and others are below it.</summary>
public static class FieldsV1
{
    [ThreadStatic] private static ArrayBufferWriter<byte>? _buffer;
    [ThreadStatic] private static Utf8JsonWriter? _writer;

    private static readonly JsonEncodedText Self = JsonEncodedText.Encode(".");
    private static readonly JsonTypeInfo<Encoded> EncodedInfo = JsonMetadataServices.CreateValueInfo<Encoded>(new JsonSerializerOptions { TypeInfoResolver = JsonTypeInfoResolver.Combine() }, new EncodedConverter());

    /// <summary>Reads a set. Throws <see cref="FormatException"/> for what is none; an empty object is the empty set, null.</summary>
    public static FieldSet? Parse(JsonObject json)
    {
        var level = new FieldSetBuilder(json.Count);
        foreach (var (element, value) in json)
        {
            if (element == ".") continue;
            if (!PathElement.IsValid(element)) throw new FormatException($"\"{element}\" is no path element");
            if (value is not JsonObject below) throw new FormatException($"\"{element}\" holds no object");
            // An element with nothing below it is a leaf of the notation, and so a member.
            level.Add(element, below.Count == 0 || below.ContainsKey("."), below.Count == 0 ? null : Parse(below));
        }
        return level.Build();
    }

    /// <summary>A node that writes the set; it is written once and never looked into, so it is kept as encoded bytes.</summary>
    internal static JsonNode Node(FieldSet set) => JsonValue.Create(new Encoded(Encode(set)), EncodedInfo)!;

    /// <summary>The set as UTF-8 JSON, elements sorted.</summary>
    public static byte[] Encode(FieldSet set)
    {
        _buffer ??= new ArrayBufferWriter<byte>(1024);
        _buffer.ResetWrittenCount();
        if (_writer is null) _writer = new Utf8JsonWriter(_buffer, TypedJson.Compact);
        else _writer.Reset(_buffer);
        Write(_writer, set);
        _writer.Flush();
        return _buffer.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter writer, FieldSet set, bool self = false)
    {
        writer.WriteStartObject();
        if (self)
        {
            writer.WriteStartObject(Self);
            writer.WriteEndObject();
        }
        foreach (var entry in set.Entries)
        {
            writer.WritePropertyName(entry.Element);
            if (entry.Below is not null)
            {
                Write(writer, entry.Below, entry.Member);
                continue;
            }
            writer.WriteStartObject();
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }

    private sealed record Encoded(byte[] Utf8);

    private sealed class EncodedConverter : JsonConverter<Encoded>
    {
        public override Encoded Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            using var document = JsonDocument.ParseValue(ref reader);
            return new Encoded(JsonSerializer.SerializeToUtf8Bytes(document.RootElement));
        }

        public override void Write(Utf8JsonWriter writer, Encoded value, JsonSerializerOptions options) => writer.WriteRawValue(value.Utf8, skipInputValidation: true);
    }
}
