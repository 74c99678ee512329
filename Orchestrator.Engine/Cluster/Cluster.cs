using System.Collections.Immutable;
using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Cluster;

/// <summary>
/// The members as this one sees them, and who is told about changes. Membership itself is decided elsewhere (with several members, by the database's
/// member rows) and reported through <see cref="Update"/> and <see cref="LeaderIs"/>; with one member, it is up and leads as soon as it has joined.
/// </summary>
public sealed class Cluster
{
    private readonly ActorSystem _system;
    private readonly Lock _lock = new();
    private readonly HashSet<IActorRef> _subscribers = [];
    private ImmutableSortedDictionary<string, Member> _members = ImmutableSortedDictionary.Create<string, Member>(StringComparer.Ordinal);
    private Member _self;
    private readonly List<Func<Task>> _beforeRejoin = [];
    private Member? _leader;
    private IActorRef? _membership;

    private Cluster(ActorSystem system)
    {
        _system = system;
        _self = new Member(system.Name, $"akka://{system.Name}", 0, MemberStatus.Joining, []);
        CoordinatedShutdown.Get(system).AddTask(CoordinatedShutdown.PhaseClusterLeave, "leave", () =>
        {
            if (_membership is null)
                Leave();
            else
                Update(SelfMember with { Status = MemberStatus.Exiting });
            return Task.CompletedTask;
        });
    }

    /// <summary>The system's.</summary>
    public static Cluster Get(ActorSystem system) => system.GetOrAddExtension(static s => new Cluster(s));

    /// <summary>This member.</summary>
    public Member SelfMember
    {
        get
        {
            lock (_lock)
                return _self;
        }
    }

    /// <summary>This member's roles.</summary>
    public ImmutableHashSet<string> SelfRoles => SelfMember.Roles;

    /// <summary>Everybody as of now.</summary>
    public ClusterEvent.CurrentClusterState State
    {
        get
        {
            lock (_lock)
                return new([.. _members.Values], _leader);
        }
    }

    /// <summary>Joins as a cluster of one: up, and leading.</summary>
    /// <param name="id">The member's stable id.</param>
    /// <param name="address">Where others would reach it.</param>
    /// <param name="epoch">Its epoch in the journal's member table.</param>
    /// <param name="roles">Its roles.</param>
    public void JoinAlone(string id, string address, long epoch, params IEnumerable<string> roles)
    {
        var joining = new Member(id, address, epoch, MemberStatus.Joining, [.. roles]);
        lock (_lock)
            _self = joining;
        Update(joining);
        Update(joining with { Status = MemberStatus.Up });
        LeaderIs(SelfMember);
    }

    /// <summary>
    /// Registers what has to be over before this member, having been declared down, joins again: whatever wrote at its old epoch. Where that fails or takes long, it is called again.
    /// </summary>
    public void AddBeforeRejoin(Func<Task> stopped)
    {
        lock (_lock)
            _beforeRejoin.Add(stopped);
    }

    /// <summary>
    /// A member's process is certainly gone (its machine refuses the connection): it need not be waited for until its lease is over. Does nothing in a cluster of one. Safe where it is
    /// wrong: a member that lives shows it, or is declared down, can write nothing any more, and joins again.
    /// </summary>
    public void ReportUnreachable(string memberId) => _membership?.Tell(new MembershipActor.Unreachable(memberId), ActorRefs.NoSender);

    /// <summary>This member leaves a cluster of one: leaving, exiting, removed.</summary>
    public void Leave()
    {
        foreach (var status in new[] { MemberStatus.Leaving, MemberStatus.Exiting, MemberStatus.Removed })
            Update(SelfMember with { Status = status });
    }

    /// <summary>What is heard of the others; null where nothing is, which is no reason to complain.</summary>
    internal IPeerContact? Contact { get; set; }

    /// <summary>Reports go there.</summary>
    internal void ReportsTo(IActorRef membership) => _membership = membership;

    /// <summary>A connection with somebody is up: it may be what was waited for.</summary>
    internal void LookAgain() => _membership?.Tell(MembershipActor.LookAgain.Instance, ActorRefs.NoSender);

    /// <summary>A new life of this member begins.</summary>
    internal void SelfIs(Member self)
    {
        lock (_lock)
            _self = self;
    }

    /// <summary>Completes when everything registered by <see cref="AddBeforeRejoin"/> is over.</summary>
    internal Task BeforeRejoin()
    {
        lock (_lock)
            return Task.WhenAll(_beforeRejoin.Select(stopped => stopped()));
    }

    /// <summary>A member's status has changed; publishes the event that says so.</summary>
    public void Update(Member member)
    {
        lock (_lock)
        {
            var previous = _members.GetValueOrDefault(member.Id);
            if (previous is not null && previous.Equals(member) && previous.Status == member.Status)
                return;
            if (member.Equals(_self))
                _self = member;
            if (member.Status == MemberStatus.Removed)
            {
                if (previous is null)
                    return;
                _members = _members.Remove(member.Id);
            }
            else
            {
                // Not SetItem: it keeps a value that equals the new one, and a member equals itself in any status.
                _members = _members.Remove(member.Id).Add(member.Id, member);
            }

            Publish(Event(member, previous));
        }
    }

    /// <summary>Who leads now.</summary>
    public void LeaderIs(Member? leader)
    {
        lock (_lock)
        {
            if (Equals(_leader, leader))
                return;
            _leader = leader;
            Publish(new ClusterEvent.LeaderChanged(leader));
        }
    }

    /// <summary>Sends <see cref="ClusterEvent.CurrentClusterState"/> now and every later event, in order.</summary>
    public void Subscribe(IActorRef subscriber)
    {
        lock (_lock)
        {
            subscriber.Tell(new ClusterEvent.CurrentClusterState([.. _members.Values], _leader), _system.DeadLetters);
            _subscribers.Add(subscriber);
        }
    }

    /// <summary>Ends a subscription.</summary>
    public void Unsubscribe(IActorRef subscriber)
    {
        lock (_lock)
            _subscribers.Remove(subscriber);
    }

    private static object Event(Member member, Member? previous) => member.Status switch
    {
        MemberStatus.Joining => new ClusterEvent.MemberJoined(member),
        MemberStatus.Up => new ClusterEvent.MemberUp(member),
        MemberStatus.Leaving => new ClusterEvent.MemberLeft(member),
        MemberStatus.Exiting => new ClusterEvent.MemberExited(member),
        MemberStatus.Down => new ClusterEvent.MemberDowned(member),
        _ => new ClusterEvent.MemberRemoved(member, previous?.Status ?? MemberStatus.Removed),
    };

    private void Publish(object @event)
    {
        foreach (var subscriber in _subscribers)
            subscriber.Tell(@event, _system.DeadLetters);
    }
}
