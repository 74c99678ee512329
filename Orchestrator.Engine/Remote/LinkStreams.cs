using System.Collections.Concurrent;
using Orchestrator.Engine.Remote.Serialization;

namespace Orchestrator.Engine.Remote;

/// <summary>The streams of one connection. Numbers are odd for those that the dialling side opens, even for the other's.</summary>
internal sealed class LinkStreams(Association association, bool dialled, RemoteStreamHandler? handler)
{
    private readonly ConcurrentDictionary<int, RemoteStream> _streams = new();
    private int _last = dialled ? -1 : 0;
    private volatile Exception? _ended;

    public RemoteStream Open(object request)
    {
        var stream = Add(Interlocked.Add(ref _last, 2));
        association.Queue.AddBulk(new OutboundStreamOpen(stream.Id, request));
        return stream;
    }

    public void Fail(int id, Exception cause)
    {
        if (_streams.TryGetValue(id, out var stream))
            stream.End(cause);
    }

    public void End(Exception cause)
    {
        _ended = cause;
        foreach (var stream in _streams.Values)
            stream.End(cause);
    }

    public void OnFrame(FrameKind kind, ref FrameReader frame)
    {
        var id = frame.ReadInt32();
        if (kind == FrameKind.StreamOpen)
        {
            OnOpen(id, ref frame);
            return;
        }

        // A stream that has ended on this side: what is still under way is of no interest.
        if (!_streams.TryGetValue(id, out var stream))
            return;
        switch (kind)
        {
            case FrameKind.StreamData:
                stream.OnData(frame.ReadByte(), frame.Rest());
                break;
            case FrameKind.StreamCredit:
                stream.OnCredit(frame.ReadInt32());
                break;
            case FrameKind.StreamEnd:
                stream.OnEnd(frame.ReadText());
                break;
        }
    }

    private void OnOpen(int id, ref FrameReader frame)
    {
        object request;
        try
        {
            request = association.Remoting.Serializer.Read(ref frame);
        }
        catch (WireFormatException unfit)
        {
            association.Queue.AddBulk(new OutboundStreamEnd(id, unfit.Message));
            return;
        }

        if (handler is null)
        {
            association.Queue.AddBulk(new OutboundStreamEnd(id, $"{association.System.Address} serves no streams"));
            return;
        }

        _ = ServeAsync(handler, request, Add(id));
    }

    private async Task ServeAsync(RemoteStreamHandler serve, object request, RemoteStream stream)
    {
        try
        {
            await Task.Run(() => serve(request, stream, stream.Over)).ConfigureAwait(false);
            stream.Complete();
        }
        catch (OperationCanceledException) when (stream.Over.IsCancellationRequested)
        {
            stream.Complete("the stream is over");
        }
        catch (Exception failure)
        {
            association.Remoting.Log.StreamFailed(association.Remote, failure);
            stream.Complete(failure.Message.Length > 0 ? failure.Message : failure.GetType().Name);
        }
    }

    private RemoteStream Add(int id)
    {
        var stream = new RemoteStream(association, id, association.Remoting.Settings.StreamWindow, over => _streams.TryRemove(over.Id, out _));
        _streams[id] = stream;
        if (_ended is { } cause)
            stream.End(cause);
        return stream;
    }
}
