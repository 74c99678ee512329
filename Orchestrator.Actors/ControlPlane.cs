using Microsoft.Extensions.Logging;
using Orchestrator.Actors.Access;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Certificates;
using Orchestrator.Actors.Events;
using Orchestrator.Actors.GarbageCollection;
using Orchestrator.Actors.Nodes;
using Orchestrator.Actors.Resources;
using Orchestrator.Actors.Scheduling;
using Orchestrator.Actors.Services;
using Orchestrator.Actors.Services.Endpoints;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Cluster;
using Orchestrator.Engine.Persistence;
using Orchestrator.Engine.Sharding;
using Orchestrator.Engine.Singleton;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Actors;

/// <summary>
/// One control-plane member: the read model, the shard region with every object's actor, the singletons, and the endpoint that agents connect to,
/// on a journal and an actor system that the caller owns.
/// </summary>
public sealed class ControlPlane : IAsyncDisposable
{
    private readonly List<IDisposable> _subscriptions = [];
    private readonly ActorSystem _system;

    private ControlPlane(ActorSystem system, ControlPlaneServices services) => (_system, Services, Streams) = (system, services, NodeStreams.Get(system));

    /// <summary>What the actors share.</summary>
    public ControlPlaneServices Services { get; }

    /// <summary>Sends commands to objects' actors.</summary>
    public ResourceClient Client { get; private set; } = null!;

    /// <summary>Agents send their <c>AgentHello</c> here.</summary>
    public IActorRef AgentEndpoint { get; private set; } = null!;

    /// <summary>Opens streams to agents.</summary>
    public NodeStreams Streams { get; }

    /// <summary>
    /// Folds the journal, starts the actors, and makes what every cluster has (namespaces, the API server's own service). Returns when all of that is
    /// there and every control loop has been woken. Throws what the journal throws.
    /// </summary>
    /// <param name="system">Joined to its cluster already: shards and singletons are the cluster's.</param>
    /// <param name="journal">The journal.</param>
    /// <param name="options">Configuration.</param>
    /// <param name="sealer">Encryption at rest.</param>
    /// <param name="tokens">Issues pods' tokens.</param>
    /// <param name="apiPort">Port of the API, for its Service.</param>
    /// <param name="caughtUp">Where others write the journal, too: completes when this member has been given all that was committed when it was called.</param>
    /// <param name="cancel">Gives the start up.</param>
    public static async Task<ControlPlane> StartAsync(ActorSystem system, IJournal journal, ControlPlaneOptions options, SecretSealer sealer,
        PodTokenIssuer tokens, int apiPort, Func<CancellationToken, Task>? caughtUp = null, CancellationToken cancel = default)
    {
        var cluster = Cluster.Get(system);
        // A catalogue of its own: definitions add kinds to it.
        var catalog = new KindCatalog(KindCatalog.Default.All);
        var services = new ControlPlaneServices
        {
            Catalog = catalog,
            Cache = new ResourceCache(catalog, sealer),
            Sealer = sealer,
            Time = system.TimeProvider,
            Options = options,
            Logging = system.LoggerFactory,
            ApiServers = () => ApiServers.In(cluster.State.Members),
            CaughtUp = caughtUp,
        };
        var plane = new ControlPlane(system, services);
        var head = journal.Head;
        plane._subscriptions.Add(await journal.SubscribeAsync(0, services.Cache.Fold, cancel));
        services.Cache.FoldedTo(head, journal.CompactedTo);
        PersistenceExtension.Configure(system, journal, RawEventSerializer.Instance);

        services.Addresses = ClusterSingleton.Get(system).Init(new SingletonActor(Props.Create(() => new AddressAllocatorActor(services, new Random())), "addresses"));
        system.ActorOf(Props.Create(() => new LostCommandsActor()), "lost-commands");
        services.Events = system.ActorOf(Props.Create(() => new EventRecorderActor(services)), "events");
        // Hints begin before the first shard starts: what a shard's start does not see, a hint does.
        plane.WakeOnChanges(StartRegion(system, services, caughtUp), new WakeRules(catalog, services.Cache, ResourceActors.Loops));
        system.ActorOf(Props.Create(() => new ApiServersActor(cluster, services.Region)), "api-servers");
        services.Scheduler = ClusterSingleton.Get(system).Init(new SingletonActor(Props.Create(() => new SchedulerActor(services, Random.Shared.Next())), "scheduler"));
        ClusterSingleton.Get(system).Init(new SingletonActor(Props.Create(() => new GarbageCollectorActor(services)), "garbage-collector"));
        ClusterSingleton.Get(system).Init(new SingletonActor(Props.Create(() => new TokenCleanerActor(services)), "token-cleaner"));
        ClusterSingleton.Get(system).Init(new SingletonActor(Props.Create(() => new ClusterRoleAggregatorActor(services)), "clusterrole-aggregation"));
        ClusterSingleton.Get(system).Init(new SingletonActor(RetentionActor.OfJournal(services, journal), "journal-retention"));
        ClusterSingleton.Get(system).Init(new SingletonActor(RetentionActor.OfEvents(services, journal), "event-retention"));
        plane.Client = new ResourceClient(services);
        plane.AgentEndpoint = system.ActorOf(Props.Create(() => new AgentEndpointActor(services, tokens)).WithDispatcher(Props.InternalDispatcher), AgentAddress.EndpointName);
        system.ActorOf(RetentionActor.OfCache(services, journal), "cache-retention");
        await plane.KeepAsync("cluster-upkeep", new ClusterBootstrap(plane.Client, apiPort).RunAsync, cancel);
        return plane;
    }

