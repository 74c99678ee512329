using System.Threading.Channels;

namespace Orchestrator.Api.Spdy;

/// <summary>One stream of a connection, opened by the client. Each direction ends by itself (FIN); a reset ends both.</summary>
internal sealed class SpdyStream(SpdyConnection connection, int id, IReadOnlyDictionary<string, string> headers)
{
    private const int Capacity = 16;

    private readonly Channel<ReadOnlyMemory<byte>> _input = Channel.CreateBounded<ReadOnlyMemory<byte>>(new BoundedChannelOptions(Capacity) { SingleWriter = true });
    private volatile bool _inputEnded;
    private volatile bool _outputEnded;

    /// <summary>The stream's number, odd.</summary>
    public int Id => id;

    /// <summary>What the client opened it with.</summary>
    public IReadOnlyDictionary<string, string> Headers => headers;

    /// <summary>What the client sends, in order; ends with its FIN, or with an <see cref="IOException"/> where it is reset or the connection is lost.</summary>
    public ChannelReader<ReadOnlyMemory<byte>> Input => _input.Reader;

    /// <summary>Bytes taken that the client's window has not been credited with.</summary>
    internal int Uncredited { get; set; }

    /// <summary>Tells the client that the stream is taken; nothing may be written before.</summary>
    public Task AcceptAsync(CancellationToken cancel) => connection.ReplyAsync(id, cancel);

    /// <summary>Sends bytes; those for a stream that has ended are dropped, as nobody reads them.</summary>
    public Task WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel) => _outputEnded || data.IsEmpty ? Task.CompletedTask : connection.SendDataAsync(id, data, last: false, cancel);

    /// <summary>Sends FIN.</summary>
    public Task FinishAsync(CancellationToken cancel)
    {
        if (_outputEnded) return Task.CompletedTask;
        _outputEnded = true;
        if (_inputEnded) connection.Forget(this);
        return connection.SendDataAsync(id, default, last: true, cancel);
    }

    /// <summary>Ends both directions.</summary>
    public Task ResetAsync(SpdyResetStatus status, CancellationToken cancel)
    {
        if (!Break("stream reset by the server")) return Task.CompletedTask;
        connection.Forget(this);
        return connection.SendAsync(SpdyFrames.RstStream(id, status), cancel);
    }

    /// <summary>Nobody reads what the client still sends: it is dropped, so that it holds no other stream up.</summary>
    public void DropInput() => _input.Writer.TryComplete();

    /// <summary>Passes data on; waits where the reader is slow.</summary>
    internal async ValueTask TakeAsync(ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        try
        {
            await _input.Writer.WriteAsync(data, cancel);
        }
        catch (ChannelClosedException)
        {
            // Dropped: see DropInput.
        }
    }

    /// <summary>The client has sent FIN.</summary>
    internal void EndInput()
    {
        _inputEnded = true;
        _input.Writer.TryComplete();
        if (_outputEnded) connection.Forget(this);
    }

    /// <summary>Both directions end at once; false where both had ended already.</summary>
    internal bool Break(string why)
    {
        var first = !_outputEnded;
        _outputEnded = true;
        return _input.Writer.TryComplete(new IOException(why)) || first;
    }
}
