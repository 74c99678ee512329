using System.Collections.Concurrent;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Cluster;
using Orchestrator.Engine.Sharding;
using Orchestrator.Tests.Engine.Remote;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Sharding;

/// <summary>Shards and singletons over several members.</summary>
public sealed class ClusterShardingTests
{
    private static readonly string[] Entities = [.. Enumerable.Range(0, 40).Select(i => $"e{i}")];

    [Fact]
    public async Task Every_entity_is_one_actor_whichever_member_is_asked_and_members_share_the_shards()
    {
        await using var members = new TestMembers();
        foreach (var id in new[] { "a", "b", "c" })
            await members.StartAsync(id);

        await SpreadAsync(members);
        foreach (var entity in Entities)
        {
            var homes = await Task.WhenAll(members.All.Select(member => member.WhoAsync(entity)));
            homes.Distinct().Count().ShouldBe(1, entity);
        }

        (await Task.WhenAll(members.All.Select(member => member.Singleton.Ask<string>("who", TimeSpan.FromSeconds(20))))).Distinct().Count().ShouldBe(1);
        members.Ledger.Overlaps.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_killed_member_is_replaced_also_where_it_led()
    {
        await using var members = new TestMembers(lease: TimeSpan.FromSeconds(1.5));
        foreach (var id in new[] { "a", "b", "c" })
            await members.StartAsync(id);
        await SpreadAsync(members);
        foreach (var entity in Entities)
            await members["b"].WhoAsync(entity);
        var leader = Orchestrator.Engine.Cluster.Cluster.Get(members["a"].System).State.Leader!.Id;
        leader.ShouldBe("a");

        await members.KillAsync("a");

        foreach (var entity in Entities)
            (await EventuallyAsync(() => members["b"].WhoAsync(entity, TimeSpan.FromSeconds(1)))).ShouldBeOneOf("b", "c");
        (await EventuallyAsync(() => members["c"].Singleton.Ask<string>("who", TimeSpan.FromSeconds(1)))).ShouldBeOneOf("b", "c");

        // It comes back and takes its share.
        await members.StartAsync("a");
        await SpreadAsync(members);
        members.Ledger.Overlaps.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_rolling_restart_of_all_members_fails_no_request()
    {
        // Nobody is to be taken for dead, and no connection for broken, because this machine is busy.
        await using var members = new TestMembers(lease: TimeSpan.FromMinutes(1));
        string[] ids = ["a", "b", "c"];
        foreach (var id in ids)
            await members.StartAsync(id);
        await SpreadAsync(members);
        using var stop = new CancellationTokenSource();
        var asked = 0;

        // As clients behind a load balancer: a member that leaves is not asked any more, and leaves when it has answered.
        var leaving = "";
        var open = new ConcurrentDictionary<string, int>();
        var clients = Enumerable.Range(0, 4).Select(client => Task.Run(async () =>
        {
            var random = new Random(client);
            while (!stop.IsCancellationRequested)
            {
                var id = ids[random.Next(ids.Length)];
                open.AddOrUpdate(id, 1, (_, count) => count + 1);

                // Looked up only now: what was chosen earlier may be a life of the member that has left meanwhile.
                if (id != Volatile.Read(ref leaving))
                    await members[id].WhoAsync(Entities[random.Next(Entities.Length)]);
                open.AddOrUpdate(id, 0, (_, count) => count - 1);
                Interlocked.Increment(ref asked);
            }
        })).ToList();

        foreach (var id in ids)
        {
            Volatile.Write(ref leaving, id);
            TestWait.Until(() => open.GetValueOrDefault(id) == 0, $"{id} has answered");
            await members.LeaveAsync(id);
            await members.StartAsync(id);
            Volatile.Write(ref leaving, "");
            await SpreadAsync(members);
        }

        await stop.CancelAsync();
        await Task.WhenAll(clients);
        asked.ShouldBeGreaterThan(100);
        members.Ledger.Overlaps.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_member_that_was_declared_down_stops_its_shards_and_joins_again()
    {
        await using var members = new TestMembers(lease: TimeSpan.FromSeconds(1));
        foreach (var id in new[] { "a", "b", "c" })
            await members.StartAsync(id);
        await SpreadAsync(members);
        var own = "";
        foreach (var entity in Entities)
            own = await members["a"].WhoAsync(entity) == "c" ? entity : own;
        var epoch = members["c"].Membership.Epoch;

        members.Store.CutOff("c");
        members.Network.Partition(members["a"].System.Address, members["c"].System.Address);
        members.Network.Partition(members["b"].System.Address, members["c"].System.Address);

        foreach (var entity in Entities)
            (await EventuallyAsync(() => members["a"].WhoAsync(entity, TimeSpan.FromSeconds(1)))).ShouldBeOneOf("a", "b");
        (await members["c"].Region.Ask<CurrentShardRegionState>(GetShardRegionState.Instance, TimeSpan.FromSeconds(10))).EntitiesByShard.ShouldBeEmpty();

        // What comes to it meanwhile for an entity that it had waits.
        var waiting = members["c"].WhoAsync(own, TimeSpan.FromSeconds(30));
        members.Store.CutOff("c", false);
        members.Network.Heal(members["a"].System.Address, members["c"].System.Address);
        members.Network.Heal(members["b"].System.Address, members["c"].System.Address);
        await waiting;
        await SpreadAsync(members);
        members["c"].Membership.Epoch.ShouldBeGreaterThan(epoch);
        members.Ledger.Overlaps.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_leader_that_is_cut_off_from_the_others_but_not_from_the_store_gives_way_and_comes_back()
    {
        await using var members = new TestMembers(lease: TimeSpan.FromSeconds(2));
        foreach (var id in new[] { "a", "b", "c" })
            await members.StartAsync(id);
        await SpreadAsync(members);
        TestWait.Until(() => members["b"].Cluster.State.Leader is not null, "a leader");
        var lonely = members["b"].Cluster.State.Leader!.Id;
        var others = members.All.Where(member => member.Id != lonely).OrderBy(member => member.Id).ToList();
        var epoch = members[lonely].Membership.Epoch;

        foreach (var other in others)
            members.Network.Partition(members[lonely].System.Address, other.System.Address);

        foreach (var entity in Entities)
            (await EventuallyAsync(() => others[0].WhoAsync(entity, TimeSpan.FromSeconds(1)), members)).ShouldNotBe(lonely);
        (await EventuallyAsync(() => others[1].Singleton.Ask<string>("who", TimeSpan.FromSeconds(1)), members)).ShouldNotBe(lonely);
        TestWait.Until(() => members[lonely].Membership.Epoch > epoch && members[lonely].Membership.WaitsFor is not null, $"{lonely} waits for the others in its next life");
        members[lonely].Membership.IsUp.ShouldBeFalse();

        foreach (var other in others)
            members.Network.Heal(members[lonely].System.Address, other.System.Address);
        await SpreadAsync(members);
        TestWait.Until(() => members[lonely].Membership.IsUp, $"{lonely} is up");
        members.Ledger.Overlaps.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_singleton_moves_when_its_member_leaves_and_every_member_finds_it()
    {
        await using var members = new TestMembers();
        foreach (var id in new[] { "a", "b", "c" })
            await members.StartAsync(id);
        var home = await members["a"].Singleton.Ask<string>("who", TimeSpan.FromSeconds(20));

        await members.LeaveAsync(home);

        var homes = await Task.WhenAll(members.All.Select(member => EventuallyAsync(() => member.Singleton.Ask<string>("who", TimeSpan.FromSeconds(2)))));
        homes.Distinct().ShouldHaveSingleItem().ShouldNotBe(home);
        members.Ledger.Overlaps.ShouldBeEmpty();
    }

    [Fact]
    public async Task Nothing_of_a_shard_runs_before_the_member_is_ready_for_it()
    {
        await using var members = new TestMembers();
        var ready = new TaskCompletionSource();
        var attempts = 0;
        var member = await members.StartAsync("a", new ClusterShardingSettings
        {
            RetryInterval = TimeSpan.FromMilliseconds(100),
            BeforeHosting = (_, _) => Interlocked.Increment(ref attempts) == 1 ? throw new InvalidOperationException("not the first time") : ready.Task,
        });

        var asked = member.WhoAsync("e0");
        TestWait.Until(() => Volatile.Read(ref attempts) >= 2, "a second attempt");
        asked.IsCompleted.ShouldBeFalse();
        ready.SetResult();

        (await asked).ShouldBe("a");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Whatever_happens_no_entity_runs_twice_and_in_the_end_all_answer(int seed)
    {
        await using var members = new TestMembers(seed, TimeSpan.FromSeconds(1));
        members.Network.MaxDelay = TimeSpan.FromMilliseconds(3);
        members.Network.LossRate = 0.02;
        string[] ids = ["a", "b", "c"];
        foreach (var id in ids)
            await members.StartAsync(id);
        using var stop = new CancellationTokenSource();
        var client = Task.Run(async () =>
        {
            var random = new Random(seed);
            while (!stop.IsCancellationRequested)
            {
                if (members.All.ToList() is { Count: > 0 } all)
                    await Task.WhenAny(all[random.Next(all.Count)].WhoAsync(Entities[random.Next(Entities.Length)], TimeSpan.FromMilliseconds(100)));
            }
        });
        var random = new Random(seed);
        for (var round = 0; round < 10; round++)
        {
            var id = ids[random.Next(3)];
            var other = ids[(Array.IndexOf(ids, id) + 1) % 3];
            switch (random.Next(5))
            {
                case 0:
                    await members.KillAsync(id);
                    await members.StartAsync(id);
                    break;
                case 1:
                    await members.LeaveAsync(id);
                    await members.StartAsync(id);
                    break;
                case 2:
                    var epoch = members[id].Membership.Epoch;
                    members.Store.CutOff(id);

                    // Not IsUp: that may come back, when the answer to the last beat is still on its way.
                    TestWait.Until(() => members[id].Cluster.SelfMember.Status == MemberStatus.Down, $"seed {seed}: the end of {id}'s life");
                    members.Store.CutOff(id, false);
                    TestWait.Until(() => members[id].Membership.Epoch > epoch, $"seed {seed}: the next life of {id}");
                    break;
                case 3:
                    members.Network.Partition(members[id].System.Address, members[other].System.Address);
                    await Task.WhenAny(members[id].WhoAsync("e1", TimeSpan.FromSeconds(1)));
                    members.Network.Heal(members[id].System.Address, members[other].System.Address);
                    break;
                default:
                    members.Network.Break(members[id].System.Address, members[other].System.Address);
                    break;
            }
        }

        members.Network.LossRate = 0;
        await stop.CancelAsync();
        await client;
        await SpreadAsync(members);
        foreach (var entity in Entities)
            await EventuallyAsync(() => members.All.First().WhoAsync(entity, TimeSpan.FromSeconds(2)));
        foreach (var member in members.All)
            await EventuallyAsync(() => member.Singleton.Ask<string>("who", TimeSpan.FromSeconds(2)));
        members.Ledger.Overlaps.ShouldBeEmpty($"seed {seed}");
    }

    /// <summary>Waits until every shard has one home and no member has more than its share.</summary>
    private static async Task SpreadAsync(TestMembers members)
    {
        // A shard is placed when its first message comes.
        foreach (var entity in Entities)
            await EventuallyAsync(() => members.All.First().WhoAsync(entity, TimeSpan.FromSeconds(2)));
        await EventuallyAsync(async () =>
        {
            var shards = await members.ShardsAsync();
            shards.Values.SelectMany(own => own).Order().ShouldBe(Enumerable.Range(0, Entity.Shards).Select(shard => $"{shard}"));
            (shards.Values.Max(own => own.Count) - shards.Values.Min(own => own.Count)).ShouldBeLessThanOrEqualTo(1);
            return true;
        });
    }

    /// <summary>Tries again for what fails while the cluster is not whole; in the end throws what failed last.</summary>
    private static async Task<T> EventuallyAsync<T>(Func<Task<T>> attempt, TestMembers? members = null)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await attempt();
            }
            catch (Exception) when (TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(30))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            }
            catch (Exception e) when (members is not null)
            {
                throw new InvalidOperationException(await members.TellAsync(), e);
            }
        }
    }
}
