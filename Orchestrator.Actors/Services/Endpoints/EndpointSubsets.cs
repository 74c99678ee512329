using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Services.Endpoints;

/// <summary>Endpoints as <c>subsets</c> of an Endpoints object: addresses with the same ports stand together.</summary>
/// <param name="Subsets">Sorted by ports, addresses by IP.</param>
/// <param name="Truncated">Whether there were more addresses than an Endpoints object takes.</param>
public sealed record EndpointSubsets(List<EndpointSubset> Subsets, bool Truncated)
{
    /// <summary>Addresses that one Endpoints object takes at most.</summary>
    public const int Capacity = 1000;

    /// <summary>What an Endpoints object says. Going pods are in it only where the Service publishes addresses however they are.</summary>
    public static EndpointSubsets Of(Service service, IReadOnlyList<ServiceEndpoint> endpoints)
    {
        var withoutPorts = PodEndpoints.IsHeadless(service) && service.Spec.Ports is null or { Count: 0 };
        List<ServiceEndpoint> shown = [.. endpoints.Where(e => (!e.Terminating || service.Spec.PublishNotReadyAddresses) && (e.Ports.Count > 0 || withoutPorts))];
        var truncated = shown.Count > Capacity;
        if (truncated) shown = [.. shown.OrderByDescending(e => e.Ready).Take(Capacity)];
        return new EndpointSubsets([.. shown.GroupBy(e => ServiceEndpoint.PortKey(e.Ports), StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).Select(Subset)], truncated);
    }

    private static EndpointSubset Subset(IEnumerable<ServiceEndpoint> endpoints)
    {
        List<ServiceEndpoint> sorted = [.. endpoints.OrderBy(e => e.Ip, StringComparer.Ordinal).ThenBy(e => e.Target?.UID, StringComparer.Ordinal)];
        return new EndpointSubset
        {
            Addresses = Addresses(sorted, ready: true),
            NotReadyAddresses = Addresses(sorted, ready: false),
            Ports = sorted[0].Ports.Count == 0 ? null : [.. sorted[0].Ports.Select(p => new EndpointPort { Name = p.Name ?? "", Port = p.Port ?? 0, Protocol = p.Protocol ?? "TCP", AppProtocol = p.AppProtocol })],
        };
    }

    private static List<EndpointAddress>? Addresses(List<ServiceEndpoint> endpoints, bool ready)
    {
        var chosen = endpoints.FindAll(e => e.Ready == ready);
        return chosen.Count == 0 ? null : chosen.ConvertAll(e => new EndpointAddress { IP = e.Ip, Hostname = e.Endpoint.Hostname ?? "", NodeName = e.Endpoint.NodeName, TargetRef = e.Target });
    }
}
