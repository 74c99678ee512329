using System.Text.Json;
using System.Threading.Channels;
using Orchestrator.Engine.Remote;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Protocol.Streams;

/// <summary>
/// An <see cref="INodeStream"/> between two processes, carried by a <see cref="RemoteStream"/>: frames are its chunks, and both sides' channels are bounded, so a slow reader holds
/// the writer back through all of them. A refusal travels as its status on a channel of its own, which no client sees.
/// </summary>
public sealed class RemoteNodeStream : INodeStream
{
    private const byte Refusal = 255;
    private const int Capacity = 64;

    private readonly RemoteStream _remote;
    private readonly Channel<StreamFrame> _input = Channel.CreateBounded<StreamFrame>(Capacity);
    private readonly Channel<StreamFrame> _output = Channel.CreateBounded<StreamFrame>(Capacity);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _writing;

    private RemoteNodeStream(RemoteStream remote)
    {
        _remote = remote;
        _ = ReadAsync();
        _writing = WriteAsync();
    }

    /// <inheritdoc/>
    public ChannelReader<StreamFrame> Input => _input.Reader;

    /// <inheritdoc/>
    public ChannelWriter<StreamFrame> Output => _output.Writer;

    /// <summary>The side that has opened the stream: returns once the other has accepted the request. Throws its refusal, and 503 where the connection breaks before.</summary>
    public static async Task<INodeStream> OpenedAsync(RemoteStream remote, CancellationToken cancel)
    {
        try
        {
            if (await remote.ReadAsync(cancel).ConfigureAwait(false) is { Channel: Refusal } refused) throw StatusOf(refused).AsException();
            return new RemoteNodeStream(remote);
        }
        catch (IOException broken)
        {
            throw ApiStatus.ServiceUnavailable($"the node's connection broke: {broken.Message}").AsException();
        }
        catch
        {
            await remote.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The side that serves: completes when the request is served and everything has been sent, or the other side has gone.</summary>
    public static async Task ServeAsync(INodeStreamHandler handler, NodeStreamRequest request, RemoteStream remote, CancellationToken cancel)
    {
        await using var stream = new RemoteNodeStream(remote);
        try
        {
            await handler.HandleAsync(request, stream, cancel).ConfigureAwait(false);
        }
        catch (StatusException refusal)
        {
            await stream._output.Writer.WriteAsync(new StreamFrame(Refusal, JsonSerializer.SerializeToUtf8Bytes(refusal.Status)), cancel).ConfigureAwait(false);
        }
        stream._output.Writer.TryComplete();
        await stream._writing.ConfigureAwait(false);
    }

    /// <summary>Ends it; where it is not over, the other side's handler is cancelled.</summary>
    public async ValueTask DisposeAsync()
    {
        _output.Writer.TryComplete();
        await _stop.CancelAsync().ConfigureAwait(false);
        await _remote.DisposeAsync().ConfigureAwait(false);
    }

    private static ApiStatus StatusOf(StreamChunk refusal) =>
        JsonSerializer.Deserialize<ApiStatus>(refusal.Data.Span) ?? throw new IOException("a refusal without a status");

    private async Task ReadAsync()
    {
        try
        {
            while (await _remote.ReadAsync(_stop.Token).ConfigureAwait(false) is { } chunk)
            {
                if (chunk.Channel == Refusal) throw StatusOf(chunk).AsException();
                await _input.Writer.WriteAsync(new StreamFrame(chunk.Channel, chunk.Data), _stop.Token).ConfigureAwait(false);
            }
            _input.Writer.TryComplete();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            _input.Writer.TryComplete();
        }
        catch (Exception broken) when (broken is IOException or StatusException or JsonException)
        {
            _input.Writer.TryComplete(broken);
        }
    }

    private async Task WriteAsync()
    {
        try
        {
            await foreach (var frame in _output.Reader.ReadAllAsync(_stop.Token).ConfigureAwait(false))
                await _remote.WriteAsync(frame.Channel, frame.Data, _stop.Token).ConfigureAwait(false);
            _remote.Complete();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Disposed: the remote stream is ended there.
        }
        catch (IOException broken)
        {
            _output.Writer.TryComplete(broken); // whoever writes on hears of it
        }
        catch (Exception failure) when (_output.Reader.Completion.IsFaulted)
        {
            _remote.Complete(failure.Message); // the writing side has failed and said so
        }
    }
}
