using System.Text.Json.Nodes;
using Orchestrator.Actors.Nodes;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Actors.Nodes;

/// <summary>What becomes of a node's stored status when its agent reports.</summary>
public sealed class NodeStatusMergeTests
{
    private const string Reported = """{"capacity":{"cpu":"4"},"allocatable":{"cpu":"4"},"conditions":[{"type":"Ready","status":"True","lastTransitionTime":"2026-01-02T00:00:00Z"}]}""";

    [Theory]
    [InlineData("""{"capacity":{"cpu":"2","example.com/dongle":"3"}}""", """{"cpu":"4","example.com/dongle":"3"}""", """{"cpu":"4","example.com/dongle":"3"}""")]
    [InlineData("""{"capacity":{"cpu":"2","example.com/dongle":"5"},"allocatable":{"cpu":"2","example.com/dongle":"3"}}""", """{"cpu":"4","example.com/dongle":"5"}""", """{"cpu":"4","example.com/dongle":"5"}""")]
    [InlineData("""{"capacity":{"cpu":"2"},"allocatable":{"cpu":"2","example.com/dongle":"3"}}""", """{"cpu":"4"}""", """{"cpu":"4"}""")]
    public void Extended_resources_that_a_client_gave_the_node_are_allocatable_as_long_as_they_are_its_capacity(string stored, string capacity, string allocatable)
    {
        var merged = NodeStatusMerge.Merge(Parse(stored), Parse(Reported));
        (merged["capacity"]!.ToJsonString(), merged["allocatable"]!.ToJsonString()).ShouldBe((capacity, allocatable));
    }

    [Fact]
    public void A_condition_that_did_not_change_keeps_its_time_and_others_conditions_stay()
    {
        var merged = NodeStatusMerge.Merge(Parse("""{"conditions":[{"type":"Ready","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z"},{"type":"Mine","status":"True"}]}"""), Parse(Reported));
        merged["conditions"]!.AsArray().Select(c => ((string?)c!["type"], (string?)c["lastTransitionTime"])).ShouldBe([("Ready", "2026-01-01T00:00:00Z"), ("Mine", null)]);
    }

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();
}
