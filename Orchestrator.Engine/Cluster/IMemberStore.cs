using System.Collections.Immutable;

namespace Orchestrator.Engine.Cluster;

/// <summary>A member as the database has it. <paramref name="Expired"/>: its lease is over, by the database's clock.</summary>
public sealed record MemberRow(string Id, Guid Instance, string Address, ImmutableArray<string> Roles, long Epoch, MemberStatus Status, bool Expired)
{
    /// <summary>Epochs of the members that it has heard nothing of, as of its latest beat, though it should have.</summary>
    public ImmutableArray<long> Unheard { get; init; } = [];
}

/// <summary>A lease that somebody holds. <paramref name="Epoch"/> grows with every change of hands, over all leases.</summary>
public sealed record LeaseRow(string Name, string Owner, long OwnerEpoch, long Epoch);

/// <summary>Members and held leases at one moment.</summary>
public sealed record MembershipView(ImmutableArray<MemberRow> Members, ImmutableArray<LeaseRow> Leases)
{
    /// <summary>Name of the lease whose holder leads the cluster. Unlike every other lease, it may be taken as soon as its holder's own lease is over.</summary>
    public const string LeaderLease = "leader";

    /// <summary>Who leads; null for nobody.</summary>
    public MemberRow? Leader => Holder(LeaderLease) is { } lease ? Members.FirstOrDefault(member => member.Id == lease.Owner && member.Epoch == lease.OwnerEpoch) : null;

    /// <summary>Who holds a lease; null for nobody.</summary>
    public LeaseRow? Holder(string name) => Leases.FirstOrDefault(lease => lease.Name == name);
}

/// <summary>
/// The members' rows and leases (DESIGN §4), judged by the clock of whoever keeps them. Every method is one transaction; it throws the database's own exception where that cannot be
/// reached, and then may have happened or not: each can be repeated.
/// </summary>
public interface IMemberStore : IAsyncDisposable
{
    /// <summary>
    /// Begins a new life of the member, <see cref="MemberStatus.Joining"/>, and returns its epoch, higher than every one before. Whatever an earlier life has under way can
    /// never be committed afterwards. Null, where not <paramref name="takeOver"/>, while another process (<paramref name="instance"/>) lives under that id.
    /// </summary>
    ValueTask<long?> JoinAsync(MembershipSettings me, Guid instance, bool takeOver, CancellationToken cancel);

    /// <summary>The member is up and may write. False where that life is over.</summary>
    ValueTask<bool> UpAsync(string id, long epoch, CancellationToken cancel);

    /// <summary>
    /// Renews the member's lease, takes those of the wanted leases that nobody holds (only for a member that is up), keeps whom it has not heard of for too long
    /// (<paramref name="unheard"/>, their epochs), and tells how everything stands.
    /// </summary>
    ValueTask<MembershipView> BeatAsync(string id, long epoch, TimeSpan lease, IReadOnlyCollection<string> wanted, IReadOnlyCollection<long> unheard, CancellationToken cancel);

    /// <summary>
    /// Declares down those of the <paramref name="expired"/> members whose lease is still over, and those that are <paramref name="cutOff"/> whether it is or not; nothing of them is
    /// committed after. Forgets members that have been down for <paramref name="keep"/>. Returns whom it declared down. Throws <see cref="Sharding.NotLeaderException"/> where
    /// <paramref name="id"/> does not lead.
    /// </summary>
    ValueTask<IReadOnlyList<string>> DownAsync(string id, long epoch, IReadOnlyList<MemberRow> expired, IReadOnlyList<MemberRow> cutOff, TimeSpan keep, CancellationToken cancel);

    /// <summary>The member hands over; it may still write.</summary>
    ValueTask LeavingAsync(string id, long epoch, CancellationToken cancel);

    /// <summary>The member is gone, and its leases are free.</summary>
    ValueTask RemoveAsync(string id, long epoch, CancellationToken cancel);

    /// <summary>Ends a member's lease: somebody is certain that its process is gone. One that lives renews it, or joins again if it was declared down in between.</summary>
    ValueTask ReportUnreachableAsync(string id, long epoch, CancellationToken cancel);

    /// <summary>Gives up a lease, where the member has it.</summary>
    ValueTask ReleaseAsync(string name, string id, long epoch, CancellationToken cancel);

    /// <summary>Calls back, from any thread, when something may have changed. A hint: it may be missed, or come for nothing.</summary>
    IDisposable OnChange(Action changed);
}
