using System.Collections.Immutable;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Cluster;

namespace Orchestrator.Engine.Remote;

/// <summary>
/// Tells remoting what membership has decided: a member that was declared dead or has left is given up at once, and one that is a member is not given up for being silent.
/// </summary>
internal sealed class MemberWatch(Remoting remoting) : UntypedActor
{
    private readonly Dictionary<string, Member> _members = new(StringComparer.Ordinal);

    protected override void PreStart() => Cluster.Cluster.Get(Context.System).Subscribe(Self);

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
            default:
                Unhandled(message);
                break;
        }
    }

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
    }
}
