using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Orchestrator.NodeAgent.Network;

/// <summary>
/// The addresses of one node's pod CIDR (IPv4). The first host address is the gateway's. Hands out the next free one after the last, round the range, so
/// that an address rests as long as possible before somebody else gets it. Not safe for concurrent use.
/// </summary>
public sealed class AddressPool
{
    private readonly uint _first;
    private readonly uint _last;
    private readonly HashSet<uint> _taken = [];
    private uint _next;

    /// <summary>Throws <see cref="ArgumentException"/> unless <paramref name="cidr"/> is an IPv4 network of at most 30 bits, e.g. <c>10.244.1.0/24</c>.</summary>
    public AddressPool(string cidr)
    {
        if (!IPNetwork.TryParse(cidr, out var network) || network.BaseAddress.AddressFamily != AddressFamily.InterNetwork || network.PrefixLength > 30)
        {
            throw new ArgumentException($"\"{cidr}\" is not an IPv4 network with room for pods (e.g. 10.244.1.0/24)", nameof(cidr));
        }

        var size = 1ul << (32 - network.PrefixLength);
        var start = ToNumber(network.BaseAddress) & (uint)~(size - 1);
        Network = new IPNetwork(ToAddress(start), network.PrefixLength);
        Gateway = ToAddress(start + 1);
        _first = start + 2;
        _last = (uint)(start + size - 2);
        _next = _first;
    }

    /// <summary>The whole range.</summary>
    public IPNetwork Network { get; }

    /// <summary>The node's own address in it.</summary>
    public IPAddress Gateway { get; }

    /// <summary>Addresses handed out.</summary>
    public int Taken => _taken.Count;

    /// <summary>A free address, or null where all are taken.</summary>
    public IPAddress? Allocate()
    {
        for (var left = (ulong)_last - _first + 1; left > 0; left--)
        {
            var candidate = _next;
            _next = candidate == _last ? _first : candidate + 1;
            if (_taken.Add(candidate))
            {
                return ToAddress(candidate);
            }
        }

        return null;
    }

    /// <summary>Takes an address that is in use already. False where it was taken; an address outside the range is nobody's here and succeeds.</summary>
    public bool Reserve(IPAddress address)
    {
        if (!Contains(address))
        {
            return true;
        }

        var number = ToNumber(address);
        if (number == _next)
        {
            _next = number == _last ? _first : number + 1;
        }

        return _taken.Add(number);
    }

    /// <summary>Gives an address back. Nothing happens where it was free.</summary>
    public void Release(IPAddress address)
    {
        if (Contains(address))
        {
            _taken.Remove(ToNumber(address));
        }
    }

    private bool Contains(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetwork && ToNumber(address) is var n && n >= _first && n <= _last;

    private static uint ToNumber(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[4];
        address.TryWriteBytes(bytes, out _);
        return BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }

    private static IPAddress ToAddress(uint number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes);
    }
}
