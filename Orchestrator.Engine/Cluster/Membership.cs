using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Singleton;

namespace Orchestrator.Engine.Cluster;

/// <summary>
/// A member of a cluster whose members share a database: joins, shows that it lives, leaves, drives <see cref="Cluster"/>, and competes for leases, which is how singletons
/// find their place (<see cref="ClusterSingleton.LeaseOwner"/>).
/// </summary>
public sealed class Membership : ILeaseOwner
{
    private readonly IActorRef _actor;
    private readonly LeaseClaims _claims;
    private readonly MembershipState _state;

    private Membership(IActorRef actor, LeaseClaims claims, MembershipState state) => (_actor, _claims, _state) = (actor, claims, state);

    /// <summary>Completes when the member is up for the first time.</summary>
    public Task Up => _state.Up.Task;

    /// <summary>
    /// Whether the member is up and may still take itself for it: false as soon as its lease may be over by its own steady clock, even where nothing has run in this process since (it was
    /// stopped, or starved). Writing is safe without asking: the database refuses a member that was declared down.
    /// </summary>
    public bool IsUp => _state.IsUp;

    /// <summary>While the member joins: ids of the members that it has to be connected with first; null for none.</summary>
    public string? WaitsFor => _state.WaitsFor;

    /// <summary>Number of this member's present or latest life; 0 before the first.</summary>
    public long Epoch => _state.Epoch;

    /// <summary>
    /// Starts to join. <see cref="CoordinatedShutdown"/> leaves: leaving is told before shards are handed off, the member is removed when singletons are handed over.
    /// </summary>
    /// <param name="system">The member's system.</param>
    /// <param name="settings">The member.</param>
    /// <param name="store">Where members are kept; disposed by the caller, after the system has terminated.</param>
    /// <param name="onJoined">Called with the epoch of each new life before it is up: what writes, from now on writes at this epoch.</param>
    public static Membership Start(ActorSystem system, MembershipSettings settings, IMemberStore store, Func<long, Task> onJoined)
    {
        var (claims, state) = (new LeaseClaims(), new MembershipState(system.TimeProvider));
        var cluster = Cluster.Get(system);
        var actor = system.SystemActorOf(Props.Create(() => new MembershipActor(settings, store, cluster, claims, state, onJoined)).WithDispatcher(Props.InternalDispatcher), "membership");
        cluster.ReportsTo(actor);
        var shutdown = CoordinatedShutdown.Get(system);
        shutdown.AddTask(CoordinatedShutdown.PhaseBeforeClusterShutdown, "membership-leaving", cancel => actor.Ask<Done>(MembershipActor.Leave.Instance, Timeout.InfiniteTimeSpan, cancel));
        shutdown.AddTask(CoordinatedShutdown.PhaseClusterShutdown, "membership-removed", cancel => actor.Ask<Done>(MembershipActor.Remove.Instance, Timeout.InfiniteTimeSpan, cancel));
        return new Membership(actor, claims, state);
    }

    /// <inheritdoc/>
    public void Acquire(string name, Action<bool> onChange)
    {
        if (name == MembershipView.LeaderLease) throw new ArgumentException($"The lease {name} is the cluster's own.", nameof(name));
        _claims.Add(name, onChange);
        _actor.Tell(MembershipActor.LookAgain.Instance, ActorRefs.NoSender);
    }

    /// <inheritdoc/>
    public void Release(string name)
    {
        _claims.Remove(name);
        _actor.Tell(MembershipActor.LookAgain.Instance, ActorRefs.NoSender);
    }
}

/// <summary>What the membership's actor lets others see.</summary>
internal sealed class MembershipState(TimeProvider time)
{
    private long _validUntil;
    private long _epoch;
    private string? _waitsFor;

    public TaskCompletionSource Up { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public long Epoch
    {
        get => Volatile.Read(ref _epoch);
        set => Volatile.Write(ref _epoch, value);
    }

    public string? WaitsFor
    {
        get => Volatile.Read(ref _waitsFor);
        set => Volatile.Write(ref _waitsFor, value);
    }

    public bool IsUp => time.GetTimestamp() < Volatile.Read(ref _validUntil);

    /// <summary>Timestamp up to which the member takes itself for up; 0 for not at all.</summary>
    public void ValidUntil(long timestamp) => Volatile.Write(ref _validUntil, timestamp);
}
