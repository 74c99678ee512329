using System.Buffers.Binary;
using System.Text;

namespace Orchestrator.Resources.Protobuf;

/// <summary>Reads protobuf's wire format from a span. Every method throws <see cref="FormatException"/> for bytes that are none.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>Wire types.</summary>
    internal enum Wire
    {
        Varint = 0,
        Fixed64 = 1,
        Bytes = 2,
        Fixed32 = 5,
    }

    /// <summary>Whether everything has been read.</summary>
    internal readonly bool AtEnd => _rest.IsEmpty;

    /// <summary>The next field's number and wire type.</summary>
    internal (int Field, Wire Wire) Tag()
    {
        var tag = Varint();
        return ((int)(tag >> 3), (Wire)(tag & 7));
    }

    internal ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Take(1)[0];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }
        throw new FormatException("proto: integer overflow");
    }

    internal double Double() => BinaryPrimitives.ReadDoubleLittleEndian(Take(8));

    internal ReadOnlySpan<byte> Bytes()
    {
        var length = Varint();
        return length <= (ulong)_rest.Length ? Take((int)length) : throw Truncated();
    }

    internal string Text() => Encoding.UTF8.GetString(Bytes());

    /// <summary>Passes over a field that is not known.</summary>
    internal void Skip(Wire wire)
    {
        switch (wire)
        {
            case Wire.Varint: Varint(); break;
            case Wire.Fixed64: Take(8); break;
            case Wire.Bytes: Bytes(); break;
            case Wire.Fixed32: Take(4); break;
            default: throw new FormatException($"proto: illegal wireType {(int)wire}");
        }
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length) throw Truncated();
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    private static FormatException Truncated() => new("unexpected EOF");
}
