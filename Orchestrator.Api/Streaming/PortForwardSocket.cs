using System.Buffers.Binary;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Primitives;
using Orchestrator.Protocol.Streams;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Streaming;

/// <summary>
/// A port-forward in the channels of one WebSocket (kubelet's <c>v4.channel.k8s.io</c>, which libraries speak): the ports are in the query, and the n-th has the channels
/// 2n for its data and 2n+1 for what goes wrong. The first message on each is the port, two bytes, the low one first. One connection per port.
/// </summary>
internal sealed class PortForwardSocket(WebSocket socket, ChannelProtocol protocol, IReadOnlyList<int> ports, string target, Func<int, CancellationToken, Task<INodeStream>> connect) : IDisposable
{
    private const int Waiting = 16;

    private readonly SemaphoreSlim _sending = new(1);
    private readonly Channel<byte[]>[] _input = [.. ports.Select(_ => Channel.CreateBounded<byte[]>(Waiting))];

    /// <summary>What is spoken, best first; the empty name is for who offers nothing.</summary>
    public static IEnumerable<ChannelProtocol> Protocols => ChannelProtocol.All.Where(p => p.Name is "v4.channel.k8s.io" or "v4.base64.channel.k8s.io" or "");

    /// <summary>The ports of a query: repeated, or in one value behind commas. Throws 400 for what is none.</summary>
    public static IReadOnlyList<int> Ports(StringValues values)
    {
        if (values.Count == 0) throw ApiStatus.BadRequest("query parameter \"port\" is required").AsException();
        var ports = new List<int>();
        foreach (var text in values.SelectMany(v => (v ?? "").Split(',')))
        {
            if (text.Length == 0) throw ApiStatus.BadRequest("query parameter \"port\" cannot be empty").AsException();
            if (!ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port)) throw ApiStatus.BadRequest($"unable to parse \"{text}\" as a port").AsException();
            if (port == 0) throw ApiStatus.BadRequest($"port \"{text}\" must be > 0").AsException();
            ports.Add(port);
        }
        // The number of a channel is one byte.
        return ports.Count <= 127 ? ports : throw ApiStatus.BadRequest("too many ports").AsException();
    }

    /// <summary>Forwards until the client closes, or every port's connection has ended.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        for (var i = 0; i < ports.Count; i++)
        {
            var port = new byte[sizeof(ushort)];
            BinaryPrimitives.WriteUInt16LittleEndian(port, (ushort)ports[i]);
            await SendAsync(2 * i, port, over.Token);
            await SendAsync(2 * i + 1, port, over.Token);
        }
        var receiving = ReceiveAsync(over.Token);
        var forwarding = Task.WhenAll(Enumerable.Range(0, ports.Count).Select(i => ForwardAsync(i, over.Token)));
        try
        {
            if (await Task.WhenAny(receiving, forwarding) == forwarding && socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                over.CancelAfter(WebSocketUpgrade.CloseWait);
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, over.Token);
                await receiving;
            }
        }
        finally
        {
            await over.CancelAsync();
            await Task.WhenAll(receiving, forwarding);
        }
    }

    public void Dispose() => _sending.Dispose();

    private async Task ReceiveAsync(CancellationToken cancel)
    {
        var buffer = new byte[64 * 1024];
        var kept = 0;
        try
        {
            while (true)
            {
                var read = await socket.ReceiveAsync(buffer.AsMemory(kept), cancel);
                if (read.MessageType == WebSocketMessageType.Close) break;
                kept += read.Count;
                // What is larger than the buffer is passed on in pieces of its channel, which stays in front; base64 cannot be cut.
                if (!read.EndOfMessage && kept < buffer.Length) continue;
                if (!read.EndOfMessage && protocol.Base64) break;
                if (protocol.TryDecode(buffer.AsSpan(0, kept), out var channel, out var data) && data.Length > 0 && channel % 2 == 0 && channel / 2 < ports.Count)
                {
                    // A port whose connection has ended takes nothing any more.
                    if (await _input[channel / 2].Writer.WaitToWriteAsync(cancel)) _input[channel / 2].Writer.TryWrite(data);
                }
                kept = read.EndOfMessage ? 0 : 1;
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // The client has gone: the same as a close.
        }
        foreach (var input in _input) input.Writer.TryComplete();
    }

    private async Task ForwardAsync(int index, CancellationToken cancel)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        try
        {
            await using var node = await connect(ports[index], over.Token);
            var up = UpAsync(_input[index], node, over.Token);
            try
            {
                await foreach (var frame in node.Input.ReadAllAsync(over.Token)) await SendAsync(2 * index, frame.Data, over.Token);
            }
            finally
            {
                _input[index].Writer.TryComplete();
                await over.CancelAsync();
                await up;
            }
        }
        catch (StatusException refusal)
        {
            _input[index].Writer.TryComplete();
            await SendAsync(2 * index + 1, Encoding.UTF8.GetBytes($"error forwarding port {ports[index]} to {target}: {refusal.Status.Message}"), cancel);
        }
        catch (Exception e) when (e is System.Net.Sockets.SocketException or IOException or WebSocketException or OperationCanceledException)
        {
            // One of the two sides has gone.
        }
    }

    private static async Task UpAsync(Channel<byte[]> input, INodeStream node, CancellationToken cancel)
    {
        try
        {
            await foreach (var bytes in input.Reader.ReadAllAsync(cancel)) await node.Output.WriteAsync(new StreamFrame(StreamFrame.Stdin, bytes), cancel);
            await node.Output.WriteAsync(new StreamFrame(StreamFrame.Stdin, default), cancel);
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            // The other direction has ended.
        }
    }

    private async Task SendAsync(int channel, ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        await _sending.WaitAsync(cancel);
        var rented = System.Buffers.ArrayPool<byte>.Shared.Rent(1 + data.Length);
        try
        {
            var length = protocol.Encode((byte)channel, data.Span, ref rented);
            await socket.SendAsync(rented.AsMemory(0, length), protocol.Base64 ? WebSocketMessageType.Text : WebSocketMessageType.Binary, endOfMessage: true, cancel);
        }
        finally
        {
            _sending.Release();
            System.Buffers.ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
