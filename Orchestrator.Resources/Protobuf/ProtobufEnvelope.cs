using Orchestrator.Resources.Errors;

namespace Orchestrator.Resources.Protobuf;

/// <summary>
/// What every protobuf object travels in (k8s.io/apimachinery/pkg/runtime <c>Unknown</c>): four magic bytes, then a message that names apiVersion
/// and kind and holds the object's own message.
/// </summary>
internal readonly ref struct ProtobufEnvelope
{
    /// <summary>The bytes that every envelope begins with.</summary>
    internal static ReadOnlySpan<byte> Magic => "k8s\0"u8;

    private ProtobufEnvelope(string apiVersion, string kind, ReadOnlySpan<byte> raw)
    {
        ApiVersion = apiVersion;
        Kind = kind;
        Raw = raw;
    }

    /// <summary>The object's apiVersion; may be empty.</summary>
    internal string ApiVersion { get; }

    /// <summary>The object's kind; may be empty.</summary>
    internal string Kind { get; }

    /// <summary>The object's own message.</summary>
    internal ReadOnlySpan<byte> Raw { get; }

    /// <summary>Opens an envelope. Throws <see cref="ProtobufFormatException"/>.</summary>
    internal static ProtobufEnvelope Open(ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty) throw new ProtobufFormatException("empty data");
        if (!body.StartsWith(Magic)) throw new ProtobufFormatException("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
        if (body.Length == Magic.Length) throw new ProtobufFormatException("empty body");
        var (apiVersion, kind) = ("", "");
        ReadOnlySpan<byte> raw = default;
        var unknown = new ProtobufReader(body[Magic.Length..]);
        while (unknown.Next())
        {
            switch (unknown.Field)
            {
                case 1:
                    unknown.Expect(WireType.Bytes, "TypeMeta");
                    var meta = new ProtobufReader(unknown.Bytes());
                    while (meta.Next())
                    {
                        switch (meta.Field)
                        {
                            case 1: meta.Expect(WireType.Bytes, "APIVersion"); apiVersion = meta.Text(); break;
                            case 2: meta.Expect(WireType.Bytes, "Kind"); kind = meta.Text(); break;
                            default: meta.Skip(); break;
                        }
                    }
                    break;
                case 2:
                    unknown.Expect(WireType.Bytes, "Raw");
                    raw = unknown.Bytes();
                    break;
                default:
                    unknown.Skip();
                    break;
            }
        }
        return new ProtobufEnvelope(apiVersion, kind, raw);
    }

    /// <summary>Closes an envelope around a message.</summary>
    internal static byte[] Seal(string apiVersion, string kind, ReadOnlySpan<byte> raw)
    {
        var unknown = new ProtobufWriter();
        unknown.Message(1, (apiVersion, kind), static (w, meta) =>
        {
            w.Text(1, meta.apiVersion);
            w.Text(2, meta.kind);
        });
        unknown.Bytes(2, raw);
        // contentEncoding and contentType: upstream writes them empty.
        unknown.Bytes(3, default);
        unknown.Bytes(4, default);
        return [.. Magic, .. unknown.Written];
    }
}
