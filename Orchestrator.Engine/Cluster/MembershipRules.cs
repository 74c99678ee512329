using System.Collections.Immutable;

namespace Orchestrator.Engine.Cluster;

/// <summary>What a member concludes from how the database says things stand. Pure.</summary>
internal static class MembershipRules
{
    /// <summary>What became of this member's life.</summary>
    public enum Verdict
    {
        /// <summary>It goes on.</summary>
        Alive,

        /// <summary>It was declared down, or removed: join again.</summary>
        Over,

        /// <summary>Another process lives under this id: join again only when that one is gone.</summary>
        Replaced,
    }

    public static bool IsLive(MemberStatus status) => status is MemberStatus.Joining or MemberStatus.Up or MemberStatus.Leaving;

    public static Verdict Judge(MembershipView view, string id, long epoch, Guid instance)
    {
        var row = view.Members.FirstOrDefault(member => member.Id == id);
        if (row is null) return Verdict.Over;
        if (row.Epoch == epoch) return IsLive(row.Status) ? Verdict.Alive : Verdict.Over;
        return row.Instance != instance && IsLive(row.Status) && !row.Expired ? Verdict.Replaced : Verdict.Over;
    }

    /// <summary>Whom the leader declares down: everybody whose lease is over, and who is cut off from the others.</summary>
    /// <param name="view">How things stand.</param>
    /// <param name="leader">Who decides.</param>
    /// <param name="connected"><see cref="Connected"/>, when that has been the same for long enough; else everybody.</param>
    public static (ImmutableArray<MemberRow> Expired, ImmutableArray<MemberRow> CutOff) ToDown(MembershipView view, string leader, ImmutableHashSet<string> connected)
    {
        return ([.. view.Members.Where(member => member.Id != leader && member.Expired && IsLive(member.Status))], [.. ToMeet(view, leader).Where(member => !connected.Contains(member.Id))]);
    }

    /// <summary>
    /// The members that go on together: all have heard of each other. Where not all have, those go that lack most of the others, one after the other; the leader and who has been there
    /// longer are kept where that decides nothing. Everybody concludes the same from the same view.
    /// </summary>
    public static ImmutableHashSet<string> Connected(MembershipView view)
    {
        var left = view.Members.Where(member => IsIn(member) && !member.Expired).ToList();
        var leader = view.Leader?.Id;
        while (left.Select(member => (Member: member, Lacks: left.Count(other => Lack(member, other)))).OrderByDescending(each => each.Lacks)
            .ThenBy(each => each.Member.Id == leader).ThenByDescending(each => each.Member.Epoch).FirstOrDefault() is { Lacks: > 0 } worst)
            left.Remove(worst.Member);
        return [.. left.Select(member => member.Id)];
    }

    /// <summary>Who of those that share the work says of whom that it does not hear of it, in order; epochs, as a new life is another matter.</summary>
    public static ImmutableArray<(long Of, long By)> Complaints(MembershipView view)
    {
        var present = view.Members.Where(member => IsIn(member) && !member.Expired).ToDictionary(member => member.Epoch);
        return [.. present.Values.SelectMany(member => member.Unheard.Where(present.ContainsKey).Select(epoch => (epoch, member.Epoch))).Order()];
    }

    /// <summary>Whom one that joins has to be connected with before it comes up: everybody it would share the work with. Who is gone leaves this with its lease.</summary>
    public static IEnumerable<MemberRow> ToMeet(MembershipView view, string id) => view.Members.Where(member => member.Id != id && IsIn(member) && !member.Expired);

    /// <summary>Shares the work, or still hands over.</summary>
    private static bool IsIn(MemberRow member) => member.Status is MemberStatus.Up or MemberStatus.Leaving;

    private static bool Lack(MemberRow one, MemberRow other) => one.Unheard.Contains(other.Epoch) || other.Unheard.Contains(one.Epoch);

    /// <summary>The member as subscribers of <see cref="Cluster"/> know it.</summary>
    public static Member ToMember(MemberRow row) => new(row.Id, row.Address, row.Epoch, row.Status, [.. row.Roles]);

    /// <summary>
    /// What has happened since <paramref name="known"/>, one status of one member at a time, in an order in which subscribers may act: who is gone first, who came last.
    /// An earlier life of a member is removed before the next one joins.
    /// </summary>
    public static IEnumerable<Member> Changes(IEnumerable<Member> known, MembershipView view)
    {
        var now = view.Members.ToDictionary(row => row.Id, StringComparer.Ordinal);
        var before = known.ToDictionary(member => member.Id, StringComparer.Ordinal);
        foreach (var member in before.Values.OrderBy(member => member.Id, StringComparer.Ordinal))
        {
            var row = now.GetValueOrDefault(member.Id);
            if (row is not null && ToMember(row).Equals(member)) continue;
            // One that did not say goodbye may have left things undone: it counts as having been declared down.
            if (member.Status is MemberStatus.Joining or MemberStatus.Up) yield return member with { Status = MemberStatus.Down };
            if (member.Status == MemberStatus.Leaving) yield return member with { Status = MemberStatus.Exiting };
            yield return member with { Status = MemberStatus.Removed };
        }
        foreach (var row in view.Members.OrderBy(row => row.Status == MemberStatus.Down ? 0 : 1).ThenBy(row => row.Id, StringComparer.Ordinal))
        {
            var member = ToMember(row);
            var old = before.GetValueOrDefault(row.Id);
            var isNew = old is null || !old.Equals(member);
            // Who is down when first seen was never here.
            if (isNew && row.Status == MemberStatus.Down) continue;
            if (isNew) yield return member with { Status = MemberStatus.Joining };
            if (isNew && row.Status == MemberStatus.Leaving) yield return member with { Status = MemberStatus.Up };
            // What this process has found out about itself (down, exiting) is further than the row.
            if (isNew ? row.Status != MemberStatus.Joining : row.Status > old!.Status) yield return member;
        }
    }
}
