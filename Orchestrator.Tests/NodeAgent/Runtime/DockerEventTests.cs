using Orchestrator.NodeAgent.Runtime;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.NodeAgent.Runtime;

[Trait("Needs", "docker")]
[Collection(DockerTestEngine.Collection)]
public sealed class DockerEventTests(DockerTestEngine engine)
{
    [Fact]
    public async Task Start_death_and_removal_are_told_in_order_with_labels()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var sandbox = await node.RunSandboxAsync("watched");
        await node.Runtime.RemoveSandboxAsync(sandbox.Id, node.Cancel);

        var events = await TakeAsync(node, 3);

        events.Select(e => (e.ContainerId, e.Action)).ShouldBe([(sandbox.Id, "start"), (sandbox.Id, "die"), (sandbox.Id, "destroy")]);
        events.ShouldAllBe(e => e.Labels["pod"] == "watched");
    }

    [Fact]
    public async Task What_happens_between_two_watches_is_told_once_by_the_second()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var first = await node.RunSandboxAsync();
        (await TakeAsync(node, 1)).Single().ContainerId.ShouldBe(first.Id);

        var second = await node.RunSandboxAsync();
        await node.Runtime.RemoveSandboxAsync(first.Id, node.Cancel);

        (await TakeAsync(node, 3)).Select(e => (e.ContainerId, e.Action)).ShouldBe([(second.Id, "start"), (first.Id, "die"), (first.Id, "destroy")]);
    }

    private static async Task<List<RuntimeEvent>> TakeAsync(DockerTestNode node, int count)
    {
        var events = new List<RuntimeEvent>();
        await foreach (var happened in node.Runtime.WatchAsync(node.Cancel))
        {
            events.Add(happened);
            if (events.Count == count)
            {
                break;
            }
        }

        return events;
    }
}
