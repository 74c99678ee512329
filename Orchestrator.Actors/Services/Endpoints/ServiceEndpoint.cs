using Orchestrator.Resources.Types.Core.V1;
using Slices = Orchestrator.Resources.Types.Discovery.V1;

namespace Orchestrator.Actors.Services.Endpoints;

/// <summary>One address behind a Service: what an Endpoints object and an EndpointSlice both say of it, each in its own words.</summary>
/// <param name="Endpoint">The address as a slice has it.</param>
/// <param name="Ports">Where it is reached, in the order of the Service's ports.</param>
public sealed record ServiceEndpoint(Slices.Endpoint Endpoint, IReadOnlyList<Slices.EndpointPort> Ports)
{
    /// <summary>The address.</summary>
    public string Ip => Endpoint.Addresses![0];

    /// <summary><c>IPv4</c> or <c>IPv6</c>.</summary>
    public string AddressType => Ip.Contains(':', StringComparison.Ordinal) ? "IPv6" : "IPv4";

    /// <summary>Whether traffic may go there.</summary>
    public bool Ready => Endpoint.Conditions.Ready == true;

    /// <summary>Whether its pod is going away.</summary>
    public bool Terminating => Endpoint.Conditions.Terminating == true;

    /// <summary>What is behind the address, or null.</summary>
    public ObjectReference? Target => Endpoint.TargetRef;

    /// <summary>Two lists of ports are the same place where this is equal, whatever their order.</summary>
    public static string PortKey(IEnumerable<Slices.EndpointPort>? ports) =>
        string.Join(',', (ports ?? []).Select(p => $"{p.Name}|{p.Protocol}|{p.Port}|{p.AppProtocol}").Order(StringComparer.Ordinal));
}
