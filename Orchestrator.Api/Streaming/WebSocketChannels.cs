using System.Buffers;
using System.Net.WebSockets;
using Orchestrator.Protocol.Streams;

namespace Orchestrator.Api.Streaming;

/// <summary>The channels of an exec or attach in one WebSocket. <paramref name="firstChannel"/> is the one on which an empty message says that the command runs.</summary>
internal sealed class WebSocketChannels(WebSocket socket, ChannelProtocol protocol, byte firstChannel) : IClientChannels
{
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
    private int _kept;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancel) => SendAsync(new StreamFrame(firstChannel, default), cancel).AsTask();

    /// <inheritdoc/>
    public async ValueTask<StreamFrame?> ReceiveAsync(CancellationToken cancel)
    {
        while (true)
        {
            var read = await socket.ReceiveAsync(_buffer.AsMemory(_kept), cancel);
            if (read.MessageType == WebSocketMessageType.Close) return null;
            var length = _kept + read.Count;
            _kept = length;
            // A message larger than the buffer is passed on in pieces of its channel; base64 cannot be cut, and nobody sends it that large.
            if (!read.EndOfMessage && length < _buffer.Length) continue;
            if (!read.EndOfMessage && protocol.Base64) return null;
            _kept = read.EndOfMessage ? 0 : 1;
            if (Decode(_buffer.AsSpan(0, length)) is { } frame) return frame;
        }
    }

    /// <inheritdoc/>
    public async ValueTask SendAsync(StreamFrame frame, CancellationToken cancel)
    {
        var data = frame.Channel == StreamFrame.Error ? ClosingStatus.Message(frame.Data, protocol.StatusOnError) : frame.Data;
        var rented = ArrayPool<byte>.Shared.Rent(1 + data.Length);
        try
        {
            var length = protocol.Encode(frame.Channel, data.Span, ref rented);
            await socket.SendAsync(rented.AsMemory(0, length), protocol.Base64 ? WebSocketMessageType.Text : WebSocketMessageType.Binary, endOfMessage: true, cancel);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <inheritdoc/>
    public async Task FinishAsync(CancellationToken cancel)
    {
        if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived) await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancel);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        socket.Dispose();
        ArrayPool<byte>.Shared.Return(_buffer);
        return ValueTask.CompletedTask;
    }

    private StreamFrame? Decode(ReadOnlySpan<byte> message)
    {
        if (protocol.CanCloseChannel && message.Length == 2 && message[0] == ChannelProtocol.CloseMarker)
            return message[1] == StreamFrame.Stdin ? new StreamFrame(StreamFrame.Stdin, default) : null;
        if (!protocol.TryDecode(message, out var channel, out var data)) return null;
        // Empty data is a keep-alive here; towards the node it would mean the end of stdin.
        return data.Length > 0 && channel is (StreamFrame.Stdin or StreamFrame.Resize) ? new StreamFrame(channel, data) : null;
    }
}
