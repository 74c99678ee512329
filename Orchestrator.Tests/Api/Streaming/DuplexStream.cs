using System.IO.Pipelines;
using System.Net.WebSockets;

namespace Orchestrator.Tests.Api.Streaming;

/// <summary>Two directions as one stream: the end of a connection in memory.</summary>
internal sealed class DuplexStream(Stream input, Stream output) : Stream
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

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            input.Dispose();
            output.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>Both ends of a WebSocket.</summary>
    public static (WebSocket Server, WebSocket Client) WebSockets()
    {
        var (up, down) = (new Pipe(), new Pipe());
        return (
            WebSocket.CreateFromStream(new DuplexStream(up.Reader.AsStream(), down.Writer.AsStream()), new WebSocketCreationOptions { IsServer = true }),
            WebSocket.CreateFromStream(new DuplexStream(down.Reader.AsStream(), up.Writer.AsStream()), new WebSocketCreationOptions()));
    }
}
