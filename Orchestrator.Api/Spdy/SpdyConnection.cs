using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.IO.Pipelines;

namespace Orchestrator.Api.Spdy;

/// <summary>
/// The server's side of a SPDY/3.1 connection over any byte stream, as Kubernetes' clients speak it (docker/spdystream): the client opens streams, the
/// server never does. Received data is credited to the client's window; the client's own window is not waited for, since spdystream never opens
/// it and would leave any output above 64 KiB hanging: TCP holds the server back instead.
/// </summary>
internal sealed class SpdyConnection(Stream transport) : IDisposable
{
    private const int MaxControlFrame = 64 * 1024;
    private const int MaxPiece = 32 * 1024;
    private const int MaxStreams = 4096;
    private const uint ProtocolError = 1;

    private readonly ConcurrentDictionary<int, SpdyStream> _streams = new();
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly Zlib _inflater = Zlib.Decompressor(SpdyDictionary.Bytes);
    private readonly Zlib _deflater = Zlib.Compressor(SpdyDictionary.Bytes);
    private readonly PipeReader _reader = PipeReader.Create(transport, new StreamPipeReaderOptions(leaveOpen: true));
    private int _lastStream;

    /// <summary>
    /// Reads frames until the client closes the connection; each stream it opens goes to <paramref name="opened"/>, which accepts or resets it. Throws
    /// <see cref="IOException"/> where the connection breaks. Afterwards every stream has ended.
    /// </summary>
    public async Task RunAsync(Func<SpdyStream, CancellationToken, Task> opened, CancellationToken cancel)
    {
        try
        {
            while (await ReadAsync(SpdyFrameHeader.Size, cancel) is { } head)
            {
                var header = SpdyFrameHeader.Parse(head);
                if (header.Type == SpdyFrameType.Data) await TakeDataAsync(header, cancel);
                else await TakeControlAsync(header, opened, cancel);
            }
        }
        catch (InvalidDataException e)
        {
            await SendAsync(SpdyFrames.GoAway(_lastStream, ProtocolError), cancel);
            throw new IOException($"SPDY protocol error: {e.Message}", e);
        }
        finally
        {
            foreach (var stream in _streams.Values) stream.Break("connection closed");
            _streams.Clear();
        }
    }

    /// <summary>Frees the compressors. Whoever writes must have ended, as must <see cref="RunAsync"/>; the transport stays its owner's.</summary>
    public void Dispose()
    {
        _reader.Complete();
        _inflater.Dispose();
        _deflater.Dispose();
        _writing.Dispose();
    }

