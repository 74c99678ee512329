using Microsoft.Extensions.Logging;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Events;
using Orchestrator.Actors.Nodes;
using Orchestrator.Actors.Resources;
using Orchestrator.Actors.Services;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Persistence;
using Orchestrator.Engine.Sharding;
using Orchestrator.Engine.Singleton;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Actors;

/// <summary>
/// One control-plane member: the read model, the shard region with every object's actor, the singletons, and the endpoint that agents connect to,
/// on a journal and an actor system that the caller owns.
/// </summary>
public sealed class ControlPlane : IAsyncDisposable
{
    private readonly List<IDisposable> _subscriptions = [];

    private ControlPlane(ControlPlaneServices services) => Services = services;

    /// <summary>What the actors share.</summary>
    public ControlPlaneServices Services { get; }

    /// <summary>Sends commands to objects' actors.</summary>
    public ResourceClient Client { get; private set; } = null!;

    /// <summary>Agents send their <c>AgentHello</c> here.</summary>
    public IActorRef AgentEndpoint { get; private set; } = null!;

    /// <summary>Opens streams to agents of this process.</summary>
    public NodeStreams Streams { get; } = new();

    /// <summary>
    /// Folds the journal, starts the actors, and makes what every cluster has (namespaces, the API server's own service). Returns when all of that is
    /// there and every control loop has been woken. Throws what the journal throws.
    /// </summary>
    public static async Task<ControlPlane> StartAsync(ActorSystem system, IJournal journal, ControlPlaneOptions options, SecretSealer sealer,
        PodTokenIssuer tokens, int apiPort, CancellationToken cancel = default)
    {
        var catalog = KindCatalog.Default;
        var services = new ControlPlaneServices
        {
            Catalog = catalog, Cache = new ResourceCache(catalog, sealer), Sealer = sealer, Time = system.TimeProvider, Options = options, Logging = system.LoggerFactory,
        };
        var plane = new ControlPlane(services);
        plane._subscriptions.Add(await journal.SubscribeAsync(0, services.Cache.Fold, cancel));
        PersistenceExtension.Configure(system, journal, RawEventSerializer.Instance);

        services.Addresses = Singleton(system, "addresses", () => new AddressAllocatorActor(services, new Random()));
        services.Events = system.ActorOf(Props.Create(() => new EventRecorderActor(services)), "events");
        services.Region = StartRegion(system, services);
        plane.Client = new ResourceClient(services);
        plane.AgentEndpoint = system.ActorOf(Props.Create(() => new AgentEndpointActor(services, tokens)), "agents");
        system.ActorOf(Props.Create(() => new JournalMaintenanceActor(services, journal)), "journal-maintenance");
        await new ClusterBootstrap(plane.Client, apiPort).RunAsync(cancel);
        return plane;
    }

    /// <summary>Stops following the journal; the actor system is the caller's to terminate first.</summary>
    public ValueTask DisposeAsync()
    {
        foreach (var subscription in _subscriptions) subscription.Dispose();
        return ValueTask.CompletedTask;
    }
}
