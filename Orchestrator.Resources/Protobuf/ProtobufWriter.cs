using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Orchestrator.Resources.Protobuf;

/// <summary>
/// Writes protobuf's wire format into a growing buffer. Embedded messages are written in place and their length is filled in when they end,
/// which moves their bytes when the length needs more than the one byte reserved for it.
/// </summary>
internal sealed class ProtobufWriter
{
    private byte[] _buffer = new byte[1024];
    private int _length;

    /// <summary>What was written.</summary>
    internal ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    internal void Varint(int field, ulong value)
    {
        Tag(field, 0);
        Raw(value);
    }

    internal void Bool(int field, bool value) => Varint(field, value ? 1UL : 0UL);

    internal void Double(int field, double value)
    {
        Tag(field, 1);
        BinaryPrimitives.WriteDoubleLittleEndian(Reserve(8), value);
    }

    internal void Text(int field, string value)
    {
        Tag(field, 2);
        var count = Encoding.UTF8.GetByteCount(value);
        Raw((ulong)count);
        Encoding.UTF8.GetBytes(value, Reserve(count));
    }

    internal void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Tag(field, 2);
        Raw((ulong)value.Length);
        value.CopyTo(Reserve(value.Length));
    }

    /// <summary>Writes an embedded message with what <paramref name="write"/> writes.</summary>
    internal void Message<T>(int field, T state, Action<ProtobufWriter, T> write)
    {
        Tag(field, 2);
        var start = _length;
        Reserve(1);
        write(this, state);
        var size = _length - start - 1;
        var extra = LengthOf((ulong)size) - 1;
        if (extra > 0)
        {
            Reserve(extra);
            _buffer.AsSpan(start + 1, size).CopyTo(_buffer.AsSpan(start + 1 + extra));
        }
        var at = start;
        for (var rest = (uint)size; ; rest >>= 7)
        {
            _buffer[at++] = (byte)(rest >= 0x80 ? rest | 0x80 : rest);
            if (rest < 0x80) break;
        }
    }

    private static int LengthOf(ulong value)
    {
        var length = 1;
        for (; value >= 0x80; value >>= 7) length++;
        return length;
    }

    private void Tag(int field, int wireType) => Raw((ulong)(field << 3 | wireType));

    private void Raw(ulong value)
    {
        var target = Reserve(LengthOf(value));
        for (var i = 0; i < target.Length; i++, value >>= 7) target[i] = (byte)(i < target.Length - 1 ? value | 0x80 : value);
    }

    private Span<byte> Reserve(int count)
    {
        if (_length + count > _buffer.Length) Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + count));
        var span = _buffer.AsSpan(_length, count);
        _length += count;
        return span;
    }
}
