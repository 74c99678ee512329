using System.Buffers;
using System.Buffers.Binary;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote.Serialization;

namespace Orchestrator.Engine.Remote;

/// <summary>One connection after its handshake: a loop that writes what its association has to send, and one that reads.</summary>
internal sealed class Link
{
    private readonly Association _association;
    private readonly ITransportConnection _connection;
    private readonly InboundMessages _inbound;

    // Never disposed: a connection that takes this one's place aborts it, perhaps after its end; and without a timer it holds nothing.
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _goodbyeSeen = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _closeWhenSent;
    private Exception? _cause;
    private long _lastHeard;

    public Link(Association association, ITransportConnection connection, long uid, PeerGrant grant, bool inbound)
    {
        _association = association;
        _connection = connection;
        _inbound = new InboundMessages(association, grant);
        Uid = uid;
        Grant = grant;
        Inbound = inbound;
        Streams = new LinkStreams(association, !inbound, grant.IsLimited ? null : association.Remoting.Settings.Streams);
        _lastHeard = association.System.TimeProvider.GetTimestamp();
    }

    /// <summary>The life of the system at the other end.</summary>
    public long Uid { get; }

    /// <summary>What the other end may do.</summary>
    public PeerGrant Grant { get; }

    /// <summary>Whether the other end has opened it.</summary>
    public bool Inbound { get; }

    /// <summary>Streams of this connection.</summary>
    public LinkStreams Streams { get; }

    /// <summary>When the last bytes came.</summary>
    public long LastHeard => Interlocked.Read(ref _lastHeard);

    /// <summary>It has said that its life ends.</summary>
    public bool PeerLeaves { get; private set; }

    /// <summary>Completes when the other end knows that our life ends, or the connection is over.</summary>
    public Task GoodbyeSeen => _goodbyeSeen.Task;

    /// <summary>Completes when the connection is over.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Nothing is added any more: what waits goes out, then the connection closes.</summary>
    public void CloseWhenSent()
    {
        _closeWhenSent = true;
        _association.Queue.WakeNextTaker();
    }

    /// <summary>Breaks the connection.</summary>
    public void Abort(Exception cause)
    {
        Interlocked.CompareExchange(ref _cause, cause, null);
        _stop.Cancel();
        _connection.Abort();
    }

    /// <summary>Completes when the connection is over, with what ended it; null where the other side closed it in order.</summary>
    public async Task<Exception?> RunAsync()
    {
        var reading = Task.Run(ReadAsync);
        var writing = Task.Run(WriteAsync);
        var first = await Task.WhenAny(reading, writing).ConfigureAwait(false);
        var failure = await FailureOf(first).ConfigureAwait(false);
        if (failure is not null)
            Interlocked.CompareExchange(ref _cause, failure, null);
        await _stop.CancelAsync().ConfigureAwait(false);
        if (failure is not null)
            _connection.Abort();
        await FailureOf(writing).ConfigureAwait(false);
        _association.Queue.WakeNextTaker();
        await _connection.DisposeAsync().ConfigureAwait(false);
        await FailureOf(reading).ConfigureAwait(false);
        Streams.End(_cause ?? new IOException("the connection has ended"));
        _goodbyeSeen.TrySetResult();
        _ended.TrySetResult();
        return _cause;
    }

    private static async Task<Exception?> FailureOf(Task loop)
    {
        try
        {
            await loop.ConfigureAwait(false);
            return null;
        }
        catch (Exception failure)
        {
            return failure is OperationCanceledException ? null : failure;
        }
    }

    private async Task WriteAsync()
    {
        using var buffer = new FrameBuffer(_association.Remoting.Settings.MaxFrameSize);
        while (!_stop.IsCancellationRequested)
        {
            if (!_association.Fill(buffer, this))
                return;
            if (buffer.Length == 0)
            {
                if (_closeWhenSent)
                    return;
                await _association.Queue.WaitAsync(_stop.Token).ConfigureAwait(false);
                continue;
            }

            await _connection.Output.WriteAsync(buffer.Written, _stop.Token).ConfigureAwait(false);
            buffer.Clear();
        }
    }

    private async Task ReadAsync()
    {
        var input = _connection.Input;
        while (true)
        {
            var read = await input.ReadAsync(_stop.Token).ConfigureAwait(false);
            Interlocked.Exchange(ref _lastHeard, _association.System.TimeProvider.GetTimestamp());
            var buffer = read.Buffer;
            while (Framing.TryTake(ref buffer, _association.Remoting.Settings.MaxFrameSize, out var frame))
            {
                OnFrame(frame);
            }

            input.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
                return;
        }
    }

    private void OnFrame(ReadOnlySequence<byte> frame)
    {
        if (frame.IsSingleSegment)
        {
            OnFrame(frame.FirstSpan);
            return;
        }

        var length = checked((int)frame.Length);
        var whole = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            frame.CopyTo(whole);
            OnFrame(whole.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(whole);
        }
    }

    private void OnFrame(ReadOnlySpan<byte> bytes)
    {
        var frame = new FrameReader(bytes);
        var kind = (FrameKind)frame.ReadByte();
        switch (kind)
        {
            case FrameKind.Message:
                _inbound.OnMessage(ref frame);
                break;
            case FrameKind.Watch:
                _inbound.OnWatch(frame.ReadText());
                break;
            case FrameKind.Unwatch:
                _association.OnUnwatch(frame.ReadText());
                break;
            case FrameKind.Terminated:
                _association.OnTerminated(frame.ReadText(), frame.ReadByte() != 0);
                break;
            case FrameKind.NotUnderstood:
                _inbound.OnNotUnderstood(frame.ReadText(), frame.ReadText(), frame.ReadText());
                break;
            case FrameKind.Goodbye:
                PeerLeaves = true;
                _association.Queue.AddControl(new OutboundText(FrameKind.GoodbyeSeen));
                break;
            case FrameKind.GoodbyeSeen:
                _goodbyeSeen.TrySetResult();
                break;
            case FrameKind.StreamOpen or FrameKind.StreamData or FrameKind.StreamCredit or FrameKind.StreamEnd:
                Streams.OnFrame(kind, ref frame);
                break;
            case FrameKind.Heartbeat:
                break;
            default:
                _association.Remoting.Log.UnknownFrame(_association.Remote, (byte)kind);
                break;
        }
    }
}

/// <summary>Frames in a stream of bytes: a length (4 bytes, little-endian), then that many bytes.</summary>
internal static class Framing
{
    /// <summary>Takes one whole frame off the front. Throws <see cref="FrameTooLargeException"/> for a length that is not allowed.</summary>
    public static bool TryTake(ref ReadOnlySequence<byte> buffer, int maxFrame, out ReadOnlySequence<byte> frame)
    {
        frame = default;
        if (buffer.Length < 4)
            return false;
        Span<byte> prefix = stackalloc byte[4];
        buffer.Slice(0, 4).CopyTo(prefix);
        var length = BinaryPrimitives.ReadInt32LittleEndian(prefix);
        if (length < 1 || length > maxFrame)
            throw new FrameTooLargeException(maxFrame);
        if (buffer.Length < 4 + length)
            return false;
        frame = buffer.Slice(4, length);
        buffer = buffer.Slice(4 + length);
        return true;
    }
}
