using System.Text;
using Orchestrator.Api.Spdy;
using Orchestrator.Api.Streaming;
using Orchestrator.Protocol.Streams;
using Orchestrator.Resources.Errors;
using Shouldly;

namespace Orchestrator.Tests.Api.Spdy;

public sealed class SpdySessionTests
{
    private const string Success = """{"status":"Success"}""";
    private static readonly CommandStreams Streams = new(Stdin: true, Stdout: true, Stderr: true, Tty: false);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task An_exec_of_kubectl_runs_from_the_first_stream_to_the_status()
    {
        var (wire, node) = (new SpdyWire(), new FakeNodeStream());
        await using var channels = new SpdyChannels(wire.Server, "v4.channel.k8s.io", Streams, TimeProvider.System);
        var session = new CommandSession(channels, node).RunAsync(CancellationToken.None);
        await OpenAsync(wire);

        await wire.SendAsync(KubectlBytes.Hello, KubectlBytes.StdinEnds);
        Text(await node.Received.ReadAsync()).ShouldBe("hello\n");
        (await node.Received.ReadAsync()).Data.IsEmpty.ShouldBeTrue();

        await node.Node.WriteAsync(new StreamFrame(StreamFrame.Stdout, "hello\n"u8.ToArray()));
        await node.Node.WriteAsync(new StreamFrame(StreamFrame.Stderr, "oops"u8.ToArray()));
        await node.Node.WriteAsync(new StreamFrame(StreamFrame.Error, Encoding.UTF8.GetBytes(Success)));
        node.Node.Complete();
        (await DataAsync(wire)).ShouldBe((5, false, "hello\n"));
        (await DataAsync(wire)).ShouldBe((7, false, "oops"));
        (await DataAsync(wire)).ShouldBe((1, false, Success));
        var ends = new[] { await DataAsync(wire), await DataAsync(wire), await DataAsync(wire), await DataAsync(wire) };
        ends.ShouldAllBe(e => e.Last && e.Text.Length == 0);
        ends.Select(e => e.Stream).ShouldBe([1, 3, 5, 7], ignoreOrder: true);

        await wire.SendAsync(KubectlBytes.Goodbye);
        await wire.HangUpAsync();
        await session.WaitAsync(Deadline);
    }

    [Fact]
    public async Task A_client_that_hangs_up_ends_the_nodes_side()
    {
        var (wire, node) = (new SpdyWire(), new FakeNodeStream());
        await using var channels = new SpdyChannels(wire.Server, "v4.channel.k8s.io", Streams, TimeProvider.System);
        var session = new CommandSession(channels, node).RunAsync(CancellationToken.None);
        await OpenAsync(wire);
        await wire.HangUpAsync();
        await node.Received.Completion.WaitAsync(Deadline);
        node.Node.Complete();
        await session.WaitAsync(Deadline);
    }

    [Fact]
    public async Task A_ping_is_echoed_and_taken_data_is_credited()
    {
        var wire = new SpdyWire();
        using var connection = new SpdyConnection(wire.Server);
        var opened = new TaskCompletionSource<SpdyStream>();
        var running = connection.RunAsync(async (stream, cancel) =>
        {
            await stream.AcceptAsync(cancel);
            opened.SetResult(stream);
        }, CancellationToken.None);
        await wire.SendAsync(SpdyFrames.Ping(1), KubectlBytes.OpenError);
        var (ping, id) = await wire.ReadAsync();
        (ping.Type, id[3]).ShouldBe((SpdyFrameType.Ping, (byte)1));
        (await wire.ReadAsync()).Header.Type.ShouldBe(SpdyFrameType.SynReply);

        var frame = new byte[SpdyFrameHeader.Size + 40_000];
        new SpdyFrameHeader(SpdyFrameType.Data, 1, 0, 40_000).Write(frame);
        var sending = wire.SendAsync(frame);
        var stream = await opened.Task.WaitAsync(Deadline);
        var taken = 0;
        while (taken < 40_000) taken += (await stream.Input.ReadAsync()).Length;
        (await wire.ReadAsync()).Header.Type.ShouldBe(SpdyFrameType.WindowUpdate);
        await sending;
        await wire.HangUpAsync();
        await running.WaitAsync(Deadline);
        await Should.ThrowAsync<IOException>(stream.Input.Completion);
    }

    [Fact]
    public async Task Bytes_that_are_no_SPDY_end_the_connection_with_GOAWAY()
    {
        var wire = new SpdyWire();
        using var connection = new SpdyConnection(wire.Server);
        var running = connection.RunAsync((_, _) => Task.CompletedTask, CancellationToken.None);
        await wire.SendAsync(Convert.FromHexString("FFFF000100000000"));
        (await wire.ReadAsync()).Header.Type.ShouldBe(SpdyFrameType.GoAway);
        await Should.ThrowAsync<IOException>(running.WaitAsync(Deadline));
    }

