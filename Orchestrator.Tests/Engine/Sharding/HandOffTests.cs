using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Sharding;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Sharding;

/// <summary>Several regions of one type under one coordinator: what several members will be.</summary>
public sealed class HandOffTests : TestKit.TestKit
{
    private static readonly ClusterShardingSettings Settings = new() { RebalanceInterval = TimeSpan.FromSeconds(10) };

    private readonly Entity.Counts _counts = new();
    private readonly IActorRef _coordinator;

    public HandOffTests() => _coordinator = Sys.SystemActorOf(
        Props.Create(() => new ShardCoordinator("t", new Entity.Extractor(), Settings, new LeastShardAllocationStrategy(), new MemoryShardStore(null), null)), "coordinator");

    [Fact]
    public void A_message_reaches_its_entity_through_any_region()
    {
        var one = Region("one");
        var two = Region("two");
        for (var i = 0; i < 20; i++)
        {
            Probe.Send(one, new ShardingEnvelope($"e{i}", "who"));
            ExpectMsg($"e{i}#1:who");
            Probe.Send(two, new ShardingEnvelope($"e{i}", "who"));
            ExpectMsg($"e{i}#1:who");
        }

        Shards(one).ShouldNotBeEmpty();
        Shards(two).ShouldNotBeEmpty();
    }

    [Fact]
    public void A_new_region_takes_its_share_of_the_shards()
    {
        var one = Region("one");
        foreach (var id in Enumerable.Range(0, 50))
            Probe.Send(one, new ShardingEnvelope($"e{id}", "who"));
        Probe.ReceiveN(50);
        Shards(one).Count.ShouldBe(Entity.Shards);

        var two = Region("two");
        Time.Advance(TimeSpan.FromMinutes(2));

        Shards(one).Count.ShouldBe(Entity.Shards / 2);
        Shards(one).Concat(Shards(two)).ShouldBe(Enumerable.Range(0, Entity.Shards).Select(shard => $"{shard}"), ignoreOrder: true);
        Probe.Send(one, new ShardingEnvelope("e0", "who"));
        ExpectMsg<string>(isMessage: text => text.StartsWith("e0#", StringComparison.Ordinal));
        _counts.Overlaps.ShouldBe(0);
    }

    [Fact]
    public void A_leaving_region_hands_its_shards_over_and_loses_no_message()
    {
        var one = Region("one");
        var two = Region("two");
        const int Count = 400;
        for (var i = 0; i < Count; i++)
        {
            // A member that leaves stops serving clients first; the others go on.
            Probe.Send(i % 2 == 0 && i <= Count / 2 ? one : two, new ShardingEnvelope($"e{i % 40}", $"m{i}"));
            if (i == Count / 2)
            {
                Watch(one);
                one.Tell(GracefulShutdown.Instance);
            }
        }

        Time.Advance(TimeSpan.FromSeconds(20));
        var got = Probe.ReceiveAvailable();

        got.OfType<Terminated>().Count().ShouldBe(1);
        got.OfType<string>().Select(text => text[(text.IndexOf(':') + 1)..]).ShouldBe(Enumerable.Range(0, Count).Select(i => $"m{i}"), ignoreOrder: true);
        _counts.Overlaps.ShouldBe(0);
        Shards(two).Count.ShouldBe(Entity.Shards);
    }

    [Fact]
    public void A_region_that_dies_is_replaced_by_the_others()
    {
        var one = Region("one");
        var two = Region("two");
        for (var i = 0; i < 50; i++)
            Probe.Send(two, new ShardingEnvelope($"e{i}", "who"));
        Probe.ReceiveN(50);

        Sys.Stop(one);
        Time.Settle();
        Time.Advance(TimeSpan.FromSeconds(20));

        Shards(two).Count.ShouldBe(Entity.Shards);
        for (var i = 0; i < 50; i++)
        {
            Probe.Send(two, new ShardingEnvelope($"e{i}", "who"));
            ExpectMsg<string>();
        }
    }

    private IActorRef Region(string name) => ClusterSharding.StartRegion(
        Sys, "t", id => Props.Create(() => new Entity(id, _counts, null)), Settings, new Entity.Extractor(), CoordinatorPlace.At(_coordinator, "t", name));

    private List<string> Shards(IActorRef region)
    {
        var probe = CreateTestProbe();
        probe.Send(region, GetShardRegionState.Instance);
        return [.. probe.ExpectMsg<CurrentShardRegionState>().EntitiesByShard.Keys];
    }
}