    /// <summary>Sends a whole frame.</summary>
    internal async Task SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancel)
    {
        await _writing.WaitAsync(cancel);
        try
        {
            await transport.WriteAsync(frame, cancel);
            await transport.FlushAsync(cancel);
        }
        finally
        {
            _writing.Release();
        }
    }

    internal async Task SendDataAsync(int stream, ReadOnlyMemory<byte> data, bool last, CancellationToken cancel)
    {
        var rented = ArrayPool<byte>.Shared.Rent(SpdyFrameHeader.Size + data.Length);
        try
        {
            new SpdyFrameHeader(SpdyFrameType.Data, stream, last ? SpdyFrameHeader.Fin : (byte)0, data.Length).Write(rented);
            data.CopyTo(rented.AsMemory(SpdyFrameHeader.Size));
            await SendAsync(rented.AsMemory(0, SpdyFrameHeader.Size + data.Length), cancel);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    // Compression is part of the order of frames, so it happens under the same lock.
    internal async Task ReplyAsync(int stream, CancellationToken cancel)
    {
        await _writing.WaitAsync(cancel);
        try
        {
            var block = _deflater.Transform(HeaderBlock.Format(new Dictionary<string, string>()), HeaderBlock.MaxSize);
            await transport.WriteAsync(SpdyFrames.SynReply(stream, block), cancel);
            await transport.FlushAsync(cancel);
        }
        finally
        {
            _writing.Release();
        }
    }

    internal void Forget(SpdyStream stream) => _streams.TryRemove(stream.Id, out _);

    private async Task TakeDataAsync(SpdyFrameHeader header, CancellationToken cancel)
    {
        if (header.StreamId == 0) throw new InvalidDataException("data on stream 0");
        // Data may still be under way to a stream that has been reset.
        var stream = _streams.GetValueOrDefault(header.StreamId);
        for (var left = header.Length; left > 0;)
        {
            var read = await _reader.ReadAsync(cancel);
            if (read.Buffer.IsEmpty && read.IsCompleted) throw new IOException("connection closed within a frame");
            var piece = read.Buffer.Slice(0, Math.Min(Math.Min(left, MaxPiece), read.Buffer.Length));
            var data = stream is null ? [] : piece.ToArray();
            left -= (int)piece.Length;
            _reader.AdvanceTo(piece.End);
            if (stream is null) continue;
            await stream.TakeAsync(data, cancel);
            stream.Uncredited += data.Length;
            if (stream.Uncredited < MaxPiece || header.IsLast) continue;
            await SendAsync(SpdyFrames.WindowUpdate(stream.Id, stream.Uncredited), cancel);
            stream.Uncredited = 0;
        }
        if (header.IsLast) stream?.EndInput();
    }

    private async Task TakeControlAsync(SpdyFrameHeader header, Func<SpdyStream, CancellationToken, Task> opened, CancellationToken cancel)
    {
        if (header.Length > MaxControlFrame) throw new InvalidDataException($"control frame of {header.Length} bytes");
        var payload = await ReadAsync(header.Length, cancel) ?? throw new IOException("connection closed within a frame");
        switch (header.Type)
        {
            case SpdyFrameType.SynStream:
                await TakeStreamAsync(header, payload, opened, cancel);
                break;
            case SpdyFrameType.SynReply or SpdyFrameType.Headers:
                // Nothing uses them, but the state of the compression runs through them.
                _ = Inflate(payload, 4);
                if (header.IsLast && _streams.TryGetValue((int)(Word(payload, 0) & int.MaxValue), out var ended)) ended.EndInput();
                break;
            case SpdyFrameType.RstStream:
                if (_streams.TryRemove((int)(Word(payload, 0) & int.MaxValue), out var reset)) reset.Break("stream reset by the client");
                break;
            case SpdyFrameType.Ping:
                // Even numbers would be answers to pings of ours, of which there are none.
                if (Word(payload, 0) is var id && id % 2 == 1) await SendAsync(SpdyFrames.Ping(id), cancel);
                break;
            default:
                // SETTINGS and WINDOW_UPDATE change nothing here, after GOAWAY the client closes the connection, and unknown types are to be passed over.
                break;
        }
    }

    private async Task TakeStreamAsync(SpdyFrameHeader header, byte[] payload, Func<SpdyStream, CancellationToken, Task> opened, CancellationToken cancel)
    {
        var id = (int)(Word(payload, 0) & int.MaxValue);
        var headers = HeaderBlock.Parse(Inflate(payload, 10));
        if (id % 2 == 0 || id <= _lastStream) throw new InvalidDataException($"stream number {id} after {_lastStream}");
        _lastStream = id;
        var stream = new SpdyStream(this, id, headers);
        if (_streams.Count >= MaxStreams)
        {
            await stream.ResetAsync(SpdyResetStatus.RefusedStream, cancel);
            return;
        }
        _streams[id] = stream;
        if (header.IsLast) stream.EndInput();
        await opened(stream, cancel);
    }

    private byte[] Inflate(byte[] payload, int offset) =>
        payload.Length >= offset ? _inflater.Transform(payload.AsSpan(offset), HeaderBlock.MaxSize) : throw new InvalidDataException("control frame is too short");

    private static uint Word(byte[] payload, int offset) =>
        BinaryPrimitives.TryReadUInt32BigEndian(payload.AsSpan(offset), out var word) ? word : throw new InvalidDataException("control frame is too short");

    // Null at the end of the connection.
    private async Task<byte[]?> ReadAsync(int length, CancellationToken cancel)
    {
        if (length == 0) return [];
        var read = await _reader.ReadAtLeastAsync(length, cancel);
        if (read.Buffer.Length < length)
        {
            _reader.AdvanceTo(read.Buffer.End);
            return null;
        }
        var bytes = read.Buffer.Slice(0, length).ToArray();
        _reader.AdvanceTo(read.Buffer.GetPosition(length));
        return bytes;
    }
}
