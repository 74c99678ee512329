using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Cluster;
using Orchestrator.Engine.Sharding;
using Orchestrator.TestKit;
using Shouldly;
using Xunit;
using static Orchestrator.Engine.Sharding.ShardCoordination;

namespace Orchestrator.Tests.Engine.Sharding;

/// <summary>
/// A member whose life has ended is back, in its next life, before the leader has heard of either: connections last, and messages cross. What the old life had is given to others in the
/// end, so the new one must not start any of it.
/// </summary>
public sealed class MemberLivesTests : TestKit.TestKit
{
    private static readonly ClusterShardingSettings Settings = new() { StartAllShards = true, RebalanceInterval = TimeSpan.FromDays(1), HandOffTimeout = TimeSpan.FromDays(1) };

    private readonly Dictionary<string, TestProbe> _regions = [];

    private Orchestrator.Engine.Cluster.Cluster Cluster => Orchestrator.Engine.Cluster.Cluster.Get(Sys);

    [Fact]
    public void A_life_that_the_leader_has_not_heard_of_is_told_to_host_nothing_and_the_old_lifes_shards_go_to_others()
    {
        var coordinator = TwoMembers(out var ofX);

        coordinator.Tell(new Register(_regions["x"].Ref, "x", 6, []), null);
        coordinator.Tell(new GetShardHome(_regions["x"].Ref, "x", ofX[0]), null);
        // The order for the life that the leader knows: the region ignores it (see below). There is none for the other.
        _regions["x"].FishForMessage<HostShard>().ShouldBe(new HostShard(ofX[0], 1, 5));

        ComesBack("x", 5, 6);
        Orders("a", ofX.Count).ShouldBe(ofX.Select(shard => new HostShard(shard, 2, 1)), ignoreOrder: true);
        _regions["x"].FishForMessage<RegisterAgain>();

        // From then on it takes its share again, by hand-off.
        coordinator.Tell(new Register(_regions["x"].Ref, "x", 6, []), null);
        _regions["a"].FishForMessage<BeginHandOff>();
        _regions["x"].ReceiveAvailable().OfType<HostShard>().ShouldBeEmpty();
    }

    [Fact]
    public void A_move_whose_old_home_is_declared_down_needs_its_answer_no_more()
    {
        var coordinator = TwoMembers(out var ofX);
        coordinator.Tell(new GracefulShutdownRequest("x"), null);
        foreach (var id in new[] { "a", "x" })
        {
            _regions[id].FishForMessage<BeginHandOff>(begin => begin.Shard == ofX[0]);
            _regions[id].Reply(new BeginHandOffAck(ofX[0], _regions[id].Ref));
        }
        _regions["x"].FishForMessage<HandOff>().Shard.ShouldBe(ofX[0]);
        _regions["a"].ReceiveAvailable().OfType<HostShard>().ShouldBeEmpty();

        ComesBack("x", 5, 6);

        Orders("a", ofX.Count).Select(order => order.Shard).ShouldBe(ofX, ignoreOrder: true);
    }

    [Fact]
    public void A_shard_that_was_handed_off_under_a_coordinator_that_is_gone_is_assigned_again()
    {
        var coordinator = TwoMembers(out var ofX);

        coordinator.Tell(new ShardHandedOff(ofX[0], 1, "x"), null);
        coordinator.Tell(new ShardHandedOff(ofX[0], 1, "x"), null);

        // Where there are fewest now.
        _regions["x"].FishForMessage<HostShard>().ShouldBe(new HostShard(ofX[0], 2, 5));
        coordinator.Tell(new ShardHandedOff(ofX[0], 1, "x"), null);
        coordinator.Tell(new GetShardHome(_regions["x"].Ref, "x", ofX[0]), null);
        _regions["x"].FishForMessage<HostShard>().ShouldBe(new HostShard(ofX[0], 2, 5), "what comes late changes nothing");
    }

    [Fact]
    public void A_region_hosts_in_the_life_it_was_told_for_and_under_no_assignment_that_it_has_handed_off()
    {
        Cluster.JoinAlone("a", Sys.Address.ToString(), 6);
        var region = ClusterSharding.StartRegion(Sys, "t", id => Props.Create(() => new Entity(id, new Entity.Counts(), null)), Settings, new Entity.Extractor(), CoordinatorPlace.OnLeader("t"));

        region.Tell(new HostShard("1", 1, 5), TestActor);
        Hosted(region).ShouldBeEmpty();
        region.Tell(new HostShard("1", 1, 6), TestActor);
        Hosted(region).ShouldBe(["1"]);

        region.Tell(new HandOff("1", 1), TestActor);
        ExpectMsg(new HandOffDone("1"));
        region.Tell(new HostShard("1", 1, 6), TestActor);
        Hosted(region).ShouldBeEmpty();
        region.Tell(new HostShard("1", 2, 6), TestActor);
        Hosted(region).ShouldBe(["1"]);
    }

    /// <summary>This member a, which leads, and x in its life 5, with its part of the shards.</summary>
    private IActorRef TwoMembers(out IReadOnlyList<string> ofX)
    {
        Cluster.JoinAlone("a", Sys.Address.ToString(), 1);
        Joins("x", 5);
        foreach (var id in new[] { "a", "x" }) _regions[id] = CreateTestProbe();
        var store = new MemoryShardStore();
        // Each has its half already.
        foreach (var (owner, half) in new[] { ("a", 0), ("x", 1) })
            _ = store.AssignAsync("t", [.. new Entity.Extractor().ShardIds.Where((_, i) => i % 2 == half)], owner);
        ofX = [.. new Entity.Extractor().ShardIds.Where((_, i) => i % 2 == 1)];
        var coordinator = Sys.SystemActorOf(Props.Create(() => new ShardCoordinator("t", new Entity.Extractor(), Settings, new LeastShardAllocationStrategy(), store, member => _regions[member.Id].Ref)), "coordinator");
        foreach (var (id, epoch) in new[] { ("a", 1L), ("x", 5L) }) coordinator.Tell(new Register(_regions[id].Ref, id, epoch, []), null);
        Orders("x", ofX.Count).ShouldBe(ofX.Select(shard => new HostShard(shard, 1, 5)), ignoreOrder: true);
        Orders("a", ofX.Count);
        return coordinator;
    }

    /// <summary>The next orders to host that a region is given.</summary>
    private List<HostShard> Orders(string region, int count) => [.. Enumerable.Range(0, count).Select(_ => _regions[region].FishForMessage<HostShard>())];

    private void Joins(string id, long epoch)
    {
        var member = new Member(id, $"akka.tls://test@{id}:1", epoch, MemberStatus.Joining, []);
        Cluster.Update(member);
        Cluster.Update(member with { Status = MemberStatus.Up });
    }

    private void ComesBack(string id, long epoch, long next)
    {
        var member = new Member(id, $"akka.tls://test@{id}:1", epoch, MemberStatus.Down, []);
        Cluster.Update(member);
        Cluster.Update(member with { Status = MemberStatus.Removed });
        Joins(id, next);
    }

    private List<string> Hosted(IActorRef region)
    {
        Time.Settle();
        var probe = CreateTestProbe();
        probe.Send(region, GetShardRegionState.Instance);
        return [.. probe.ExpectMsg<CurrentShardRegionState>().EntitiesByShard.Keys];
    }
}
