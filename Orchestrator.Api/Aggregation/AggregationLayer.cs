using Microsoft.Extensions.Logging;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Resources;
using Orchestrator.Api.Outbound;
using Orchestrator.Api.Security;

namespace Orchestrator.Api.Aggregation;

/// <summary>API servers in the cluster that this one passes group versions on to (apiregistration.k8s.io): which, how, and what they serve.</summary>
internal sealed class AggregationLayer : IAsyncDisposable
{
    private readonly AvailabilityMonitor _monitor;

    public AggregationLayer(ResourceCache cache, ServiceConnector services, OutboundClients clients, ClusterPki pki, ResourceClient client, TimeProvider time, ILoggerFactory logging, CancellationToken stopping)
    {
        Apis = new AggregatedApis(cache);
        Proxy = new AggregationProxy(clients, pki, stopping);
        OpenApi = new AggregatedOpenApi(Apis, Proxy);
        _monitor = new AvailabilityMonitor(Apis, Proxy, services, new LocalApiServices(client, logging.CreateLogger<LocalApiServices>()), OpenApi, client, time, logging.CreateLogger<AvailabilityMonitor>());
        Discovery = new AggregatedDiscovery(Apis, _monitor);
    }

    /// <summary>Which there are.</summary>
    public AggregatedApis Apis { get; }

    /// <summary>The way to them.</summary>
    public AggregationProxy Proxy { get; }

    /// <summary>What they serve.</summary>
    public AggregatedDiscovery Discovery { get; }

    /// <summary>What types they have.</summary>
    public AggregatedOpenApi OpenApi { get; }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _monitor.DisposeAsync();
}
