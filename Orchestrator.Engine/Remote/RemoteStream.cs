using System.Threading.Channels;
using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Remote;

/// <summary>Serves one stream that another system has opened, until it is over. An exception ends the stream with its message.</summary>
public delegate Task RemoteStreamHandler(object request, RemoteStream stream, CancellationToken cancel);

/// <summary>Bytes of one channel of a stream; what the channels mean is the request's matter.</summary>
public readonly record struct StreamChunk(byte Channel, ReadOnlyMemory<byte> Data);

/// <summary>
/// Bytes in both directions between two systems, over the connection they have, beside their messages. A writer gets as far ahead of its reader as the
/// window allows (<see cref="RemoteSettings.StreamWindow"/>) and then waits. The stream ends with the connection. One reader and one writer at a time on each side.
/// </summary>
public sealed class RemoteStream : IAsyncDisposable
{
    private const int Piece = 32 * 1024;

    private readonly Association _association;
    private readonly Channel<StreamChunk> _received = Channel.CreateUnbounded<StreamChunk>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private readonly CancellationTokenSource _over = new();
    private readonly SemaphoreSlim _credited = new(0);
    private readonly int _window;
    private readonly Action<RemoteStream> _onOver;
    private int _credit;
    private int _unread;
    private int _consumed;
    private bool _wrote;
    private bool _readEnded;
    private Exception? _failure;

    internal RemoteStream(Association association, int id, int window, Action<RemoteStream> onOver)
    {
        _association = association;
        _window = window;
        _credit = window;
        _onOver = onOver;
        Id = id;
    }

    internal int Id { get; }

    /// <summary>Cancelled when the stream has failed or the other side has gone.</summary>
    public CancellationToken Over => _over.Token;

    /// <summary>Sends bytes; waits while the window is full. Throws <see cref="IOException"/> where the stream is over.</summary>
    public async ValueTask WriteAsync(byte channel, ReadOnlyMemory<byte> data, CancellationToken cancel = default)
    {
        do
        {
            ThrowIfOver();
            var piece = Math.Min(data.Length, Piece);
            while (piece > 0 && Volatile.Read(ref _credit) <= 0)
            {
                using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, _over.Token);
                try
                {
                    await _credited.WaitAsync(either.Token).ConfigureAwait(false);
                }
                catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
                {
                    ThrowIfOver();
                    throw;
                }
            }

            // The caller may use its memory again when this returns.
            Interlocked.Add(ref _credit, -piece);
            _association.Queue.AddBulk(new OutboundStreamData(Id, channel, data[..piece].ToArray()));
            data = data[piece..];
        }
        while (!data.IsEmpty);
    }

    /// <summary>This side sends no more; it may go on reading. <paramref name="error"/> ends the stream for both.</summary>
    public void Complete(string? error = null)
    {
        lock (_over)
        {
            if (_wrote)
                return;
            _wrote = true;
        }

        _association.Queue.AddBulk(new OutboundStreamEnd(Id, error));
        if (error is not null)
            End(new IOException(error));
        else
            EndWhenBothHave();
    }

    /// <summary>The next bytes; null when the other side sends no more. Throws <see cref="IOException"/> where the stream has failed.</summary>
    public async ValueTask<StreamChunk?> ReadAsync(CancellationToken cancel = default)
    {
        StreamChunk chunk;
        while (!_received.Reader.TryRead(out chunk))
        {
            if (!await _received.Reader.WaitToReadAsync(cancel).ConfigureAwait(false))
                return null;
        }

        Interlocked.Add(ref _unread, -chunk.Data.Length);
        _consumed += chunk.Data.Length;
        if (_consumed >= _window / 2)
        {
            _association.Queue.AddControl(new OutboundStreamCredit(Id, _consumed));
            _consumed = 0;
        }

        return chunk;
    }

    /// <summary>Ends it: with an error for the other side, where not both have completed. Who has said all but will not listen any more is gone for the other.</summary>
    public ValueTask DisposeAsync()
    {
        const string Closed = "the stream was closed";
        lock (_over)
        {
            if (_failure is not null || (_wrote && _readEnded))
                return ValueTask.CompletedTask;
            _wrote = true;
        }

        _association.Queue.AddBulk(new OutboundStreamEnd(Id, Closed));
        End(new IOException(Closed));
        return ValueTask.CompletedTask;
    }

    internal void OnData(byte channel, ReadOnlySpan<byte> data)
    {
        if (Interlocked.Add(ref _unread, data.Length) > _window + Piece)
        {
            Complete("more was sent than the window allows");
            return;
        }

        _received.Writer.TryWrite(new StreamChunk(channel, data.ToArray()));
    }

    internal void OnCredit(int count)
    {
        if (Interlocked.Add(ref _credit, count) > 0)
            _credited.Release();
    }

    internal void OnEnd(string error)
    {
        if (error.Length > 0)
        {
            End(new IOException(error));
            return;
        }

        _received.Writer.TryComplete();
        lock (_over)
            _readEnded = true;
        EndWhenBothHave();
    }

    internal void End(Exception failure)
    {
        lock (_over)
        {
            if (_failure is not null || (_wrote && _readEnded))
                return;
            _failure = failure;
            _wrote = true;
        }

        _received.Writer.TryComplete(failure);
        _onOver(this);
        _over.Cancel();
    }

    private void EndWhenBothHave()
    {
        lock (_over)
        {
            if (!_wrote || !_readEnded || _failure is not null)
                return;
        }

        _onOver(this);
    }

    private void ThrowIfOver()
    {
        if (_failure is not null)
            throw new IOException(_failure.Message, _failure);
        if (_wrote)
            throw new IOException("this side of the stream has been completed");
    }
}