    [Fact]
    public async Task A_pair_of_streams_becomes_one_connection_to_the_pod()
    {
        var (wire, node) = (new SpdyWire(), new FakeNodeStream());
        using var connection = new SpdyConnection(wire.Server);
        var session = new PortForwardSession(connection, "pod p", (port, _) => Task.FromResult<INodeStream>(port == 8080 ? node : throw new InvalidOperationException()), TimeProvider.System);
        var running = session.RunAsync(CancellationToken.None);
        using var client = Zlib.Compressor(SpdyDictionary.Bytes);
        await wire.SendAsync(Open(client, 1, "error", "8080"), Open(client, 3, "data", "8080"));
        (await wire.ReadAsync()).Header.Type.ShouldBe(SpdyFrameType.SynReply);
        (await wire.ReadAsync()).Header.Type.ShouldBe(SpdyFrameType.SynReply);

        await wire.SendAsync(KubectlBytes.Hello, KubectlBytes.StdinEnds);
        Text(await node.Received.ReadAsync()).ShouldBe("hello\n");
        (await node.Received.ReadAsync()).Data.IsEmpty.ShouldBeTrue();
        await node.Node.WriteAsync(new StreamFrame(StreamFrame.Stdout, "answer"u8.ToArray()));
        node.Node.Complete();
        (await DataAsync(wire)).ShouldBe((3, false, "answer"));
        (await DataAsync(wire)).ShouldBe((3, true, ""));
        (await DataAsync(wire)).ShouldBe((1, true, ""));
        await wire.HangUpAsync();
        await running.WaitAsync(Deadline);
        node.Disposed.ShouldBeTrue();
    }

    [Fact]
    public async Task A_port_that_refuses_is_told_on_the_error_stream()
    {
        var wire = new SpdyWire();
        using var connection = new SpdyConnection(wire.Server);
        var running = new PortForwardSession(connection, "pod p", (_, _) => throw ApiStatus.BadRequest("nobody listens").AsException(), TimeProvider.System).RunAsync(CancellationToken.None);
        using var client = Zlib.Compressor(SpdyDictionary.Bytes);
        await wire.SendAsync(Open(client, 1, "error", "81"), Open(client, 3, "data", "81"), Open(client, 5, "data", "0"));
        var frames = new List<(SpdyFrameHeader Header, byte[] Payload)>();
        for (var i = 0; i < 6; i++) frames.Add(await wire.ReadAsync());
        frames.ShouldContain(f => f.Header.Type == SpdyFrameType.RstStream && f.Payload[3] == 5);
        frames.Where(f => f.Header.Type == SpdyFrameType.Data && !f.Header.IsLast).Select(f => (f.Header.StreamId, Encoding.UTF8.GetString(f.Payload)))
            .ShouldBe([(1, "error forwarding port 81 to pod p: nobody listens")]);
        await wire.HangUpAsync();
        await running.WaitAsync(Deadline);
    }

    [Fact]
    public void Terminal_sizes_are_cut_out_of_a_stream()
    {
        var sizes = new TerminalSizes();
        sizes.Split("{\"Width\":80,"u8).ShouldBeEmpty();
        sizes.Split("\"Height\":24}\n{\"Width\":1}\n{"u8).Select(Encoding.UTF8.GetString).ShouldBe(["{\"Width\":80,\"Height\":24}", "{\"Width\":1}"]);
    }

    private static byte[] Open(Zlib client, int id, string type, string port)
    {
        var block = client.Transform(HeaderBlock.Format(new Dictionary<string, string> { ["streamType"] = type, ["port"] = port, ["requestID"] = port }), HeaderBlock.MaxSize);
        byte[] frame = [0x80, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0, (byte)id, 0, 0, 0, 0, 0, 0, .. block];
        new SpdyFrameHeader(SpdyFrameType.SynStream, 0, 0, frame.Length - SpdyFrameHeader.Size).Write(frame);
        return frame;
    }

    private static async Task OpenAsync(SpdyWire wire)
    {
        await wire.SendAsync(KubectlBytes.Opens);
        foreach (var id in new byte[] { 1, 3, 5, 7 })
        {
            var (header, payload) = await wire.ReadAsync();
            (header.Type, payload[3]).ShouldBe((SpdyFrameType.SynReply, id));
        }
    }

    private static async Task<(int Stream, bool Last, string Text)> DataAsync(SpdyWire wire)
    {
        var (header, payload) = await wire.ReadAsync();
        header.Type.ShouldBe(SpdyFrameType.Data);
        return (header.StreamId, header.IsLast, Encoding.UTF8.GetString(payload));
    }

    private static string Text(StreamFrame frame) => Encoding.UTF8.GetString(frame.Data.Span);
}
