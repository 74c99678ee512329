using System.Collections.Immutable;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Cluster;

namespace Orchestrator.Engine.Remote;

/// <summary>
/// Tells remoting what membership has decided: a member that was declared dead or has left is given up at once, with one that is a member there is a connection, or an attempt at one.
/// And membership what remoting sees: whom it is connected with, whom it hears of, and whose machine says that the process is gone.
/// </summary>
internal sealed class MemberWatch(Remoting remoting) : UntypedActor, IPeerContact
{
    private readonly Dictionary<string, Member> _members = new(StringComparer.Ordinal);

    protected override void PreStart()
    {
        var cluster = Cluster.Cluster.Get(Context.System);
        cluster.Contact = this;
        cluster.Subscribe(Self);
        Context.System.EventStream.Subscribe<AssociatedEvent>(Self);
        Context.System.EventStream.Subscribe<AssociationErrorEvent>(Self);
    }

    protected override void PostStop() => Cluster.Cluster.Get(Context.System).Unsubscribe(Self);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ClusterEvent.CurrentClusterState state:
                foreach (var member in state.Members)
                    OnMember(member);
                break;
            case ClusterEvent.IMemberEvent change:
                OnMember(change.Member);
                break;
            case ClusterEvent.LeaderChanged:
                break;
            case AssociatedEvent connected when MemberAt(connected.RemoteAddress) is not null:
                Cluster.Cluster.Get(Context.System).LookAgain();
                break;
            case AssociationErrorEvent { IsConnectionRefused: true } refused when MemberAt(refused.RemoteAddress) is { } gone:
                Cluster.Cluster.Get(Context.System).ReportUnreachable(gone.Id);
                break;
            case AssociationEvent:
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <inheritdoc/>
    public bool IsConnected(Member member) => AssociationWith(member) is not { } association || association.IsConnected;

    /// <inheritdoc/>
    public TimeSpan SilentFor(Member member) => AssociationWith(member)?.SilentFor ?? TimeSpan.Zero;

    private void OnMember(Member member)
    {
        // News of an earlier life.
        if (_members.TryGetValue(member.Id, out var known) && known.Epoch > member.Epoch)
            return;
        var dead = member.Status is MemberStatus.Down or MemberStatus.Removed;
        if (dead)
            _members.Remove(member.Id);
        else
            _members[member.Id] = member;
        var own = Context.System.Address;
        remoting.MembersAre([.. _members.Values.Select(m => Address.TryParse(m.Address, out var address) ? address : null).OfType<Address>().Where(address => !address.Equals(own))]);
        if (dead && Address.TryParse(member.Address, out var gone) && !gone.Equals(own))
            remoting.AddressTerminated(gone);
        else if (!dead)
            AssociationWith(member)?.EnsureConnecting();
    }

    private Member? MemberAt(Address address) => _members.Values.FirstOrDefault(member => member.Address == address.ToString());

    /// <summary>Null for this member itself, and for one that nobody can connect with. From any thread.</summary>
    private Association? AssociationWith(Member member) =>
        Address.TryParse(member.Address, out var address) && address.CanBeDialled && !address.Equals(remoting.System.Address) ? remoting.AssociationOf(address) : null;
}
