using System.Buffers.Binary;
using System.Text;

namespace Orchestrator.Engine.Remote.Serialization;

/// <summary>Reads one frame's fields in order. Throws <see cref="WireFormatException"/> where it ends too early.</summary>
internal ref struct FrameReader(ReadOnlySpan<byte> frame)
{
    private ReadOnlySpan<byte> _rest = frame;

    public readonly bool AtEnd => _rest.IsEmpty;

    public byte ReadByte() => Take(1)[0];

    public int ReadInt32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public ReadOnlySpan<byte> ReadBytes(int count) => Take(count);

    public ReadOnlySpan<byte> ReadUtf8() => Take(BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));

    public string ReadText() => Encoding.UTF8.GetString(ReadUtf8());

    public ReadOnlySpan<byte> Rest() => Take(_rest.Length);

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count < 0 || count > _rest.Length)
            throw new WireFormatException("a frame ends in the middle of a field");
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
