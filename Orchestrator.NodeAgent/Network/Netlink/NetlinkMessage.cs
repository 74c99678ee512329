using System.Buffers.Binary;
using System.Text;

namespace Orchestrator.NodeAgent.Network.Netlink;

/// <summary>
/// Builds a batch of rtnetlink requests in the kernel's layout (native byte order, attributes padded to four bytes). Each request is acknowledged on its own.
/// </summary>
internal sealed class NetlinkMessage
{
    private const ushort Request = 0x1;
    private const ushort Acknowledge = 0x4;
    private const ushort Nested = 0x8000;
    private readonly List<string> _operations = [];
    private byte[] _buffer = new byte[1024];
    private int _length;
    private int _start = -1;

    /// <summary>What each request of the batch does, for errors.</summary>
    public IReadOnlyList<string> Operations => _operations;

    /// <summary>The whole batch. Sequence numbers are the requests' positions, from 1.</summary>
    public ReadOnlySpan<byte> Finish()
    {
        CloseRequest();
        return _buffer.AsSpan(0, _length);
    }

    /// <summary>Begins a request. <paramref name="header"/> is the family's fixed part (ifinfomsg, ifaddrmsg, rtmsg).</summary>
    public NetlinkMessage Begin(string operation, ushort type, ushort flags, ReadOnlySpan<byte> header)
    {
        CloseRequest();
        _start = _length;
        _operations.Add(operation);
        var nl = Take(16);
        BinaryPrimitives.WriteUInt16LittleEndian(nl[4..], type);
        BinaryPrimitives.WriteUInt16LittleEndian(nl[6..], (ushort)(flags | Request | Acknowledge));
        BinaryPrimitives.WriteInt32LittleEndian(nl[8..], _operations.Count);
        header.CopyTo(Take(Align(header.Length)));
        return this;
    }

    public NetlinkMessage Attribute(ushort type, ReadOnlySpan<byte> value)
    {
        var attribute = Take(Align(4 + value.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(attribute, (ushort)(4 + value.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(attribute[2..], type);
        value.CopyTo(attribute[4..]);
        return this;
    }

    public NetlinkMessage Attribute(ushort type, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return Attribute(type, bytes);
    }

    /// <summary>A zero-terminated string.</summary>
    public NetlinkMessage Attribute(ushort type, string value) => Attribute(type, Encoding.ASCII.GetBytes(value + '\0'));

    /// <summary>An attribute of attributes, optionally after a fixed header.</summary>
    public NetlinkMessage Nest(ushort type, Action<NetlinkMessage> content, ReadOnlySpan<byte> header = default)
    {
        var start = _length;
        Take(4);
        header.CopyTo(Take(Align(header.Length)));
        content(this);
        var attribute = _buffer.AsSpan(start);
        BinaryPrimitives.WriteUInt16LittleEndian(attribute, (ushort)(_length - start));
        BinaryPrimitives.WriteUInt16LittleEndian(attribute[2..], (ushort)(type | Nested));
        return this;
    }

    private void CloseRequest()
    {
        if (_start >= 0)
        {
            BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(_start), _length - _start);
            _start = -1;
        }
    }

    private Span<byte> Take(int bytes)
    {
        if (_length + bytes > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + bytes));
        }

        var span = _buffer.AsSpan(_length, bytes);
        _length += bytes;
        return span;
    }

    private static int Align(int length) => (length + 3) & ~3;
}
