using System.Net;
using System.Net.NetworkInformation;
using Microsoft.Extensions.Logging;
using Orchestrator.NodeAgent.Network.Netlink;
using Orchestrator.NodeAgent.Runtime;

namespace Orchestrator.NodeAgent.Network;

/// <summary>What the pod network needs to know of a sandbox that exists already. <paramref name="Pid"/> is 0 where it does not run.</summary>
public sealed record AttachedSandbox(string Id, int Pid, IPAddress Ip, IReadOnlyList<HostPort> HostPorts);

/// <summary>
/// One node's pod network: a Linux bridge that holds the first address of the node's pod CIDR, and per sandbox a veth cable from the bridge into the sandbox's
/// network namespace. Several nodes may live on one machine; their bridges reach each other through the machine's routing. It keeps no file: which
/// addresses are taken is told by the sandboxes that exist (<see cref="ConfigureAsync"/>), and everything it makes is safe to make again.
/// </summary>
/// <remarks>
/// <code>
///   pod  eth0 ──veth── bridge(first address, routes, masquerade towards the outside) ── other nodes' bridges, the machine, the world
/// </code>
/// </remarks>
public sealed partial class PodNetwork : IDisposable
{
    private const string PodInterface = "eth0";
    private readonly string _bridge;
    private readonly IPNetwork _clusterCidr;
    private readonly int _mtu;
    private readonly ILogger _log;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, AttachedSandbox> _published = [];
    private AddressPool? _pool;
    private NetworkHold? _hold;
    private uint _bridgeIndex;

    /// <summary><paramref name="clusterCidr"/> holds every pod address of the cluster. Throws <see cref="FormatException"/> where it is not a network.</summary>
    public PodNetwork(string clusterId, string nodeName, string clusterCidr, int mtu, ILogger log)
    {
        _bridge = PodNetworkNames.Bridge(clusterId, nodeName);
        _clusterCidr = IPNetwork.Parse(clusterCidr);
        _mtu = mtu;
        _log = log;
    }

    /// <summary>Name of the bridge (and of the nftables table).</summary>
    public string Bridge => _bridge;

    /// <summary>The node's address in its own pod network, null before <see cref="ConfigureAsync"/>.</summary>
    public IPAddress? Gateway => _pool?.Gateway;

    /// <summary>
    /// Makes bridge, forwarding and packet rules for the node's pod CIDR, takes the addresses of what exists, and plugs in running sandboxes without a cable (the
    /// agent died between starting and plugging). Call again at will.
    /// </summary>
    public async Task ConfigureAsync(string podCidr, IReadOnlyCollection<AttachedSandbox> existing, CancellationToken cancel)
    {
        var pool = new AddressPool(podCidr);
        // Waits on a thread of its own where another cluster is just removing what an earlier run of this one left.
        _hold ??= await Task.Run(() => NetworkHold.Take(_bridge), cancel).ConfigureAwait(false);
        await NetworkRemoval.RemoveAbandonedAsync(_bridge, _log, cancel).ConfigureAwait(false);
        RefuseSharedCidr(pool);
        lock (_lock)
        {
            _published.Clear();
            foreach (var sandbox in existing)
            {
                pool.Reserve(sandbox.Ip);
                if (sandbox.HostPorts.Count > 0 && sandbox.Pid > 0)
                {
                    _published[sandbox.Id] = sandbox;
                }
            }
        }

        EnsureBridge(pool);
        await File.WriteAllTextAsync("/proc/sys/net/ipv4/ip_forward", "1", cancel).ConfigureAwait(false);
        // Published ports are reached from the machine's own loopback too.
        await File.WriteAllTextAsync($"/proc/sys/net/ipv4/conf/{_bridge}/route_localnet", "1", cancel).ConfigureAwait(false);
        await ReplaceTableAsync(pool, cancel).ConfigureAwait(false);
        await ForwardingRules.EnsureAsync(_bridge, cancel).ConfigureAwait(false);
        _pool = pool;

        foreach (var sandbox in existing.Where(s => s.Pid > 0 && !Directory.Exists($"/sys/class/net/{PodNetworkNames.HostEnd(s.Id)}")))
        {
            LogReplugged(_log, sandbox.Id, sandbox.Ip);
            await AttachAsync(sandbox.Id, sandbox.Pid, sandbox.Ip).ConfigureAwait(false);
        }
    }

    /// <summary>Two bridges with one subnet would send each other's packets astray without a word: two clusters on one machine need cluster CIDRs of their own.</summary>
    private void RefuseSharedCidr(AddressPool pool)
    {
        var other = NetworkInterface.GetAllNetworkInterfaces()
            .FirstOrDefault(i => i.Name != _bridge && i.GetIPProperties().UnicastAddresses.Any(a => a.Address.Equals(pool.Gateway)));
        if (other is not null)
        {
            throw new RuntimeException($"the node's pod CIDR {pool.Network} is already the network of interface {other.Name}: another cluster on this machine has it; "
                + "give this one a network of its own (orchestrator.network.cluster-cidr), or reset the other one");
        }
    }

    /// <summary>Takes an address. Throws <see cref="RuntimeException"/> where there is no pod CIDR yet or no address left in it.</summary>
    public IPAddress Allocate()
    {
        lock (_lock)
        {
            var pool = _pool ?? throw new RuntimeException("the pod network is not ready: the node has no pod CIDR yet");
            return pool.Allocate() ?? throw new RuntimeException($"no address is left in the node's pod CIDR {pool.Network}");
        }
    }

    /// <summary>Gives an address back.</summary>
    public void Release(IPAddress address)
    {
        lock (_lock)
        {
            _pool?.Release(address);
        }
    }

