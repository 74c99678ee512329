using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Orchestrator.Resources.Protobuf;

/// <summary>How a field's value is laid out on the wire.</summary>
internal enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    StartGroup = 3,
    EndGroup = 4,
    Fixed32 = 5,
}

/// <summary>Reads protobuf's wire format. Everything that runs past the end or makes no sense throws <see cref="ProtobufFormatException"/>.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private ReadOnlySpan<byte> _rest = message;

    /// <summary>Number of the field that <see cref="Next"/> has moved to.</summary>
    internal int Field { get; private set; }

    /// <summary>Wire type of that field.</summary>
    internal WireType Wire { get; private set; }

    /// <summary>Moves to the next field; false at the end of the message. The value must then be read or skipped.</summary>
    internal bool Next()
    {
        if (_rest.IsEmpty) return false;
        var tag = Varint();
        Wire = (WireType)(tag & 7);
        if (Wire == WireType.EndGroup) throw new ProtobufFormatException("proto: wiretype end group for non-group");
        if (tag >> 3 is 0 or > 0x1fffffff) throw new ProtobufFormatException(string.Create(CultureInfo.InvariantCulture, $"proto: illegal tag {tag >> 3} (wire type {tag & 7})"));
        Field = (int)(tag >> 3);
        return true;
    }

    /// <summary>Moves to the next number of a packed list; false at its end.</summary>
    internal bool NextPacked()
    {
        Wire = WireType.Varint;
        return !_rest.IsEmpty;
    }

    /// <summary>Refuses the field when it is not laid out as its type is.</summary>
    internal readonly void Expect(WireType wire, string field)
    {
        if (Wire != wire) throw new ProtobufFormatException($"proto: wrong wireType = {(int)Wire} for field {field}");
    }

    internal ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (_rest.IsEmpty) throw ProtobufFormatException.Truncated();
            var part = _rest[0];
            _rest = _rest[1..];
            value |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80) return value;
        }
        throw new ProtobufFormatException("proto: integer overflow");
    }

    internal double Double() => BitConverter.UInt64BitsToDouble(BinaryPrimitives.ReadUInt64LittleEndian(Take(8)));

    internal ReadOnlySpan<byte> Bytes() => Take(Varint());

    internal string Text() => Text(Bytes());

    /// <summary>The text of UTF-8 bytes; JSON has no place for any others.</summary>
    internal static string Text(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return StrictUtf8.GetString(utf8);
        }
        catch (DecoderFallbackException)
        {
            throw new ProtobufFormatException("invalid UTF-8 in string");
        }
    }

    /// <summary>Passes over the field's value; groups with all they hold.</summary>
    internal void Skip()
    {
        var groups = 0;
        while (true)
        {
            switch (Wire)
            {
                case WireType.Varint: Varint(); break;
                case WireType.Fixed64: Take(8); break;
                case WireType.Bytes: Bytes(); break;
                case WireType.Fixed32: Take(4); break;
                case WireType.StartGroup: groups++; break;
                case WireType.EndGroup: groups--; break;
                default: throw new ProtobufFormatException($"proto: illegal wireType {(int)Wire}");
            }
            if (groups == 0) return;
            Wire = (WireType)(Varint() & 7);
        }
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)_rest.Length) throw ProtobufFormatException.Truncated();
        var taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }
}
