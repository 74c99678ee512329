using System.Buffers;
using System.IO.Pipelines;
using System.Net.WebSockets;

namespace Orchestrator.Api.Watching;

/// <summary>Where a watch's events go.</summary>
internal interface IWatchSink
{
    /// <summary>Takes one event (a line of JSON); may keep it until <see cref="FlushAsync"/>.</summary>
    ValueTask WriteAsync(ReadOnlyMemory<byte> frame, CancellationToken cancel);

    /// <summary>Hands everything to the connection; waits while the client does not read.</summary>
    ValueTask FlushAsync(CancellationToken cancel);
}

/// <summary>Events as lines of a chunked response.</summary>
internal sealed class PipeWatchSink(PipeWriter writer) : IWatchSink
{
    // Several small events share a flush; a large backlog does not pile up in the pipe.
    private const int FlushAfter = 32 * 1024;

    public ValueTask WriteAsync(ReadOnlyMemory<byte> frame, CancellationToken cancel)
    {
        writer.Write(frame.Span);
        return writer.UnflushedBytes >= FlushAfter ? FlushAsync(cancel) : ValueTask.CompletedTask;
    }

    public async ValueTask FlushAsync(CancellationToken cancel)
    {
        var flushed = await writer.FlushAsync(cancel);
        if (flushed.IsCompleted) throw new OperationCanceledException("the client has gone");
    }
}

/// <summary>Events as text messages of a WebSocket.</summary>
internal sealed class WebSocketWatchSink(WebSocket socket) : IWatchSink
{
    public ValueTask WriteAsync(ReadOnlyMemory<byte> frame, CancellationToken cancel) => socket.SendAsync(frame, WebSocketMessageType.Text, endOfMessage: true, cancel);

    public ValueTask FlushAsync(CancellationToken cancel) => ValueTask.CompletedTask;
}
