using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Sharding;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Sharding;

public sealed class ShardingTests : TestKit.TestKit
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void A_message_starts_its_entity_and_every_entity_is_one_actor()
    {
        var region = Start();

        foreach (var id in new[] { "a", "b", "pods/default/web-0", "a" })
            Probe.Send(region, new ShardingEnvelope(id, "who"));

        ExpectMsgAllOf("a#1:who", "b#1:who", "pods/default/web-0#1:who", "a#1:who");
    }

    [Fact]
    public void A_message_for_no_entity_is_unhandled()
    {
        Sys.EventStream.Subscribe<UnhandledMessage>(TestActor);

        Start().Tell("for nobody");

        ExpectMsg<UnhandledMessage>().Message.ShouldBe("for nobody");
    }

    [Fact]
    public void A_passivated_entity_comes_back_with_its_next_message()
    {
        var region = Start();
        Probe.Send(region, new ShardingEnvelope("a", "who"));
        ExpectMsg("a#1:who");
        Probe.Send(region, new ShardingEnvelope("a", "passivate"));
        Time.Settle();

        Probe.Send(region, new ShardingEnvelope("a", "who"));

        ExpectMsg("a#2:who");
    }

    [Fact]
    public void Messages_that_come_while_an_entity_passivates_go_to_its_next_incarnation_in_order()
    {
        using var gate = new ManualResetEventSlim();
        var region = Start(new ClusterShardingSettings(), _ => gate.Wait(TimeSpan.FromSeconds(10)));
        Probe.Send(region, new ShardingEnvelope("a", "passivate slowly"));
        Probe.Send(region, new ShardingEnvelope("a", "before"));

        for (var i = 0; i < 10; i++)
            Probe.Send(region, new ShardingEnvelope("a", $"m{i}"));
        gate.Set();

        var got = Probe.ReceiveN(11).Cast<string>().ToList();
        got.Select(text => text[(text.IndexOf(':') + 1)..]).ShouldBe(["before", "m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9"]);
    }

    [Fact]
    public void An_entity_that_passivates_if_idle_is_gone_at_once_and_comes_back_with_its_next_message()
    {
        var region = Start();
        Probe.Send(region, new ShardingEnvelope("a", "passivate if idle"));
        Time.Settle();
        Entities(region).ShouldBeEmpty();

        Probe.Send(region, new ShardingEnvelope("a", "who"));

        ExpectMsg("a#2:who");
    }

    [Fact]
    public void However_messages_and_idle_entities_meet_none_is_lost_and_order_holds()
    {
        var region = Start();
        const int Rounds = 20_000;
        for (var i = 0; i < Rounds; i++)
        {
            Probe.Send(region, new ShardingEnvelope("a", "passivate if idle"));
            Probe.Send(region, new ShardingEnvelope("a", $"m{i}"));
        }

        var got = Probe.ReceiveN(Rounds, TimeSpan.FromSeconds(30)).Cast<string>().Select(text => text[(text.IndexOf(':') + 1)..]);
        got.ShouldBe(Enumerable.Range(0, Rounds).Select(i => $"m{i}"));
    }

    [Fact]
    public void An_idle_entity_that_is_asked_may_stay()
    {
        var region = Start(new ClusterShardingSettings { PassivateIdleEntityAfter = Second * 10, IdleEntityMessage = "idle" });
        Probe.Send(region, new ShardingEnvelope("a", "who"));
        ExpectMsg("a#1:who");
        Time.Advance(Second * 16);

        Entities(region).ShouldBe(["a"]);
    }

    [Fact]
    public void An_idle_entity_is_passivated()
    {
        var region = Start(new ClusterShardingSettings { PassivateIdleEntityAfter = Second * 10 });
        Probe.Send(region, new ShardingEnvelope("idle", "who"));
        Probe.Send(region, new ShardingEnvelope("busy", "who"));
        Probe.ReceiveN(2);
        for (var i = 0; i < 4; i++)
        {
            Time.Advance(Second * 4);
            Probe.Send(region, new ShardingEnvelope("busy", "who"));
            ExpectMsg("busy#1:who");
        }

        Entities(region).ShouldBe(["busy"]);
    }

    [Fact]
    public void An_entity_that_fails_is_restarted_where_it_is()
    {
        var region = Start();
        Probe.Send(region, new ShardingEnvelope("a", "boom"));
        Probe.Send(region, new ShardingEnvelope("a", "who"));

        ExpectMsg("a#2:who");
    }

    [Fact]
    public void An_entity_that_stops_by_itself_is_started_again_by_the_next_message()
    {
        var region = Start();
        Probe.Send(region, new ShardingEnvelope("a", "stop"));
        Time.Settle();
        Entities(region).ShouldBeEmpty();

        Probe.Send(region, new ShardingEnvelope("a", "who"));

        ExpectMsg("a#2:who");
    }

    [Fact]
    public void LocalOnly_is_dropped_where_the_shard_is_not_and_delivered_where_it_is()
    {
        var region = Start();
        Probe.Send(region, new LocalOnly(new ShardingEnvelope("a", "who")));
        ExpectNoMsg();
        Probe.Send(region, new ShardingEnvelope("a", "who"));
        ExpectMsg("a#1:who");
        Probe.Send(region, new ShardingEnvelope("a", "passivate"));
        Time.Settle();

        Probe.Send(region, new LocalOnly(new ShardingEnvelope("a", "who")));

        ExpectMsg("a#2:who");
    }

    [Fact]
    public void All_shards_can_be_started_at_once_and_each_says_so()
    {
        Sys.EventStream.Subscribe<ShardStarted>(TestActor);
        var called = new List<string>();

        Start(new ClusterShardingSettings { StartAllShards = true, OnShardStarted = called.Add });
        Time.Settle();

        var expected = Enumerable.Range(0, Entity.Shards).Select(shard => $"{shard}").ToList();
        called.ShouldBe(expected, ignoreOrder: true);
        Probe.ReceiveAvailable().Cast<ShardStarted>().Select(started => started.ShardId).ShouldBe(expected, ignoreOrder: true);
    }

    [Fact]
    public void An_entity_whose_factory_fails_does_not_hurt_its_shard()
    {
        Sys.EventStream.Subscribe<DeadLetter>(TestActor);
        var counts = new Entity.Counts();
        var region = ClusterSharding.Get(Sys).Start("t", id => id == "bad" ? throw new InvalidOperationException("no") : Props.Create(() => new Entity(id, counts, null)),
            new ClusterShardingSettings(), new Entity.Extractor());
        Probe.Send(region, new ShardingEnvelope("bad", "who"));
        ExpectMsg<DeadLetter>();

        Probe.Send(region, new ShardingEnvelope("good", "who"));

        ExpectMsg("good#1:who");
    }

    [Fact]
    public async Task Shutdown_stops_entities_with_the_hand_off_message_before_the_system_goes()
    {
        var counts = new Entity.Counts();
        var region = ClusterSharding.Get(Sys).Start("t", id => Props.Create(() => new Entity(id, counts, null)),
            new ClusterShardingSettings { HandOffStopMessage = "say goodbye" }, new Entity.Extractor());
        foreach (var id in new[] { "a", "b", "c" })
            Probe.Send(region, new ShardingEnvelope(id, "who"));
        Probe.ReceiveN(3);

        await CoordinatedShutdown.Get(Sys).Run("test").WaitAsync(TimeSpan.FromSeconds(20));

        counts.Goodbyes.ShouldBe(3);
    }

    [Theory]
    [InlineData("web-0", "web-1")]
    [InlineData("pods/default/a", "pods/default/b")]
    public void The_shard_of_an_id_never_changes_and_neighbours_differ(string one, string other)
    {
        var extractor = new Entity.Extractor();
        extractor.ShardId(one).ShouldBe(new Entity.Extractor().ShardId(new string(one)));
        HashCodeMessageExtractor.StableHash(one).ShouldNotBe(HashCodeMessageExtractor.StableHash(other));
    }

    [Fact]
    public void Ids_spread_evenly_over_the_shards()
    {
        var extractor = new Entity.Extractor();
        var counts = Enumerable.Range(0, 10_000).GroupBy(i => extractor.ShardId($"pods/default/web-{i}")).Select(shard => shard.Count()).ToList();

        counts.Count.ShouldBe(Entity.Shards);
        counts.Min().ShouldBeGreaterThan(10_000 / Entity.Shards * 8 / 10);
    }

    private IActorRef Start(ClusterShardingSettings? settings = null, Action<string>? onPassivate = null)
    {
        var counts = new Entity.Counts();
        return ClusterSharding.Get(Sys).Start("t", id => Props.Create(() => new Entity(id, counts, onPassivate)), settings ?? new ClusterShardingSettings(), new Entity.Extractor());
    }

    private List<string> Entities(IActorRef region)
    {
        Probe.Send(region, GetShardRegionState.Instance);
        return [.. ExpectMsg<CurrentShardRegionState>().EntitiesByShard.SelectMany(shard => shard.Value)];
    }
}
