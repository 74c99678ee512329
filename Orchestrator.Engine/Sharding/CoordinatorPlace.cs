using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Cluster;

namespace Orchestrator.Engine.Sharding;

/// <summary>Where regions of one type find their coordinator and the coordinator finds them, and as whom a region registers.</summary>
internal sealed class CoordinatorPlace
{
    private readonly string _region;
    private readonly string? _owner;

    private CoordinatorPlace(string typeName, string region, IActorRef? coordinator, string? owner)
    {
        _region = $"/system/{NameOf(typeName)}";
        RegionName = region;
        Fixed = coordinator;
        _owner = owner;
    }

    /// <summary>Name of the region's actor.</summary>
    public string RegionName { get; }

    /// <summary>The one coordinator there is; null where the leader's is to be followed.</summary>
    public IActorRef? Fixed { get; }

    public bool IsClustered => Fixed is null;

    /// <summary>The region registers under its own name with that coordinator, wherever it runs.</summary>
    public static CoordinatorPlace At(IActorRef coordinator, string typeName, string regionName) => new(typeName, regionName, coordinator, regionName);

    /// <summary>The leader's, whoever that is; the region registers as its member.</summary>
    public static CoordinatorPlace OnLeader(string typeName) => new(typeName, NameOf(typeName), null, null);

    public static string NameOf(string typeName) => $"sharding-{Uri.EscapeDataString(typeName)}";

    public IActorRef Of(Member leader, ActorSystem system) => system.ResolveActorRef($"{leader.Address}{_region}-coordinator");

    public IActorRef RegionOf(Member member, ActorSystem system) => system.ResolveActorRef($"{member.Address}{_region}");

    /// <summary>What reaches a region's member also after it was restarted: the new region passes on what it does not host.</summary>
    public IActorRef AnyLifeOf(IActorRef region, ActorSystem system) => region is LocalActorRef or ShardRegionRef ? region : system.ResolveActorRef(region.Path.ToString());

    public string Owner(ActorSystem system) => _owner ?? Cluster.Cluster.Get(system).SelfMember.Id;

    public long MemberEpoch(ActorSystem system) => _owner is null ? Cluster.Cluster.Get(system).SelfMember.Epoch : 0;
}
