using System.Buffers.Binary;

namespace Orchestrator.Api.Spdy;

/// <summary>Types of control frames.</summary>
internal enum SpdyFrameType : ushort
{
    /// <summary>A data frame; on the wire it has no type.</summary>
    Data = 0,
    SynStream = 1,
    SynReply = 2,
    RstStream = 3,
    Settings = 4,
    Ping = 6,
    GoAway = 7,
    Headers = 8,
    WindowUpdate = 9,
}

/// <summary>Why a stream is reset.</summary>
internal enum SpdyResetStatus
{
    ProtocolError = 1,
    InvalidStream = 2,
    RefusedStream = 3,
    UnsupportedVersion = 4,
    Cancel = 5,
    InternalError = 6,
}

/// <summary>
/// The eight bytes before every frame of SPDY/3.1. <paramref name="StreamId"/> is a data frame's stream and 0 for control frames, whose stream is in their payload;
/// <paramref name="Length"/> is the payload's, in bytes, below 2^24.
/// </summary>
internal readonly record struct SpdyFrameHeader(SpdyFrameType Type, int StreamId, byte Flags, int Length)
{
    /// <summary>Size of the header in bytes.</summary>
    public const int Size = 8;

    /// <summary>The sender says no more on the stream.</summary>
    public const byte Fin = 1;

    /// <summary>The version in control frames.</summary>
    public const ushort Version = 3;

    /// <summary>Whether this is the sender's last frame on its stream.</summary>
    public bool IsLast => (Flags & Fin) != 0;

    /// <summary>Reads a header. Throws <see cref="InvalidDataException"/> for a control frame of another version.</summary>
    public static SpdyFrameHeader Parse(ReadOnlySpan<byte> bytes)
    {
        var first = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        var second = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
        var (flags, length) = ((byte)(second >> 24), (int)(second & 0xFFFFFF));
        if ((first & 0x80000000) == 0) return new SpdyFrameHeader(SpdyFrameType.Data, (int)first, flags, length);
        var version = (first >> 16) & 0x7FFF;
        if (version != Version) throw new InvalidDataException($"SPDY version {version} is not supported");
        return new SpdyFrameHeader((SpdyFrameType)(first & 0xFFFF), 0, flags, length);
    }

    /// <summary>Writes the header.</summary>
    public void Write(Span<byte> target)
    {
        var first = Type == SpdyFrameType.Data ? (uint)StreamId : 0x80000000u | (uint)Version << 16 | (ushort)Type;
        BinaryPrimitives.WriteUInt32BigEndian(target, first);
        BinaryPrimitives.WriteUInt32BigEndian(target[4..], (uint)Flags << 24 | (uint)Length);
    }
}

/// <summary>Builds whole control frames.</summary>
internal static class SpdyFrames
{
    /// <summary>The answer to SYN_STREAM, with a compressed header block.</summary>
    public static byte[] SynReply(int stream, ReadOnlySpan<byte> headers) => Control(SpdyFrameType.SynReply, [(uint)stream], headers);

    /// <summary>Breaks a stream off.</summary>
    public static byte[] RstStream(int stream, SpdyResetStatus status) => Control(SpdyFrameType.RstStream, [(uint)stream, (uint)status]);

    /// <summary>A ping, or its echo.</summary>
    public static byte[] Ping(uint id) => Control(SpdyFrameType.Ping, [id]);

    /// <summary>No more streams are taken: status 0 is an orderly end, 1 a protocol error.</summary>
    public static byte[] GoAway(int lastStream, uint status) => Control(SpdyFrameType.GoAway, [(uint)lastStream, status]);

    /// <summary>Room for more data on a stream, in bytes.</summary>
    public static byte[] WindowUpdate(int stream, int delta) => Control(SpdyFrameType.WindowUpdate, [(uint)stream, (uint)delta]);

    private static byte[] Control(SpdyFrameType type, ReadOnlySpan<uint> words, ReadOnlySpan<byte> rest = default)
    {
        var frame = new byte[SpdyFrameHeader.Size + words.Length * 4 + rest.Length];
        new SpdyFrameHeader(type, 0, 0, frame.Length - SpdyFrameHeader.Size).Write(frame);
        var at = SpdyFrameHeader.Size;
        foreach (var word in words)
        {
            BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(at), word);
            at += 4;
        }
        rest.CopyTo(frame.AsSpan(at));
        return frame;
    }
}