    /// <summary>Plugs a running sandbox in: cable, address, default route. Its loopback comes up too.</summary>
    public async Task AttachAsync(string sandboxId, int pid, IPAddress ip)
    {
        var pool = _pool ?? throw new RuntimeException("the pod network is not ready: the node has no pod CIDR yet");
        var cable = PodNetworkNames.HostEnd(sandboxId);
        try
        {
            using var inside = NetworkNamespace.OfProcess(pid);
            using (var host = new NetlinkSocket())
            {
                host.Execute(new NetlinkMessage().CreateCable(cable, _bridgeIndex, PodInterface, PodNetworkNames.PodHardwareAddress(ip), inside.Descriptor, _mtu));
            }

            await inside.RunInside(() =>
            {
                using var pod = new NetlinkSocket();
                var index = LinuxCalls.InterfaceIndex(PodInterface);
                pod.Execute(new NetlinkMessage()
                    .SetUp(LinuxCalls.InterfaceIndex("lo"))
                    .SetUp(index)
                    .AddAddress(index, ip, pool.Network.PrefixLength)
                    .AddDefaultRoute(index, pool.Gateway));
            }).ConfigureAwait(false);

            // A pod may reach itself through a Service, so its port must send packets back where they came from.
            await File.WriteAllTextAsync($"/sys/class/net/{cable}/brport/hairpin_mode", "1").ConfigureAwait(false);
        }
        catch (Exception e) when (e is NetlinkException or IOException or System.ComponentModel.Win32Exception or UnauthorizedAccessException)
        {
            throw new RuntimeException($"plugging sandbox {sandboxId[..Math.Min(12, sandboxId.Length)]} into the pod network: {e.Message}");
        }
    }

    /// <summary>Publishes host ports of a sandbox; nothing happens for none.</summary>
    public async Task PublishAsync(string sandboxId, IPAddress ip, IReadOnlyList<HostPort> ports, CancellationToken cancel)
    {
        if (ports.Count == 0)
        {
            return;
        }

        await NftAsync(PacketRules.Publish(_bridge, ip, ports), cancel).ConfigureAwait(false);
        lock (_lock)
        {
            _published[sandboxId] = new AttachedSandbox(sandboxId, 0, ip, ports);
        }
    }

    /// <summary>Takes a sandbox's published ports back. The cable needs nothing: it goes with the sandbox's namespace.</summary>
    public async Task UnpublishAsync(string sandboxId, CancellationToken cancel)
    {
        AttachedSandbox? gone;
        lock (_lock)
        {
            _published.Remove(sandboxId, out gone);
        }

        if (gone is not null)
        {
            await NftAsync(PacketRules.Unpublish(_bridge, gone.Ip, gone.HostPorts), cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Lets go of the network and leaves it in place: the sandboxes in it run on.</summary>
    public void Dispose() => _hold?.Dispose();

    /// <summary>Removes this node's bridge, table and rules.</summary>
    public async Task RemoveAllAsync(CancellationToken cancel)
    {
        await NetworkRemoval.RemoveAsync(_bridge, cancel).ConfigureAwait(false);
        _hold?.Dispose();
        _hold = null;
    }

    /// <summary>Removes the networks of every node of a cluster on this machine.</summary>
    public static Task RemoveClusterAsync(string clusterId, CancellationToken cancel) => NetworkRemoval.RemoveAsync(PodNetworkNames.ClusterPrefix(clusterId), cancel);

    private void EnsureBridge(AddressPool pool)
    {
        try
        {
            using var socket = new NetlinkSocket();
            socket.Execute(new NetlinkMessage().CreateBridge(_bridge, PodNetworkNames.BridgeHardwareAddress(_bridge), _mtu), NetlinkException.AlreadyExists);
            _bridgeIndex = LinuxCalls.InterfaceIndex(_bridge);
            var batch = new NetlinkMessage().SetUp(_bridgeIndex);
            foreach (var other in AddressesOf(_bridge).Where(a => !a.Address.Equals(pool.Gateway)))
            {
                batch.DeleteAddress(_bridgeIndex, other.Address, other.PrefixLength);
            }

            socket.Execute(batch.AddAddress(_bridgeIndex, pool.Gateway, pool.Network.PrefixLength));
        }
        catch (Exception e) when (e is NetlinkException or System.ComponentModel.Win32Exception)
        {
            throw new RuntimeException($"making the pod network's bridge {_bridge}: {e.Message}");
        }
    }

    private static IEnumerable<UnicastIPAddressInformation> AddressesOf(string link) => NetworkInterface.GetAllNetworkInterfaces()
        .Where(i => i.Name == link)
        .SelectMany(i => i.GetIPProperties().UnicastAddresses)
        .Where(a => a.Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork);

    private Task ReplaceTableAsync(AddressPool pool, CancellationToken cancel)
    {
        List<(IPAddress, HostPort)> published;
        lock (_lock)
        {
            published = [.. _published.Values.SelectMany(s => s.HostPorts.Select(p => (s.Ip, p)))];
        }

        return NftAsync(PacketRules.Table(_bridge, pool.Network, _clusterCidr, published), cancel);
    }

    internal static async Task NftAsync(string rules, CancellationToken cancel)
    {
        try
        {
            await HostCommand.ExpectAsync("nft", ["-f", "-"], rules, cancel).ConfigureAwait(false);
        }
        catch (InvalidOperationException e)
        {
            throw new RuntimeException(e.Message);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new RuntimeException($"the pod network needs the program nft (Debian: apt-get install nftables): {e.Message}");
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Sandbox {Sandbox} runs without a cable; plugging it in again with {Ip}")]
    private static partial void LogReplugged(ILogger log, string sandbox, IPAddress ip);
}
