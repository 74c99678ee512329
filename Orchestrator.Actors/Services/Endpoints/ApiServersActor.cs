using Orchestrator.Actors.Resources;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Cluster;
using Orchestrator.Engine.Sharding;

namespace Orchestrator.Actors.Services.Endpoints;

/// <summary>Wakes Service <c>default/kubernetes</c>, where it runs on this member, when members come and go.</summary>
public sealed class ApiServersActor : ReceiveActor
{
    private readonly Cluster _cluster;

    /// <param name="cluster">The members.</param>
    /// <param name="region">Where the Service's actor is.</param>
    public ApiServersActor(Cluster cluster, IActorRef region)
    {
        _cluster = cluster;
        Receive<ClusterEvent.CurrentClusterState>(_ => Wake(region));
        Receive<ClusterEvent.IMemberEvent>(_ => Wake(region));
    }

    /// <inheritdoc/>
    protected override void PreStart() => _cluster.Subscribe(Self);

    /// <inheritdoc/>
    protected override void PostStop() => _cluster.Unsubscribe(Self);

    private static void Wake(IActorRef region) => region.Tell(new LocalOnly(new ToEntity(ApiServers.Service, Resources.Wake.Up)), ActorRefs.NoSender);
}
