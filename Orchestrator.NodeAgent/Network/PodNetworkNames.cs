using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Orchestrator.NodeAgent.Network;

/// <summary>
/// Names of what the pod network makes on the machine: stable over restarts, different per cluster and node, and short enough for the kernel
/// (15 characters). A cluster's names share a prefix, so that a reset finds them all without knowing the nodes.
/// </summary>
internal static class PodNetworkNames
{
    /// <summary>Start of the names of a cluster's bridges and nftables tables.</summary>
    public static string ClusterPrefix(string clusterId) => "orc" + Hash(clusterId, 6);

    /// <summary>A node's bridge; also the name of its nftables table.</summary>
    public static string Bridge(string clusterId, string nodeName) => ClusterPrefix(clusterId) + Hash(nodeName, 6);

    /// <summary>The host's end of a sandbox's cable.</summary>
    public static string HostEnd(string sandboxId) => "orv" + sandboxId[..Math.Min(12, sandboxId.Length)];

    /// <summary>
    /// A bridge's hardware address: fixed, because a bridge without one takes its lowest port's and changes it whenever a pod comes, which
    /// leaves every neighbour with a stale entry.
    /// </summary>
    public static byte[] BridgeHardwareAddress(string bridge)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(bridge));
        return [0x02, hash[0], hash[1], hash[2], hash[3], hash[4]];
    }

    /// <summary>A pod's hardware address, made from its IP: an address that moves to another pod keeps its neighbour entries right.</summary>
    public static byte[] PodHardwareAddress(IPAddress address)
    {
        var ip = address.GetAddressBytes();
        return [0x0a, 0x58, ip[0], ip[1], ip[2], ip[3]];
    }

    private static string Hash(string text, int digits) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..digits];
}
