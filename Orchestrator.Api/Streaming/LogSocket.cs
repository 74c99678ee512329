using System.Buffers.Text;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Orchestrator.Protocol.Streams;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Streaming;

/// <summary>Logs over a WebSocket: <c>binary.k8s.io</c> (also without a subprotocol) sends the bytes, <c>base64.binary.k8s.io</c> text.</summary>
internal static class LogSocket
{
    private const string Base64Protocol = "base64.binary.k8s.io";

    /// <summary>Sends the stream to its end.</summary>
    public static async Task RunAsync(HttpContext context, INodeStream stream, CancellationToken cancel)
    {
        var protocol = WebSocketUpgrade.Choose(context.Request, "binary.k8s.io", Base64Protocol)
            ?? throw new ApiStatus(403, "Forbidden", "unable to upgrade: none of the offered subprotocols is supported").AsException();
        using var socket = await WebSocketUpgrade.AcceptAsync(context, protocol);
        // Where the client goes first, disposing the stream tells the node.
        await OneWaySocket.RunAsync(socket, SendAsync, cancel);

        async Task SendAsync(CancellationToken over)
        {
            await foreach (var frame in stream.Input.ReadAllAsync(over))
            {
                if (protocol == Base64Protocol) await socket.SendAsync(Encode(frame.Data), WebSocketMessageType.Text, endOfMessage: true, over);
                else await socket.SendAsync(frame.Data, WebSocketMessageType.Binary, endOfMessage: true, over);
            }
        }
    }

    private static ReadOnlyMemory<byte> Encode(ReadOnlyMemory<byte> data)
    {
        var text = new byte[Base64.GetMaxEncodedToUtf8Length(data.Length)];
        Base64.EncodeToUtf8(data.Span, text, out _, out var written);
        return text.AsMemory(0, written);
    }
}
