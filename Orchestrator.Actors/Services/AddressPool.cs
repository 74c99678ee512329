using System.Buffers.Binary;
using System.Net;

namespace Orchestrator.Actors.Services;

/// <summary>Pure choice of free IPv4 addresses, subnets and ports.</summary>
public static class AddressPool
{
    /// <summary>
    /// A free service address: the first free one from a start that depends on <paramref name="seed"/>, so that addresses are not reused at once. The network, the first
    /// (the API server's) and the broadcast address are never given. Null where none is free.
    /// </summary>
    public static IPAddress? FreeAddress(IPNetwork network, IReadOnlySet<string> used, int seed)
    {
        var size = 1L << (32 - network.PrefixLength);
        var first = ToNumber(network.BaseAddress);
        var usable = size - 3;
        for (long i = 0; i < usable; i++)
        {
            var address = FromNumber(first + 2 + (uint)((i + (uint)seed) % usable));
            if (!used.Contains(address.ToString())) return address;
        }
        return null;
    }

    /// <summary>Whether an address asked for may be given: inside the network, not its first, base or broadcast address.</summary>
    public static bool IsAssignable(IPNetwork network, IPAddress address)
    {
        if (!network.Contains(address)) return false;
        var offset = ToNumber(address) - (long)ToNumber(network.BaseAddress);
        return offset >= 1 && offset < (1L << (32 - network.PrefixLength)) - 1;
    }

    /// <summary>The first address of a network after its base: the API server's.</summary>
    public static IPAddress First(IPNetwork network) => FromNumber(ToNumber(network.BaseAddress) + 1);

    /// <summary>How many subnets of a prefix length a network has.</summary>
    public static long SubnetCount(IPNetwork network, int prefixLength) => 1L << (prefixLength - network.PrefixLength);

    /// <summary>One of them, by its place.</summary>
    public static IPNetwork Subnet(IPNetwork network, int prefixLength, long index) => new(FromNumber((uint)(ToNumber(network.BaseAddress) + index * (1L << (32 - prefixLength)))), prefixLength);

    /// <summary>A free port of a range, from a start that depends on <paramref name="seed"/>, or null.</summary>
    public static int? FreePort(int first, int last, IReadOnlySet<int> used, int seed)
    {
        var count = last - first + 1;
        for (var i = 0; i < count; i++)
        {
            var port = first + (int)(((uint)seed + (uint)i) % (uint)count);
            if (!used.Contains(port)) return port;
        }
        return null;
    }

    private static uint ToNumber(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[4];
        address.TryWriteBytes(bytes, out _);
        return BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }

    private static IPAddress FromNumber(uint number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes);
    }
}
