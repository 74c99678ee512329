using System.Net;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Resources;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote.Serialization;
using Orchestrator.Resources;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Services;

/// <summary>Asks for the addresses and ports a service still needs. Answered with <see cref="ServiceAddresses"/> or <see cref="AddressesRefused"/>.</summary>
/// <param name="Service">Which service.</param>
/// <param name="ClusterIp">Address asked for, empty for any, null where none is needed.</param>
/// <param name="NodePorts">Per port: the node port asked for, 0 for any, null where none is needed; with its protocol.</param>
[WireName("addresses.for-service.v1")]
public sealed record AllocateServiceAddresses(ResourceKey Service, string? ClusterIp, IReadOnlyList<(int? Port, string Protocol)> NodePorts);

/// <summary>What was reserved, in the order asked.</summary>
[WireName("addresses.of-service.v1")]
public sealed record ServiceAddresses(string? ClusterIp, IReadOnlyList<int?> NodePorts);

/// <summary>Asks for a pod subnet for a node. Answered with <see cref="NodeSubnet"/> or <see cref="AddressesRefused"/>.</summary>
[WireName("addresses.for-node.v1")]
public sealed record AllocateNodeSubnet(ResourceKey Node);

/// <summary>A node's pod subnet.</summary>
[WireName("addresses.of-node.v1")]
public sealed record NodeSubnet(string Cidr);

/// <summary>Nothing was reserved.</summary>
[WireName("addresses.refused.v1")]
public sealed record AddressesRefused(FieldErrors Errors);

/// <summary>
/// Cluster singleton that hands out service addresses, node ports and node subnets. What is in use is read from the cache; what was handed out and may not be
/// stored yet is remembered for a minute, after which the object either shows it or was never stored.
/// </summary>
public sealed class AddressAllocatorActor : ReceiveActor
{
    private static readonly TimeSpan ReservationTime = TimeSpan.FromMinutes(1);

    private readonly ControlPlaneServices _services;
    private readonly Random _random;
    private readonly List<Reservation> _reserved = [];
    private readonly NodeSubnets _subnets;
    private IDisposable? _nodes;

    /// <param name="services">Shared services.</param>
    /// <param name="random">Where the search for a free address begins.</param>
    public AddressAllocatorActor(ControlPlaneServices services, Random random)
    {
        (_services, _random, _subnets) = (services, random, new NodeSubnets(services.Options.ClusterCidr, services.Options.NodeCidrSize));
        Receive<AllocateServiceAddresses>(OnService);
        Receive<AllocateNodeSubnet>(OnNode);
        Receive<NodeChanged>(OnNodeChanged);
    }

    /// <inheritdoc/>
    protected override void PreStart()
    {
        var self = Self;
        _nodes = _services.Cache.Subscribe(changes =>
        {
            foreach (var change in changes)
                if (change.Entry.Key.Resource == "nodes") self.Tell(new NodeChanged(change.Entry, change.Type == ChangeType.Deleted), ActorRefs.NoSender);
        });
        foreach (var node in _services.Cache.List("nodes")) _subnets.Observe(node, gone: false);
    }

    /// <inheritdoc/>
    protected override void PostStop() => _nodes?.Dispose();

    private void OnService(AllocateServiceAddresses request)
    {
        Expire();
        var errors = new FieldErrors();
        var (usedIps, usedPorts) = UsedByServices(request.Service);
        string? ip = null;
        if (request.ClusterIp is { Length: > 0 } wanted)
        {
            ip = wanted;
            if (!IPAddress.TryParse(wanted, out var address) || !AddressPool.IsAssignable(_services.Options.ServiceCidr, address))
                errors.Invalid("spec.clusterIPs", $"[{wanted}]", $"failed to allocate IP {wanted}: the provided IP ({wanted}) is not in the valid range. The range of valid IPs is {_services.Options.ServiceCidr}");
            else if (usedIps.Contains(wanted)) errors.Invalid("spec.clusterIPs", $"[{wanted}]", $"failed to allocate IP {wanted}: provided IP is already allocated");
        }
        else if (request.ClusterIp is not null)
        {
            ip = AddressPool.FreeAddress(_services.Options.ServiceCidr, usedIps, _random.Next())?.ToString();
            if (ip is null) errors.Invalid("spec.clusterIPs", "[]", "failed to allocate a serviceIP: range is full");
        }
        var ports = new List<int?>();
        for (var i = 0; i < request.NodePorts.Count; i++) ports.Add(Port(request.NodePorts[i], usedPorts, $"spec.ports[{i}].nodePort", errors));
        if (errors.Any)
        {
            Sender.Tell(new AddressesRefused(errors), Self);
            return;
        }
        _reserved.Add(new Reservation(request.Service, ip, [.. ports.Zip(request.NodePorts).Where(p => p.First is not null).Select(p => (p.First!.Value, p.Second.Protocol))], null, Now));
        Sender.Tell(new ServiceAddresses(ip, ports), Self);
    }

