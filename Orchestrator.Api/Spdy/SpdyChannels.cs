using System.Collections.Concurrent;
using System.Threading.Channels;
using Orchestrator.Api.Streaming;
using Orchestrator.Protocol.Streams;

namespace Orchestrator.Api.Spdy;

/// <summary>
/// The channels of an exec or attach as SPDY streams, one each, named by their header <c>streamType</c> (kubelet's remotecommand). The client opens them
/// and the command's frames flow once all that the request asks for are there.
/// </summary>
internal sealed class SpdyChannels(Stream transport, string protocol, CommandStreams wanted, TimeProvider time) : IClientChannels
{
    private const string Newest = "v4.channel.k8s.io";
    private static readonly TimeSpan CreationDeadline = TimeSpan.FromSeconds(30);

    private readonly SpdyConnection _connection = new(transport);
    private readonly ConcurrentDictionary<byte, SpdyStream> _streams = new();
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<StreamFrame> _received = Channel.CreateBounded<StreamFrame>(1);
    private readonly CancellationTokenSource _over = new();
    private readonly List<Task> _pumps = [];
    private Task _reading = Task.CompletedTask;

    /// <summary>What is spoken, best first.</summary>
    public static IReadOnlyList<string> Protocols { get; } = [Newest, "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"];

    private int Expected => 1 + (wanted.Stdin ? 1 : 0) + (wanted.Stdout ? 1 : 0) + (wanted.Stderr ? 1 : 0) + (wanted.Tty && protocol is Newest or "v3.channel.k8s.io" ? 1 : 0);

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancel)
    {
        _reading = ReadAsync();
        try
        {
            await _complete.Task.WaitAsync(CreationDeadline, time, cancel);
        }
        catch (TimeoutException e)
        {
            throw new IOException("timed out waiting for client to create streams", e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<StreamFrame?> ReceiveAsync(CancellationToken cancel) =>
        await _received.Reader.WaitToReadAsync(cancel) && _received.Reader.TryRead(out var frame) ? frame : null;

    /// <inheritdoc/>
    public async ValueTask SendAsync(StreamFrame frame, CancellationToken cancel)
    {
        if (!_streams.TryGetValue(frame.Channel, out var stream)) return;
        await stream.WriteAsync(frame.Channel == StreamFrame.Error ? ClosingStatus.Message(frame.Data, protocol == Newest) : frame.Data, cancel);
    }

    /// <inheritdoc/>
    public async Task FinishAsync(CancellationToken cancel)
    {
        foreach (var stream in _streams.Values)
        {
            stream.DropInput();
            await stream.FinishAsync(cancel);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _reading;
        _connection.Dispose();
        _over.Dispose();
    }

    private async Task ReadAsync()
    {
        Exception? lost = null;
        try
        {
            await _connection.RunAsync(OpenAsync, _over.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            lost = e;
        }
        _complete.TrySetException(lost ?? new IOException("connection closed before all streams were created"));
        // Whoever waits for more streams has had the error; nobody may be waiting.
        _ = _complete.Task.Exception;
        // What was received before the end is still passed on: the streams end with the connection.
        await Task.WhenAll(_pumps);
        _received.Writer.TryComplete();
    }

    private async Task OpenAsync(SpdyStream stream, CancellationToken cancel)
    {
        byte? channel = stream.Headers.GetValueOrDefault("streamType") switch
        {
            "stdin" => StreamFrame.Stdin,
            "stdout" => StreamFrame.Stdout,
            "stderr" => StreamFrame.Stderr,
            "error" => StreamFrame.Error,
            "resize" => StreamFrame.Resize,
            _ => null,
        };
        if (channel is null || !_streams.TryAdd(channel.Value, stream))
        {
            await stream.ResetAsync(SpdyResetStatus.RefusedStream, cancel);
            return;
        }
        await stream.AcceptAsync(cancel);
        if (channel == StreamFrame.Stdin) _pumps.Add(PumpStdinAsync(stream, cancel));
        else if (channel == StreamFrame.Resize) _pumps.Add(PumpResizeAsync(stream, cancel));
        else stream.DropInput();
        if (_streams.Count == Expected) _complete.TrySetResult();
    }

    private Task PumpStdinAsync(SpdyStream stream, CancellationToken cancel) => PumpAsync(stream, async data =>
    {
        if (!data.IsEmpty) await _received.Writer.WriteAsync(new StreamFrame(StreamFrame.Stdin, data), cancel);
    }, () => _received.Writer.WriteAsync(new StreamFrame(StreamFrame.Stdin, default), cancel));

    private Task PumpResizeAsync(SpdyStream stream, CancellationToken cancel)
    {
        var documents = new TerminalSizes();
        return PumpAsync(stream, async data =>
        {
            foreach (var size in documents.Split(data.Span)) await _received.Writer.WriteAsync(new StreamFrame(StreamFrame.Resize, size), cancel);
        }, () => ValueTask.CompletedTask);
    }

    private static async Task PumpAsync(SpdyStream stream, Func<ReadOnlyMemory<byte>, ValueTask> take, Func<ValueTask> end)
    {
        try
        {
            await foreach (var data in stream.Input.ReadAllAsync()) await take(data);
            await end();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // Reset, or the connection is lost: the session learns it from the end of the connection.
        }
    }
}
