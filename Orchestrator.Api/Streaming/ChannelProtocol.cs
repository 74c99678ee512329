using System.Buffers;

namespace Orchestrator.Api.Streaming;

/// <summary>
/// Kubernetes' way of carrying several byte channels in one WebSocket: each message starts with the channel number. The base64 variants carry
/// text (the digit, then base64); version 5 adds a message that closes one channel (255, then its number); from version 4 on the error channel carries a Status.
/// </summary>
internal sealed record ChannelProtocol(string Name, bool Base64, bool StatusOnError, bool CanCloseChannel)
{
    /// <summary>First byte of version 5's closing message.</summary>
    public const byte CloseMarker = 255;

    /// <summary>What exec and attach speak, best first. The empty name is what a client gets that offers nothing.</summary>
    public static IReadOnlyList<ChannelProtocol> All { get; } =
    [
        new("v5.channel.k8s.io", Base64: false, StatusOnError: true, CanCloseChannel: true),
        new("v4.channel.k8s.io", Base64: false, StatusOnError: true, CanCloseChannel: false),
        new("v4.base64.channel.k8s.io", Base64: true, StatusOnError: true, CanCloseChannel: false),
        new("channel.k8s.io", Base64: false, StatusOnError: false, CanCloseChannel: false),
        new("base64.channel.k8s.io", Base64: true, StatusOnError: false, CanCloseChannel: false),
        new("", Base64: false, StatusOnError: false, CanCloseChannel: false),
    ];

    /// <summary>Encodes one message into a rented buffer's start; returns its length.</summary>
    public int Encode(byte channel, ReadOnlySpan<byte> data, ref byte[] rented)
    {
        var needed = Base64 ? 1 + System.Buffers.Text.Base64.GetMaxEncodedToUtf8Length(data.Length) : 1 + data.Length;
        if (rented.Length < needed)
        {
            ArrayPool<byte>.Shared.Return(rented);
            rented = ArrayPool<byte>.Shared.Rent(needed);
        }
        if (!Base64)
        {
            rented[0] = channel;
            data.CopyTo(rented.AsSpan(1));
            return 1 + data.Length;
        }
        rented[0] = (byte)('0' + channel);
        System.Buffers.Text.Base64.EncodeToUtf8(data, rented.AsSpan(1), out _, out var written);
        return 1 + written;
    }

    /// <summary>Splits a whole message; false for one that is malformed or empty.</summary>
    public bool TryDecode(ReadOnlySpan<byte> message, out byte channel, out byte[] data)
    {
        (channel, data) = (0, []);
        if (message.Length == 0) return false;
        if (!Base64)
        {
            channel = message[0];
            data = message[1..].ToArray();
            return true;
        }
        channel = (byte)(message[0] - '0');
        var buffer = new byte[System.Buffers.Text.Base64.GetMaxDecodedFromUtf8Length(message.Length)];
        if (System.Buffers.Text.Base64.DecodeFromUtf8(message[1..], buffer, out _, out var written) != OperationStatus.Done) return false;
        data = buffer[..written];
        return true;
    }
}
