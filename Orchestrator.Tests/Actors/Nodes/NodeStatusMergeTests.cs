using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Actors.Nodes;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Tests.Actors.Resources;
using Orchestrator.Tests.Actors.Workloads;
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
    public async Task They_are_allocatable_as_soon_as_they_are_capacity()
    {
        await using var plane = await ControlPlaneHarness.StartAsync();
        using var nodes = new ObedientNodes(plane);
        await nodes.AddAsync("n");
        var key = new ResourceKey("nodes", "", "n");
        Task<ResourceReply> Capacity(string quantity) => plane.Plane.Client.SendAsync(new PatchResource(key, "v1", ControlPlaneHarness.User, PatchType.Merge,
            Encoding.UTF8.GetBytes($$$$"""{"status":{"capacity":{"example.com/dongle":{{{{quantity}}}}}}}"""), "status", false));
        (await Capacity("\"3\"")).ShouldBeOfType<ResourceWritten>();
        await plane.EventuallyAsync(() => (string?)plane.Cache.Get(key)!.ToJsonObject()["status"]!["allocatable"]!["example.com/dongle"] == "3");
        (await Capacity("null")).ShouldBeOfType<ResourceWritten>();
        await plane.EventuallyAsync(() => plane.Cache.Get(key)!.ToJsonObject()["status"]!["allocatable"]!["example.com/dongle"] is null);
    }

    [Fact]
    public void A_condition_that_did_not_change_keeps_its_time_and_others_conditions_stay()
    {
        var merged = NodeStatusMerge.Merge(Parse("""{"conditions":[{"type":"Ready","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z"},{"type":"Mine","status":"True"}]}"""), Parse(Reported));
        merged["conditions"]!.AsArray().Select(c => ((string?)c!["type"], (string?)c["lastTransitionTime"])).ShouldBe([("Ready", "2026-01-01T00:00:00Z"), ("Mine", null)]);
    }

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();
}
