using Orchestrator.Resources.Types.Core.V1;
using CoreEndpoints = Orchestrator.Resources.Types.Core.V1.Endpoints;
using Slices = Orchestrator.Resources.Types.Discovery.V1;

namespace Orchestrator.Actors.Services.Endpoints;

/// <summary>Endpoints that somebody wrote for a Service without a selector, as slices have them (upstream's endpointslicemirroring controller).</summary>
public static class MirroredEndpoints
{
    /// <summary>Addresses of one subset that are mirrored at most.</summary>
    public const int MostPerSubset = 1000;

    /// <summary>Whether the object is for a Service's clients, and its writer wants slices made of it.</summary>
    public static bool Wanted(CoreEndpoints endpoints) =>
        endpoints.Metadata.Labels?.GetValueOrDefault(EndpointLabels.SkipMirror) != "true" && endpoints.Metadata.Annotations?.ContainsKey(EndpointLabels.Leader) != true;

    /// <summary>What slices are to say of it.</summary>
    public static IReadOnlyList<ServiceEndpoint> Of(CoreEndpoints endpoints) => [.. (endpoints.Subsets ?? []).SelectMany(Of)];

    private static IEnumerable<ServiceEndpoint> Of(EndpointSubset subset)
    {
        List<Slices.EndpointPort> ports = [.. (subset.Ports ?? []).Select(p => new Slices.EndpointPort { Name = p.Name, Protocol = p.Protocol, Port = p.Port, AppProtocol = p.AppProtocol })];
        return (subset.Addresses ?? []).Select(a => (Address: a, Ready: true)).Concat((subset.NotReadyAddresses ?? []).Select(a => (Address: a, Ready: false))).Take(MostPerSubset)
            .Select(a => new ServiceEndpoint(new Slices.Endpoint
            {
                Addresses = [a.Address.IP],
                Conditions = new() { Ready = a.Ready },
                Hostname = a.Address.Hostname.Length > 0 ? a.Address.Hostname : null,
                NodeName = a.Address.NodeName,
                TargetRef = a.Address.TargetRef,
            }, ports));
    }
}
