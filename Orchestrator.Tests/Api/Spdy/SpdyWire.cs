using System.IO.Pipelines;
using Orchestrator.Api.Spdy;
using Orchestrator.Tests.Api.Streaming;

namespace Orchestrator.Tests.Api.Spdy;

/// <summary>A connection in memory: the server's end as a stream, the client's as bytes to send and frames to read.</summary>
internal sealed class SpdyWire
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly Pipe _up = new();
    private readonly Pipe _down = new();

    public SpdyWire() => Server = new DuplexStream(_up.Reader.AsStream(), _down.Writer.AsStream());

    public Stream Server { get; }

    public async Task SendAsync(params IEnumerable<byte[]> frames)
    {
        foreach (var frame in frames) await _up.Writer.WriteAsync(frame);
    }

    public Task HangUpAsync() => _up.Writer.CompleteAsync().AsTask();

    /// <summary>The next frame from the server.</summary>
    public async Task<(SpdyFrameHeader Header, byte[] Payload)> ReadAsync()
    {
        using var late = new CancellationTokenSource(Deadline);
        var header = SpdyFrameHeader.Parse(await TakeAsync(SpdyFrameHeader.Size, late.Token));
        return (header, await TakeAsync(header.Length, late.Token));
    }

    private async Task<byte[]> TakeAsync(int length, CancellationToken cancel)
    {
        if (length == 0) return [];
        var read = await _down.Reader.ReadAtLeastAsync(length, cancel);
        if (read.Buffer.Length < length) throw new EndOfStreamException();
        var bytes = System.Buffers.BuffersExtensions.ToArray(read.Buffer.Slice(0, length));
        _down.Reader.AdvanceTo(read.Buffer.GetPosition(length));
        return bytes;
    }
}
