using System.Buffers.Binary;

namespace Orchestrator.NodeAgent.Runtime.Docker;

/// <summary>
/// Takes the engine's multiplexed output apart: each piece has a header of eight bytes (stream 1 or 2, three zeros, length big-endian) that may be cut anywhere. With a
/// terminal there are no headers and everything is stdout.
/// </summary>
internal sealed class MultiplexedOutput(bool raw)
{
    private const int HeaderLength = 8;
    private readonly byte[] _header = new byte[HeaderLength];
    private int _headerFilled;
    private uint _left;

    /// <summary>The pieces that a read brought, in order, as (stream, range of the read). Stream is 1 for stdout, 2 for stderr.</summary>
    public IEnumerable<(byte Stream, ReadOnlyMemory<byte> Data)> Split(ReadOnlyMemory<byte> read)
    {
        if (raw)
        {
            yield return (1, read);
            yield break;
        }

        while (read.Length > 0)
        {
            if (_left == 0)
            {
                var part = Math.Min(HeaderLength - _headerFilled, read.Length);
                read[..part].Span.CopyTo(_header.AsSpan(_headerFilled));
                read = read[part..];
                _headerFilled += part;
                if (_headerFilled == HeaderLength)
                {
                    _headerFilled = 0;
                    _left = BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(4));
                }

                continue;
            }

            var length = (int)Math.Min(_left, (uint)read.Length);
            yield return (_header[0] == 2 ? (byte)2 : (byte)1, read[..length]);
            read = read[length..];
            _left -= (uint)length;
        }
    }
}