    private int? Port((int? Port, string Protocol) wanted, HashSet<(int, string)> used, string field, FieldErrors errors)
    {
        if (wanted.Port is null) return null;
        var (first, last) = (_services.Options.NodePortFirst, _services.Options.NodePortLast);
        if (wanted.Port is > 0 and var port)
        {
            if (port < first || port > last) errors.Invalid(field, port, $"provided port is not in the valid range. The range of valid ports is {first}-{last}");
            else if (!used.Add((port, wanted.Protocol))) errors.Invalid(field, port, "provided port is already allocated");
            return port;
        }
        var free = AddressPool.FreePort(first, last, used.Select(u => u.Item1).ToHashSet(), _random.Next());
        if (free is null) errors.Invalid(field, 0, "failed to allocate a nodePort: range is full");
        else used.Add((free.Value, wanted.Protocol));
        return free;
    }

    private void OnNode(AllocateNodeSubnet request)
    {
        Expire();
        var reserved = _reserved.Where(r => r.Subnet is not null && r.Owner != request.Node).Select(r => r.Subnet!).ToHashSet(StringComparer.Ordinal);
        if (_subnets.Free(request.Node.Name, reserved.Contains) is not { } subnet)
        {
            var errors = new FieldErrors();
            errors.Invalid("spec.podCIDR", "", $"no free /{_services.Options.NodeCidrSize} is left in {_services.Options.ClusterCidr}");
            Sender.Tell(new AddressesRefused(errors), Self);
            return;
        }
        _reserved.Add(new Reservation(request.Node, null, [], subnet, Now));
        Sender.Tell(new NodeSubnet(subnet), Self);
    }

    /// <summary>What is stored need not be remembered as reserved any more.</summary>
    private void OnNodeChanged(NodeChanged change)
    {
        _subnets.Observe(change.Entry, change.Gone);
        if (_subnets.Has(change.Entry.Name)) _reserved.RemoveAll(r => r.Subnet is not null && r.Owner == change.Entry.Key);
    }

    private (HashSet<string> Ips, HashSet<(int, string)> Ports) UsedByServices(ResourceKey except)
    {
        var ips = new HashSet<string>();
        var ports = new HashSet<(int, string)>();
        foreach (var entry in _services.Cache.List("services"))
        {
            if (entry.Key == except) continue;
            var spec = entry.Read<Service>().Spec;
            if (spec.ClusterIP is { Length: > 0 } ip and not "None") ips.Add(ip);
            foreach (var port in spec.Ports ?? [])
                if (port.NodePort > 0) ports.Add((port.NodePort, port.Protocol));
            if (spec.HealthCheckNodePort > 0) ports.Add((spec.HealthCheckNodePort, "TCP"));
        }
        foreach (var reservation in _reserved)
        {
            if (reservation.Owner == except) continue;
            if (reservation.Ip is not null) ips.Add(reservation.Ip);
            ports.UnionWith(reservation.Ports);
        }
        return (ips, ports);
    }

    private DateTimeOffset Now => _services.Time.GetUtcNow();

    private void Expire() => _reserved.RemoveAll(r => Now - r.At > ReservationTime);

    private sealed record NodeChanged(ResourceEntry Entry, bool Gone);

    private sealed record Reservation(ResourceKey Owner, string? Ip, IReadOnlyList<(int, string)> Ports, string? Subnet, DateTimeOffset At);
}
