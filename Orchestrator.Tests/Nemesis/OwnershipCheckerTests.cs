using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Nemesis;

/// <summary>The oracle of who wrote what: it accepts moves and new lives, and finds every kind of second writer.</summary>
public sealed class OwnershipCheckerTests
{
    // Shard s is a's, then b's from row 3 on; a comes back with life 9 and gets it at row 5.
    private static readonly AuditedAssignment[] Assignments = [new("s", "a", 1, 0), new("s", "b", 2, 2), new("s", "a", 3, 4)];

    private static readonly AuditedWrite[] Writes = [new(1, "o", 1, "a", 4), new(2, "o", 2, "a", 4), new(3, "o", 3, "b", 5), new(4, "p", 1, "b", 5), new(5, "o", 4, "a", 9)];

    [Fact]
    public void Writes_of_one_owner_after_the_other_are_accepted() => Check(Writes).ShouldBeEmpty();

    [Fact]
    public void A_write_of_the_former_owner_is_found() =>
        Check([.. Writes[..3], Writes[3] with { Member = "a", Life = 5 }]).ShouldHaveSingleItem().ShouldContain("was written when its shard was b's");

    [Fact]
    public void A_write_of_the_next_owner_before_its_time_is_found() =>
        Check([Writes[0], Writes[1] with { Member = "b", Life = 5 }]).ShouldHaveSingleItem().ShouldContain("was written when its shard was a's");

    [Fact]
    public void A_write_of_nobody_known_is_found() => Check([Writes[0] with { Member = "", Life = 0 }]).ShouldHaveSingleItem().ShouldContain("was written when its shard was a's");

    [Fact]
    public void An_earlier_life_beside_a_later_one_is_found() =>
        Check([Writes[0] with { Life = 6 }, Writes[1]]).ShouldHaveSingleItem().ShouldContain("an earlier life");

    [Fact]
    public void A_hole_in_an_objects_numbers_is_found() => Check([Writes[0], Writes[1] with { SequenceNr = 3 }]).ShouldHaveSingleItem().ShouldContain("does not follow on");

    [Fact]
    public void A_shard_that_belongs_to_nobody_is_found() =>
        OwnershipChecker.Check([Writes[0]], [], _ => "s").ShouldHaveSingleItem().ShouldContain("belonged to nobody");

    private static IReadOnlyList<string> Check(AuditedWrite[] writes) => OwnershipChecker.Check(writes, Assignments, _ => "s");
}
