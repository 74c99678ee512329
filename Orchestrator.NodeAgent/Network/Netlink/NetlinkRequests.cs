using System.Buffers.Binary;
using System.Net;

namespace Orchestrator.NodeAgent.Network.Netlink;

/// <summary>The rtnetlink requests the pod network is made of; numbers from the kernel's <c>linux/rtnetlink.h</c> and <c>linux/if_link.h</c>.</summary>
internal static class NetlinkRequests
{
    private const ushort NewLink = 16, DeleteLink = 17, NewAddress = 20, DeleteAddressType = 21, NewRoute = 24;
    private const ushort Replace = 0x100, Exclusive = 0x200, Create = 0x400;
    private const ushort LinkAddress = 1, LinkName = 3, LinkMtu = 4, LinkMaster = 10, LinkInfo = 18, LinkNamespaceFd = 28;
    private const ushort InfoKind = 1, InfoData = 2, VethPeer = 1;
    private const ushort AddressAddress = 1, AddressLocal = 2;
    private const ushort RouteInterface = 4, RouteGateway = 5;
    private const byte InterNetwork = 2;
    private const uint Up = 1;

    /// <summary>Creates a bridge with a fixed hardware address, up.</summary>
    public static NetlinkMessage CreateBridge(this NetlinkMessage batch, string name, byte[] hardwareAddress, int mtu) =>
        batch.Begin($"create bridge {name}", NewLink, Create | Exclusive, Link(0, Up, Up))
            .Attribute(LinkName, name)
            .Attribute(LinkAddress, hardwareAddress)
            .Attribute(LinkMtu, (uint)mtu)
            .Nest(LinkInfo, info => info.Attribute(InfoKind, "bridge"));

    /// <summary>Creates a cable: one end here, up and plugged into the bridge, the other named <paramref name="peerName"/> in the network namespace behind the
    /// descriptor, still down: the kernel refuses to bring an end up whose other end is not made yet.</summary>
    public static NetlinkMessage CreateCable(this NetlinkMessage batch, string name, uint bridge, string peerName, byte[] peerHardwareAddress, int namespaceFd, int mtu) =>
        batch.Begin($"create veth {name}", NewLink, Create | Exclusive, Link(0, Up, Up))
            .Attribute(LinkName, name)
            .Attribute(LinkMtu, (uint)mtu)
            .Attribute(LinkMaster, bridge)
            .Nest(LinkInfo, info => info
                .Attribute(InfoKind, "veth")
                .Nest(InfoData, data => data.Nest(VethPeer, peer => peer
                    .Attribute(LinkName, peerName)
                    .Attribute(LinkAddress, peerHardwareAddress)
                    .Attribute(LinkMtu, (uint)mtu)
                    .Attribute(LinkNamespaceFd, (uint)namespaceFd), Link(0, 0, 0))));

    /// <summary>Removes an interface.</summary>
    public static NetlinkMessage DeleteLinkByName(this NetlinkMessage batch, string name) =>
        batch.Begin($"delete link {name}", DeleteLink, 0, Link(0, 0, 0)).Attribute(LinkName, name);

    /// <summary>Sets an interface up.</summary>
    public static NetlinkMessage SetUp(this NetlinkMessage batch, uint index) =>
        batch.Begin("set link up", NewLink, 0, Link(index, Up, Up));

    /// <summary>Gives an interface an address (or keeps it).</summary>
    public static NetlinkMessage AddAddress(this NetlinkMessage batch, uint index, IPAddress address, int prefixLength) =>
        batch.Address($"add address {address}/{prefixLength}", NewAddress, Create | Replace, index, address, prefixLength);

    /// <summary>Takes an address from an interface.</summary>
    public static NetlinkMessage DeleteAddress(this NetlinkMessage batch, uint index, IPAddress address, int prefixLength) =>
        batch.Address($"delete address {address}/{prefixLength}", DeleteAddressType, 0, index, address, prefixLength);

    private static NetlinkMessage Address(this NetlinkMessage batch, string operation, ushort type, ushort flags, uint index, IPAddress address, int prefixLength)
    {
        Span<byte> header = stackalloc byte[8];
        header[0] = InterNetwork;
        header[1] = (byte)prefixLength;
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], index);
        var bytes = address.GetAddressBytes();
        return batch.Begin(operation, type, flags, header).Attribute(AddressLocal, bytes).Attribute(AddressAddress, bytes);
    }

    /// <summary>The route to everywhere else.</summary>
    public static NetlinkMessage AddDefaultRoute(this NetlinkMessage batch, uint index, IPAddress gateway)
    {
        // family, destination bits, source bits, TOS, table main, protocol boot, scope universe, type unicast, flags
        ReadOnlySpan<byte> header = [InterNetwork, 0, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0];
        return batch.Begin($"add default route via {gateway}", NewRoute, Create | Replace, header)
            .Attribute(RouteGateway, gateway.GetAddressBytes())
            .Attribute(RouteInterface, index);
    }

    private static byte[] Link(uint index, uint flags, uint change)
    {
        var header = new byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), index);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), flags);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(12), change);
        return header;
    }
}
