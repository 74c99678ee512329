using System.Net;
using Orchestrator.Engine.Cluster;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Discovery.V1;
using CoreEndpoints = Orchestrator.Resources.Types.Core.V1.Endpoints;
using EndpointPort = Orchestrator.Resources.Types.Core.V1.EndpointPort;
using SlicePort = Orchestrator.Resources.Types.Discovery.V1.EndpointPort;

namespace Orchestrator.Actors.Services.Endpoints;

/// <summary>Where the members serve the API: each says so in a role of its own, and the endpoints of Service <c>default/kubernetes</c> are those of the members that are up.</summary>
public static class ApiServers
{
    private const string RolePrefix = "kube-apiserver=";

    /// <summary>The Service that stands for all of them.</summary>
    public static ResourceKey Service { get; } = new("services", "default", "kubernetes");

    /// <summary>The role of a member that serves the API at this address and port.</summary>
    public static string Role(IPEndPoint address) => RolePrefix + address;

    /// <summary>The API servers of the members that are up, sorted.</summary>
    public static IReadOnlyList<IPEndPoint> In(IEnumerable<Member> members) =>
        [.. members.Where(m => m.Status == MemberStatus.Up).SelectMany(m => m.Roles).Where(r => r.StartsWith(RolePrefix, StringComparison.Ordinal))
            .Select(r => IPEndPoint.TryParse(r.AsSpan(RolePrefix.Length), out var at) ? at : null).OfType<IPEndPoint>().Distinct().OrderBy(at => at.ToString(), StringComparer.Ordinal)];

    /// <summary>Their Endpoints object. It is not mirrored: its slice is made beside it, under the same name.</summary>
    public static CoreEndpoints Endpoints(IReadOnlyList<IPEndPoint> servers) => new()
    {
        Metadata = new() { Name = Service.Name, Labels = new() { [EndpointLabels.SkipMirror] = "true" } },
        Subsets = [.. servers.GroupBy(s => s.Port).Select(g => new EndpointSubset
        {
            Addresses = [.. g.Select(s => new EndpointAddress { IP = s.Address.ToString() })],
            Ports = [new EndpointPort { Name = "https", Port = g.Key, Protocol = "TCP" }],
        })],
    };

    /// <summary>Their slices, one per port they listen on; the first is named as the Service.</summary>
    public static IReadOnlyList<EndpointSlice> Slices(IReadOnlyList<IPEndPoint> servers) => [.. servers.GroupBy(s => s.Port).Select((g, i) => new EndpointSlice
    {
        Metadata = new() { Name = i == 0 ? Service.Name : $"{Service.Name}-{g.Key}", Labels = new() { [EndpointLabels.ServiceName] = Service.Name } },
        AddressType = "IPv4",
        Endpoints = [.. g.Select(s => new Endpoint { Addresses = [s.Address.ToString()], Conditions = new() { Ready = true } })],
        Ports = [new SlicePort { Name = "https", Port = g.Key, Protocol = "TCP" }],
    })];
}
