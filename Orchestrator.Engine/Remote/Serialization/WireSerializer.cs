using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Remote.Serialization;

/// <summary>
/// Writes a message as its wire name, its fields as JSON, and behind them the bytes of its byte fields as they are, which the JSON refers to by number (a
/// stored object is megabytes of JSON already: as text in text it would be a third longer and twice as slow). Readers ignore fields they do not know and take the default for
/// those that are missing. References to actors cross as full paths. Thread-safe.
/// </summary>
internal sealed class WireSerializer
{
    private readonly WireCatalog _catalog;
    private readonly ActorSystem _system;
    private readonly JsonSerializerOptions _options;

    public WireSerializer(WireCatalog catalog, ActorSystem system)
    {
        _catalog = catalog;
        _system = system;
        _options = new JsonSerializerOptions
        {
            IncludeFields = true,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            MaxDepth = 256,
        };
        _options.Converters.Add(new ActorRefConverter(this));
        _options.Converters.Add(new RawBytesConverter());
        _options.Converters.Add(new RawArrayConverter());
        _options.Converters.Add(new AnyMessageConverter(this));
        _options.Converters.Add(new ExceptionConverter());
        _options.MakeReadOnly();
    }

    /// <summary>Throws <see cref="WireFormatException"/> for a message without wire name.</summary>
    public void Write(FrameBuffer buffer, object message)
    {
        var type = TypeOf(message);
        buffer.WriteText(type.Name);
        if (type.Instance is not null)
            return;
        var operation = WireOperation.Begin();
        try
        {
            var at = buffer.SkipInt32();
            var writer = operation.WriterOn(buffer);
            JsonSerializer.Serialize(writer, message, _options.GetTypeInfo(type.Type));
            writer.Flush();
            buffer.PatchInt32(at, buffer.Length - at - 4);
            foreach (var raw in operation.Raw)
            {
                buffer.WriteInt32(raw.Length);
                buffer.Write(raw.Span);
            }
        }
        finally
        {
            operation.End();
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote. Throws <see cref="UnknownMessageException"/>, <see cref="WireFormatException"/>.</summary>
    public object Read(ref FrameReader frame)
    {
        var type = Find(frame.ReadUtf8());
        if (type.Instance is not null)
            return type.Instance;
        var json = frame.ReadBytes(frame.ReadInt32());
        var operation = WireOperation.Begin();
        try
        {
            // The frame's memory is reused: what outlives it is copied, once.
            while (!frame.AtEnd)
                operation.Raw.Add(frame.ReadBytes(frame.ReadInt32()).ToArray());
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 256 });
            return JsonSerializer.Deserialize(ref reader, _options.GetTypeInfo(type.Type)) ?? throw new WireFormatException($"{type.Name} is null");
        }
        catch (Exception malformed) when (malformed is JsonException or FormatException or ArgumentException or NotSupportedException)
        {
            throw new WireFormatException($"{type.Name} is malformed: {malformed.Message}", malformed);
        }
        finally
        {
            operation.End();
        }
    }

    internal WireType TypeOf(object message) =>
        _catalog.Find(message.GetType()) ?? throw new WireFormatException($"{message.GetType()} has no wire name and cannot leave this process");

    internal WireType Find(ReadOnlySpan<byte> utf8Name)
    {
        Span<char> name = stackalloc char[128];
        if (utf8Name.Length > name.Length)
            throw new UnknownMessageException(Encoding.UTF8.GetString(utf8Name));
        name = name[..Encoding.UTF8.GetChars(utf8Name, name)];
        return _catalog.Find(name) ?? throw new UnknownMessageException(new string(name));
    }

    internal JsonTypeInfo InfoOf(WireType type) => _options.GetTypeInfo(type.Type);

    /// <summary>What any system understands by a reference of any system; null for nobody.</summary>
    internal string? FullNameOf(IActorRef reference) => reference switch
    {
        RemoteActorRef remote => remote.FullName,
        InternalActorRef { System: { } system } local when system.References.NameOf(local) is { } name => $"{system.Address}{name}",
        _ => null,
    };

    /// <summary>As <see cref="FullNameOf"/>, but without the address where the sender is of this system: the peer knows whom it talks to.</summary>
    internal string? NameOfSender(IActorRef sender) => sender switch
    {
        InternalActorRef local when ReferenceEquals(local.System, _system) && local is not RemoteActorRef => _system.References.NameOf(local),
        _ => FullNameOf(sender),
    };

    internal IActorRef Resolve(string fullName) => _system.ResolveActorRef(fullName);
}
