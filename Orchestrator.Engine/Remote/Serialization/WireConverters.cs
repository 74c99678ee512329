using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Remote.Serialization;

/// <summary>A reference as its full path; nobody as null.</summary>
internal sealed class ActorRefConverter(WireSerializer serializer) : JsonConverter<IActorRef>
{
    public override bool CanConvert(Type typeToConvert) => typeof(IActorRef).IsAssignableFrom(typeToConvert);

    public override IActorRef? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetString() is { } name ? serializer.Resolve(name) : null;

    public override void Write(Utf8JsonWriter writer, IActorRef value, JsonSerializerOptions options)
    {
        if (serializer.FullNameOf(value) is { } name)
            writer.WriteStringValue(name);
        else
            writer.WriteNullValue();
    }
}

/// <summary>Bytes as the number of the segment behind the JSON.</summary>
internal sealed class RawBytesConverter : JsonConverter<ReadOnlyMemory<byte>>
{
    public override ReadOnlyMemory<byte> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var index = reader.GetInt32();
        var raw = WireOperation.Current.Raw;
        return index >= 0 && index < raw.Count ? raw[index] : throw new JsonException($"there is no segment {index}");
    }

    public override void Write(Utf8JsonWriter writer, ReadOnlyMemory<byte> value, JsonSerializerOptions options)
    {
        var raw = WireOperation.Current.Raw;
        writer.WriteNumberValue(raw.Count);
        raw.Add(value);
    }
}

/// <summary>As <see cref="RawBytesConverter"/>, for arrays.</summary>
internal sealed class RawArrayConverter : JsonConverter<byte[]>
{
    public override byte[]? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var index = reader.GetInt32();
        var raw = WireOperation.Current.Raw;
        return index >= 0 && index < raw.Count ? raw[index].ToArray() : throw new JsonException($"there is no segment {index}");
    }

    public override void Write(Utf8JsonWriter writer, byte[] value, JsonSerializerOptions options)
    {
        var raw = WireOperation.Current.Raw;
        writer.WriteNumberValue(raw.Count);
        raw.Add(value);
    }
}

/// <summary>A field that holds any message, as its wire name and its fields: <c>["resource.bind.v1", {…}]</c>.</summary>
internal sealed class AnyMessageConverter(WireSerializer serializer) : JsonConverter<object>
{
    public override bool CanConvert(Type typeToConvert) => typeToConvert == typeof(object);

    public override object? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray || !reader.Read() || reader.TokenType != JsonTokenType.String)
            throw new JsonException("a message within a message begins with its name");
        var type = serializer.Find(reader.HasValueSequence || reader.ValueIsEscaped ? Encoding.UTF8.GetBytes(reader.GetString()!) : reader.ValueSpan);
        object? value = type.Instance;
        if (!reader.Read())
            throw new JsonException("a message within a message is cut off");
        if (value is null)
        {
            value = JsonSerializer.Deserialize(ref reader, serializer.InfoOf(type));
            reader.Read();
        }

        while (reader.TokenType != JsonTokenType.EndArray)
        {
            reader.Skip();
            if (!reader.Read())
                throw new JsonException("a message within a message is cut off");
        }

        return value;
    }

    public override void Write(Utf8JsonWriter writer, object value, JsonSerializerOptions options)
    {
        var type = serializer.TypeOf(value);
        writer.WriteStartArray();
        writer.WriteStringValue(type.Utf8Name);
        if (type.Instance is null)
            JsonSerializer.Serialize(writer, value, serializer.InfoOf(type));
        writer.WriteEndArray();
    }
}

/// <summary>An exception as its type's name and its message: only words cross.</summary>
internal sealed class ExceptionConverter : JsonConverter<Exception>
{
    public override bool CanConvert(Type typeToConvert) => typeof(Exception).IsAssignableFrom(typeToConvert);

    public override Exception Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        var parts = document.RootElement;
        return new RemoteFailureException(parts[0].GetString() ?? "", parts[1].GetString() ?? "");
    }

    public override void Write(Utf8JsonWriter writer, Exception value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        writer.WriteStringValue(value is RemoteFailureException remote ? remote.RemoteType : value.GetType().FullName);
        writer.WriteStringValue(value.Message);
        writer.WriteEndArray();
    }
}
