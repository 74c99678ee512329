using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Cluster;

namespace Orchestrator.Engine.Sharding;

/// <summary>
/// Every member has one, under a path that is the same everywhere; on the leader it has a <see cref="ShardCoordinator"/>. What comes while there is none is dropped:
/// regions ask again.
/// <code>
///   Following ──this member leads──▶ Coordinating ──another leads, or this one is down──▶ Following
///                    ▲                    └──coordinator stopped by itself──▶ (pause) ──┐
///                    └──────────────────────────── still leads ─────────────────────────┘
/// </code>
/// </summary>
internal sealed class ShardCoordinatorManager(Props coordinator, TimeSpan pause) : UntypedActor, IWithTimers
{
    private sealed record Again;

    private IActorRef? _coordinator;
    private bool _leads;

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Cluster.Cluster.Get(Context.System).Subscribe(Self);

    protected override void PostStop() => Cluster.Cluster.Get(Context.System).Unsubscribe(Self);

    protected internal override SupervisorStrategy SupervisorStrategy() => Actor.SupervisorStrategy.StoppingStrategy;

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ClusterEvent.CurrentClusterState state:
                LeaderIs(state.Leader);
                break;
            case ClusterEvent.LeaderChanged change:
                LeaderIs(change.Leader);
                break;
            case ClusterEvent.MemberDowned downed when downed.Member.Id == Cluster.Cluster.Get(Context.System).SelfMember.Id:
                LeaderIs(null);
                break;
            case ClusterEvent.IMemberEvent:
                break;
            case Again:
                StartWhenLeading();
                break;
            case ShardCoordination.Register or ShardCoordination.GetShardHome or ShardCoordination.GracefulShutdownRequest or ShardCoordination.ShardHosted or ShardCoordination.ShardHandedOff:
                _coordinator?.Forward(message);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    internal override void ChildStopped(IActorRef child)
    {
        if (!child.Equals(_coordinator))
            return;
        _coordinator = null;
        if (_leads)
            Timers.StartSingleTimer(nameof(Again), new Again(), pause);
    }

    private void LeaderIs(Member? leader)
    {
        _leads = leader is not null && leader.Equals(Cluster.Cluster.Get(Context.System).SelfMember);
        if (_leads)
            StartWhenLeading();
        else if (_coordinator is { } former)
            Context.Stop(former);
    }

    /// <summary>One at a time: a former one that is still stopping is waited for.</summary>
    private void StartWhenLeading()
    {
        if (_leads && _coordinator is null)
            _coordinator = Context.ActorOf(coordinator);
    }
}
