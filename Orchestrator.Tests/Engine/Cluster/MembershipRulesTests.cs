using Orchestrator.Engine.Cluster;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Cluster;

public sealed class MembershipRulesTests
{
    private static readonly Guid Me = Guid.NewGuid();

    [Theory]
    [InlineData(null, 0, false, false, "Over")]
    [InlineData("Joining", 5, false, false, "Alive")]
    [InlineData("Up", 5, false, false, "Alive")]
    // A lease that is over but not taken away can still be renewed.
    [InlineData("Up", 5, true, false, "Alive")]
    [InlineData("Leaving", 5, false, false, "Alive")]
    [InlineData("Down", 5, true, false, "Over")]
    [InlineData("Up", 6, false, true, "Replaced")]
    [InlineData("Up", 6, true, true, "Over")]
    [InlineData("Down", 6, false, true, "Over")]
    // A join whose answer was lost: ours, but not the life we lead.
    [InlineData("Joining", 6, false, false, "Over")]
    public void What_a_member_concludes_from_its_row(string? status, long epoch, bool expired, bool another, string expected)
    {
        var rows = status is null ? [] : new[] { Row("m1", Enum.Parse<MemberStatus>(status), epoch, expired, another ? Guid.NewGuid() : Me) };
        MembershipRules.Judge(new MembershipView([.. rows], []), "m1", 5, Me).ToString().ShouldBe(expected);
    }

    [Fact]
    public void The_leader_declares_down_whoever_is_late_but_not_itself_nor_who_is_down()
    {
        var view = new MembershipView([
            Row("m1", MemberStatus.Up, 1, expired: true), Row("m2", MemberStatus.Up, 2, expired: true), Row("m3", MemberStatus.Up, 3),
            Row("m4", MemberStatus.Down, 4, expired: true), Row("m5", MemberStatus.Joining, 5, expired: true), Row("m6", MemberStatus.Leaving, 6, expired: true)], []);
        MembershipRules.ToDown(view, "m1", MembershipRules.Connected(view)).Expired.Select(row => row.Id).ShouldBe(["m2", "m5", "m6"]);
    }

    [Theory]
    [InlineData("", "m1 m2 m3")]
    // Cut off from both others: whichever side says so.
    [InlineData("1-2 1-3", "m2 m3")]
    [InlineData("2-1 3-1", "m2 m3")]
    [InlineData("2-1 2-3", "m1 m3")]
    // Two that do not hear of each other while both hear the third: who leads stays, else who came first.
    [InlineData("1-2", "m1 m3")]
    [InlineData("3-2", "m1 m2")]
    // Nobody hears of anybody: the leader stays.
    [InlineData("1-2 1-3 2-3", "m1")]
    // News of an earlier life.
    [InlineData("1-9 2-9", "m1 m2 m3")]
    public void Of_members_that_do_not_hear_of_each_other_the_most_that_do_stay(string unheard, string expected)
    {
        var pairs = unheard.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('-').Select(long.Parse).ToArray()).ToList();
        var rows = Enumerable.Range(1, 3).Select(i => Row($"m{i}", MemberStatus.Up, i) with { Unheard = [.. pairs.Where(pair => pair[0] == i).Select(pair => pair[1])] });
        var view = new MembershipView([.. rows], [new LeaseRow(MembershipView.LeaderLease, "m1", 1, 1)]);
        string.Join(' ', MembershipRules.Connected(view).Order()).ShouldBe(expected);
        MembershipRules.ToDown(view, "m1", MembershipRules.Connected(view)).CutOff.Select(row => row.Id).ShouldBe(new[] { "m2", "m3" }.Except(expected.Split(' ')));
        MembershipRules.Complaints(view).Length.ShouldBe(pairs.Count(pair => pair[1] < 9));
    }

    [Fact]
    public void Who_joins_or_whose_lease_is_over_cuts_nobody_off()
    {
        var view = new MembershipView([
            Row("m1", MemberStatus.Joining, 1) with { Unheard = [2, 3] }, Row("m2", MemberStatus.Up, 2, expired: true) with { Unheard = [1, 3] },
            Row("m3", MemberStatus.Up, 3) with { Unheard = [1, 2] }, Row("m4", MemberStatus.Leaving, 4) with { Unheard = [2] }], []);
        MembershipRules.Connected(view).Order().ShouldBe(["m3", "m4"]);
        MembershipRules.ToMeet(view, "m1").Select(row => row.Id).ShouldBe(["m3", "m4"]);
        MembershipRules.ToDown(view, "m3", MembershipRules.Connected(view)).CutOff.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("", "Joining 1", "Joining 1")]
    [InlineData("", "Up 1", "Joining 1, Up 1")]
    [InlineData("", "Leaving 1", "Joining 1, Up 1, Leaving 1")]
    [InlineData("", "Down 1", "")]
    [InlineData("Joining 1", "Up 1", "Up 1")]
    [InlineData("Up 1", "Up 1", "")]
    [InlineData("Up 1", "Leaving 1", "Leaving 1")]
    [InlineData("Up 1", "Down 1", "Down 1")]
    [InlineData("Down 1", "", "Removed 1")]
    [InlineData("Leaving 1", "", "Exiting 1, Removed 1")]
    [InlineData("Exiting 1", "Leaving 1", "")]
    [InlineData("Exiting 1", "", "Removed 1")]
    [InlineData("Up 1", "", "Down 1, Removed 1")]
    [InlineData("Up 1", "Up 2", "Down 1, Removed 1, Joining 2, Up 2")]
    [InlineData("Down 1", "Joining 2", "Removed 1, Joining 2")]
    // Found out by ourselves before the row tells it.
    [InlineData("Down 1", "Up 1", "")]
    public void What_subscribers_are_told_leads_from_what_they_knew_to_what_is(string known, string row, string expected)
    {
        var view = new MembershipView([.. Parse(row).Select(member => Row("m1", member.Status, member.Epoch))], []);
        var changes = MembershipRules.Changes(Parse(known).Select(member => new Member("m1", "a", member.Epoch, member.Status, [])), view);
        string.Join(", ", changes.Select(member => $"{member.Status} {member.Epoch}")).ShouldBe(expected);
    }

    [Fact]
    public void Who_is_gone_is_told_before_who_has_come()
    {
        var known = new[] { new Member("m2", "a", 1, MemberStatus.Up, []) };
        var view = new MembershipView([Row("m1", MemberStatus.Up, 3), Row("m2", MemberStatus.Down, 1)], []);
        MembershipRules.Changes(known, view).Select(member => $"{member.Id} {member.Status}").ShouldBe(["m2 Down", "m1 Joining", "m1 Up"]);
    }

    private static IEnumerable<(MemberStatus Status, long Epoch)> Parse(string member)
    {
        var words = member.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words.Length == 0 ? [] : [(Enum.Parse<MemberStatus>(words[0]), long.Parse(words[1]))];
    }

    private static MemberRow Row(string id, MemberStatus status, long epoch, bool expired = false, Guid? instance = null) =>
        new(id, instance ?? Me, "a", [], epoch, status, expired);
}
