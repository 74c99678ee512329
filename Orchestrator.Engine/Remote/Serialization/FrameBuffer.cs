using System.Buffers;
using System.Buffers.Binary;

namespace Orchestrator.Engine.Remote.Serialization;

/// <summary>
/// Collects frames for one write to the connection. Each frame is a length (4 bytes, little-endian, without itself) and that many bytes, at most
/// <paramref name="maxFrame"/>; a frame that turns out too large, or cannot be written, is taken back. Not thread-safe.
/// </summary>
internal sealed class FrameBuffer(int maxFrame) : IBufferWriter<byte>, IDisposable
{
    /// <summary>A buffer that one large message has blown up is not kept.</summary>
    private const int Kept = 256 * 1024;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(64 * 1024);
    private int _written;
    private int _frame = -1;

    public int Length => _written;

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _written);

    public void BeginFrame()
    {
        _frame = _written;
        GetSpan(4);
        _written += 4;
    }

    public void EndFrame()
    {
        var length = _written - _frame - 4;
        if (length > maxFrame)
            throw new FrameTooLargeException(maxFrame);
        BinaryPrimitives.WriteInt32LittleEndian(_bytes.AsSpan(_frame), length);
        _frame = -1;
    }

    /// <summary>Forgets the frame that was begun.</summary>
    public void AbandonFrame()
    {
        _written = _frame;
        _frame = -1;
    }

    public void Clear()
    {
        _written = 0;
        if (_bytes.Length <= Kept)
            return;
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = ArrayPool<byte>.Shared.Rent(Kept);
    }

    public void Advance(int count) => _written += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsMemory(_written);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsSpan(_written);
    }

    public void WriteByte(byte value)
    {
        Reserve(1);
        _bytes[_written++] = value;
    }

    public void WriteInt32(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(GetSpan(4), value);
        _written += 4;
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        _written += bytes.Length;
    }

    /// <summary>Two bytes of length, then UTF-8.</summary>
    public void WriteText(string? text)
    {
        text ??= "";
        var span = GetSpan(2 + (text.Length * 3));
        var length = System.Text.Encoding.UTF8.GetBytes(text, span[2..]);
        BinaryPrimitives.WriteUInt16LittleEndian(span, checked((ushort)length));
        _written += 2 + length;
    }

    /// <summary>Writes later what is not known yet; returns its place.</summary>
    public int SkipInt32()
    {
        var at = _written;
        WriteInt32(0);
        return at;
    }

    public void PatchInt32(int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(_bytes.AsSpan(at), value);

    public void Dispose() => ArrayPool<byte>.Shared.Return(_bytes);

    private void Reserve(int size)
    {
        size = Math.Max(size, 256);
        if (_bytes.Length - _written >= size)
            return;

        // Not grown without bound for a message that cannot be sent anyway.
        if (_frame >= 0 && (long)_written - _frame + size > maxFrame + 64 * 1024L)
            throw new FrameTooLargeException(maxFrame);
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_bytes.Length * 2, _written + size));
        _bytes.AsSpan(0, _written).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