    /// <summary>Makes what every cluster has, now and whenever it is missing later.</summary>
    /// <param name="name">Of the singleton that looks after it.</param>
    /// <param name="ensure">Makes what is missing, and does nothing where nothing is. Its failure now is thrown, later ones are logged.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task KeepAsync(string name, Func<CancellationToken, Task> ensure, CancellationToken cancel)
    {
        await ensure(cancel);
        var logging = Services.Logging;
        ClusterSingleton.Get(_system).Init(new SingletonActor(Props.Create(() => new ClusterUpkeepActor(ensure, logging)), name));
    }

    private static IActorRef StartRegion(ActorSystem system, ControlPlaneServices services, Func<CancellationToken, Task>? caughtUp)
    {
        var extractor = new ResourceMessageExtractor(services.Options.Shards);
        IActorRef? region = null;
        // A shard that starts here, at start or after a move, gets every loop in it woken: hints sent elsewhere meanwhile are made up for.
        void WakeShard(string shard)
        {
            foreach (var key in WakeRules.AtStart(services.Cache, ResourceActors.Loops))
                if (extractor.ShardId(key.ToString()) == shard) region!.Tell(new LocalOnly(new ToEntity(key, Wake.Up)), ActorRefs.NoSender);
        }
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var settings = new ClusterShardingSettings
        {
            StartAllShards = true,
            // An object's actor takes what it is from the cache, which must know what its former home wrote.
            BeforeHosting = caughtUp is null ? null : (_, stop) => caughtUp(stop),
            OnShardStarted = shard => _ = started.Task.ContinueWith(_ => WakeShard(shard), TaskScheduler.Default),
            PassivateIdleEntityAfter = services.Options.PassivateAfter == Timeout.InfiniteTimeSpan ? null : services.Options.PassivateAfter,
            IdleEntityMessage = Idle.Instance,
        };
        region = ClusterSharding.Get(system).Start("resources", id => ResourceActors.PropsFor(id, services), settings, extractor);
        services.Region = region;
        started.SetResult();
        return region;
    }

    private void WakeOnChanges(IActorRef region, WakeRules rules) => _subscriptions.Add(Services.Cache.Subscribe(changes =>
    {
        foreach (var change in changes)
            foreach (var key in rules.For(change)) region.Tell(new LocalOnly(new ToEntity(key, Wake.Up)), ActorRefs.NoSender);
    }));

    /// <summary>Stops following the journal; the actor system is the caller's to terminate first.</summary>
    public ValueTask DisposeAsync()
    {
        foreach (var subscription in _subscriptions) subscription.Dispose();
        return ValueTask.CompletedTask;
    }
}
