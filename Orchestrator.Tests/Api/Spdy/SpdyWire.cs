using System.IO.Pipelines;
using Orchestrator.Api.Spdy;

namespace Orchestrator.Tests.Api.Spdy;

/// <summary>A connection in memory: the server's end as a stream, the client's as bytes to send and frames to read.</summary>
internal sealed class SpdyWire
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly Pipe _up = new();
    private readonly Pipe _down = new();

    public SpdyWire() => Server = new Duplex(_up.Reader.AsStream(), _down.Writer.AsStream());

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

    private sealed class Duplex(Stream input, Stream output) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => input.ReadAsync(buffer, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => output.WriteAsync(buffer, cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => output.FlushAsync(cancellationToken);

        public override void Flush() => output.Flush();

        public override int Read(byte[] buffer, int offset, int count) => input.Read(buffer, offset, count);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => output.Write(buffer, offset, count);
    }
}
