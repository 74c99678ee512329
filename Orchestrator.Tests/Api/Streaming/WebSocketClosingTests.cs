using System.Net.WebSockets;
using System.Text;
using Orchestrator.Api.Streaming;
using Orchestrator.Protocol.Streams;
using Orchestrator.Tests.Api.Spdy;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Streaming;

/// <summary>A connection ends when both sides have closed; clients take one that breaks before for an error.</summary>
public sealed class WebSocketClosingTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_port_forward_that_has_ended_waits_for_the_clients_close()
    {
        var (server, client) = DuplexStream.WebSockets();
        var node = new FakeNodeStream();
        using var forward = new PortForwardSocket(server, PortForwardSocket.Protocols.First(), [8080], "pod a", (_, _) => Task.FromResult<INodeStream>(node));
        var running = forward.RunAsync(CancellationToken.None);
        await node.Node.WriteAsync(new StreamFrame(StreamFrame.Stdout, Encoding.UTF8.GetBytes("bytes")));
        node.Node.Complete();
        (await ReadToCloseAsync(client)).ShouldBe(["\0\u0090\u001f", "\u0001\u0090\u001f", "\0bytes"]);
        await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        await running.WaitAsync(Deadline);
        server.State.ShouldBe(WebSocketState.Closed);
    }

    [Fact]
    public async Task Who_only_speaks_waits_for_the_clients_close_and_drops_what_it_sends()
    {
        var (server, client) = DuplexStream.WebSockets();
        var running = OneWaySocket.RunAsync(server, over => server.SendAsync("event"u8.ToArray(), WebSocketMessageType.Text, true, over), CancellationToken.None);
        await client.SendAsync(new byte[1000], WebSocketMessageType.Binary, true, CancellationToken.None);
        (await ReadToCloseAsync(client)).ShouldBe(["event"]);
        await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        await running.WaitAsync(Deadline);
        server.State.ShouldBe(WebSocketState.Closed);
    }

    [Fact]
    public async Task Who_only_speaks_stops_when_the_client_closes_and_closes_too()
    {
        var (server, client) = DuplexStream.WebSockets();
        var running = OneWaySocket.RunAsync(server, over => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, over), CancellationToken.None);
        await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        (await ReadToCloseAsync(client)).ShouldBeEmpty();
        await running.WaitAsync(Deadline);
        server.State.ShouldBe(WebSocketState.Closed);
    }

    [Fact]
    public async Task A_client_that_does_not_close_is_cut_off()
    {
        var (server, client) = DuplexStream.WebSockets();
        await OneWaySocket.RunAsync(server, _ => Task.CompletedTask, CancellationToken.None).WaitAsync(Deadline);
        server.State.ShouldBe(WebSocketState.Aborted);
        client.Dispose();
    }

    [Fact]
    public async Task A_fault_of_the_speaker_is_not_swallowed()
    {
        var (server, client) = DuplexStream.WebSockets();
        var running = OneWaySocket.RunAsync(server, _ => throw new InvalidOperationException("fault"), CancellationToken.None);
        await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        (await running.WaitAsync(Deadline).ShouldThrowAsync<InvalidOperationException>()).Message.ShouldBe("fault");
    }

    /// <summary>The messages before the server's close, each byte a character.</summary>
    private static async Task<IReadOnlyList<string>> ReadToCloseAsync(WebSocket client)
    {
        using var late = new CancellationTokenSource(Deadline);
        var (messages, buffer) = (new List<string>(), new byte[4096]);
        while (true)
        {
            var read = await client.ReceiveAsync(buffer.AsMemory(), late.Token);
            if (read.MessageType == WebSocketMessageType.Close) return messages;
            messages.Add(Encoding.Latin1.GetString(buffer, 0, read.Count));
        }
    }
}
