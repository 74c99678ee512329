using System.Buffers;
using System.Net.WebSockets;
using Orchestrator.Protocol.Streams;

namespace Orchestrator.Api.Streaming;

/// <summary>
/// Carries one exec or attach between a client's WebSocket and the node's stream until either side ends. Back-pressure passes through: no frame
/// is read from one side before the other has taken the last.
/// </summary>
internal sealed class WebSocketCommandSession(WebSocket socket, ChannelProtocol protocol, INodeStream node)
{
    private static readonly TimeSpan CloseWait = TimeSpan.FromSeconds(2);

    /// <summary>Runs to the end of the command. Client's disappearance ends the node's side too.</summary>
    public async Task RunAsync(byte firstChannel, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        // An empty message tells the client that the command is running.
        await SendAsync(firstChannel, default, stop.Token);
        var fromClient = PumpFromClientAsync(buffer, stop.Token);
        try
        {
            await PumpToClientAsync(stop.Token);
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, stop.Token);
            // The client answers a close with a close; one that does not is cut off.
            stop.CancelAfter(CloseWait);
            await fromClient;
        }
        finally
        {
            await stop.CancelAsync();
            await fromClient;
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task PumpToClientAsync(CancellationToken cancel)
    {
        await foreach (var frame in node.Input.ReadAllAsync(cancel))
            await SendAsync(frame.Channel, frame.Channel == StreamFrame.Error ? protocol.ClosingMessage(frame.Data) : frame.Data, cancel);
    }

    // Ends without an error whichever way the client goes: then there is nobody left to tell.
    private async Task PumpFromClientAsync(byte[] buffer, CancellationToken cancel)
    {
        try
        {
            var length = 0;
            while (true)
            {
                var read = await socket.ReceiveAsync(buffer.AsMemory(length), cancel);
                if (read.MessageType == WebSocketMessageType.Close) break;
                length += read.Count;
                // A message larger than the buffer is passed on in pieces of its channel; base64 cannot be cut, and nobody sends it that large.
                if (!read.EndOfMessage && length < buffer.Length) continue;
                if (!read.EndOfMessage && protocol.Base64) break;
                await TakeAsync(buffer.AsMemory(0, length), cancel);
                length = read.EndOfMessage ? 0 : 1;
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or System.Threading.Channels.ChannelClosedException or IOException)
        {
            // The node's side is told by the completion below.
        }
        node.Output.TryComplete();
    }

    private async ValueTask TakeAsync(ReadOnlyMemory<byte> message, CancellationToken cancel)
    {
        if (protocol.CanCloseChannel && message.Length == 2 && message.Span[0] == ChannelProtocol.CloseMarker)
        {
            if (message.Span[1] == StreamFrame.Stdin) await node.Output.WriteAsync(new StreamFrame(StreamFrame.Stdin, default), cancel);
            return;
        }
        if (!protocol.TryDecode(message.Span, out var channel, out var data)) return;
        // Empty data is a keep-alive here; towards the node it would mean the end of stdin.
        if (data.Length > 0 && channel is (StreamFrame.Stdin or StreamFrame.Resize)) await node.Output.WriteAsync(new StreamFrame(channel, data), cancel);
    }

    private async ValueTask SendAsync(byte channel, ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        var rented = ArrayPool<byte>.Shared.Rent(1 + data.Length);
        try
        {
            var length = protocol.Encode(channel, data.Span, ref rented);
            await socket.SendAsync(rented.AsMemory(0, length), protocol.Base64 ? WebSocketMessageType.Text : WebSocketMessageType.Binary, endOfMessage: true, cancel);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
