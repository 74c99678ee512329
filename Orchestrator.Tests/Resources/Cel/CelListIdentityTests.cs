using System.Text.Json.Nodes;
using Orchestrator.Resources.Cel;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.Cel;

/// <summary>Lists of type set and map, held against the plain rule: each item must be there on the other side, wherever it stands.</summary>
public sealed class CelListIdentityTests
{
    private static readonly CelType Item = CelType.Dyn;

    [Fact]
    public void Sets_are_the_same_where_each_item_is_there_on_the_other_side()
    {
        var random = new Random(11);
        object?[] values = [1L, 2UL, 2.0, 0.0, -0.0, "a", "b", true, null, new byte[] { 1 }, new CelList([1L, "x"]), new CelList([1.0, "x"]), long.MaxValue, (double)long.MaxValue];
        for (var i = 0; i < 5_000; i++)
        {
            var (one, other) = (Some(random, values), Some(random, values));
            var wanted = one.Count == other.Count && one.All(item => other.Any(candidate => CelValue.Same(item, candidate)));
            CelValue.Same(new CelList(one, "set"), new CelList(other, "set")).ShouldBe(wanted);
            CelValue.Same(new CelList(one, "set"), new CelList(other)).ShouldBe(wanted);
        }
    }

    [Theory]
    [InlineData("""[{"k":"a","v":1},{"k":"b","v":2}]""", """[{"k":"b","v":2},{"k":"a","v":1}]""", true)]
    [InlineData("""[{"k":"a","v":1},{"k":"b","v":2}]""", """[{"k":"b","v":2},{"k":"a","v":3}]""", false)]
    [InlineData("""[{"v":1}]""", """[{"v":1}]""", true)]
    [InlineData("""[{"k":"a","v":1}]""", """[{"v":1}]""", false)]
    public void Map_lists_are_the_same_whatever_their_order(string one, string other, bool same) => CelValue.Same(MapList(one), MapList(other)).ShouldBe(same);

    [Fact]
    public void Joining_sets_keeps_what_is_there_and_adds_what_is_not()
    {
        var random = new Random(12);
        object?[] values = [1L, 1.0, 2L, "a", "b", "c", false];
        for (var i = 0; i < 2_000; i++)
        {
            var (left, right) = (Some(random, values), Some(random, values));
            var joined = (CelList)Run("left + right", new CelList(left, "set"), new CelList(right, "set"))!;
            joined.Items.Count.ShouldBe(left.Count + right.Count(item => !left.Any(l => CelValue.Same(l, item))));
            for (var at = 0; at < left.Count; at++) CelValue.Same(joined.Items[at], left[at]).ShouldBeTrue();
        }
    }

    /// <summary>As many as a request may bring; item by item against each other they would take minutes.</summary>
    [Fact]
    public void Large_sets_are_compared_and_joined()
    {
        var (up, down) = (new CelList([.. Enumerable.Range(0, 200_000).Select(i => (object?)$"n{i}")], "set"), new CelList([.. Enumerable.Range(0, 200_000).Reverse().Select(i => (object?)$"n{i}")], "set"));
        CelValue.Same(up, down).ShouldBeTrue();
        ((CelList)Run("left + right", up, down)!).Items.Count.ShouldBe(200_000);
    }

    private static object? Run(string text, object? left, object? right) =>
        CelProgram.Compile(text, [new CelVariable("left", CelType.List(Item)), new CelVariable("right", CelType.List(Item))]).Run(left, right);

    private static CelList MapList(string json) =>
        new([.. JsonNode.Parse(json)!.AsArray().Select(i => CelValue.Of(i, CelType.Map(CelType.String, CelType.Dyn)))], "map", ["k"]);

    private static List<object?> Some(Random random, object?[] values) => [.. Enumerable.Range(0, random.Next(5)).Select(_ => values[random.Next(values.Length)])];
}
