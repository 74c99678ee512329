using System.Collections.Concurrent;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Cluster;
using Orchestrator.Engine.Remote;
using Orchestrator.Engine.Sharding;
using Orchestrator.Engine.Singleton;
using Orchestrator.TestKit;
using Orchestrator.Tests.Engine.Remote;

namespace Orchestrator.Tests.Engine.Sharding;

/// <summary>Members of one cluster in one process: real membership on a store in memory, real remoting on a network of faults, shards and a singleton.</summary>
internal sealed class TestMembers : IAsyncDisposable
{
    private readonly TimeSpan _lease;
    private readonly ConcurrentDictionary<string, TestMember> _members = new();

    public TestMembers(int seed = 1, TimeSpan? lease = null)
    {
        _lease = lease ?? TimeSpan.FromSeconds(3);
        Network = new TestNetwork(seed);
        Store = new MemoryMemberStore(TimeProvider.System) { OnFenced = Ledger.Fence };
    }

    public TestNetwork Network { get; }

    public MemoryMemberStore Store { get; }

    public Ledger Ledger { get; } = new();

    public ICollection<TestMember> All => _members.Values;

    public TestMember this[string id] => _members[id];

    /// <summary>Starts a process of the member; returns when it is up.</summary>
    public async Task<TestMember> StartAsync(string id, ClusterShardingSettings? settings = null)
    {
        var system = ActorSystem.Create("test");
        await Remoting.StartAsync(system, RemoteFixture.Settings with { AcceptableHeartbeatPause = _lease, ConnectionTimeout = _lease }, Network.Transport(id, 1));
        var membership = Membership.Start(system, new MembershipSettings(id, system.Address.ToString()) { Lease = _lease }, Store, _ => Task.CompletedTask);
        var sharding = ClusterSharding.Get(system);
        sharding.ShardStore = Store.Shards(id, () => membership.Epoch);
        ClusterSingleton.Get(system).LeaseOwner = membership;
        var region = sharding.Start("t", entity => Props.Create(() => new MemberEntity(entity, id, membership, Ledger)),
            settings ?? new ClusterShardingSettings { RetryInterval = TimeSpan.FromMilliseconds(200), RebalanceInterval = TimeSpan.FromMilliseconds(500) }, new Entity.Extractor());
        var singleton = ClusterSingleton.Get(system).Init(new SingletonActor(Props.Create(() => new MemberEntity("the only one", id, membership, Ledger)), "only"));
        var member = new TestMember(id, system, membership, region, singleton);
        _members[id] = member;
        await membership.Up.WaitAsync(TimeSpan.FromSeconds(30));
        return member;
    }

    /// <summary>As <c>kill -9</c>.</summary>
    public async Task KillAsync(string id)
    {
        _members.TryRemove(id, out var member);
        Network.Kill(member!.System.Address);
        await member.System.Terminate();
        await Remoting.Get(member.System).DisposeAsync();
    }

    /// <summary>As SIGTERM: hands over, then goes.</summary>
    public async Task LeaveAsync(string id)
    {
        var member = _members[id];
        await CoordinatedShutdown.Get(member.System).Run("leave").WaitAsync(TimeSpan.FromSeconds(60));
        await Remoting.Get(member.System).DisposeAsync();
        _members.TryRemove(id, out _);
    }

    /// <summary>The shards that each member hosts.</summary>
    public async Task<Dictionary<string, List<string>>> ShardsAsync()
    {
        var shards = new Dictionary<string, List<string>>();
        foreach (var member in All)
            shards[member.Id] = [.. (await member.Region.Ask<CurrentShardRegionState>(GetShardRegionState.Instance, TimeSpan.FromSeconds(10))).EntitiesByShard.Keys];
        return shards;
    }

    /// <summary>How each member sees the cluster.</summary>
    public async Task<string> TellAsync()
    {
        var shards = await ShardsAsync();
        return string.Join("; ", All.Select(member => $"{member.Id} at {member.Membership.Epoch}{(member.Membership.IsUp ? "" : " (not up)")} sees "
            + $"{string.Join(", ", member.Cluster.State.Members.Select(each => $"{each.Id} {each.Epoch} {each.Status}"))} led by {member.Cluster.State.Leader?.Id}, "
            + $"waits for {member.Membership.WaitsFor}, hosts {string.Join(' ', shards[member.Id].Order())}"));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var member in All)
        {
            await member.System.Terminate();
            await Remoting.Get(member.System).DisposeAsync();
        }

        await Store.DisposeAsync();
    }
}

/// <summary>One process.</summary>
internal sealed record TestMember(string Id, ActorSystem System, Membership Membership, IActorRef Region, IActorRef Singleton)
{
    public Orchestrator.Engine.Cluster.Cluster Cluster => Orchestrator.Engine.Cluster.Cluster.Get(System);

    /// <summary>Asks an entity who it is, through this member.</summary>
    public Task<string> WhoAsync(string entity, TimeSpan? timeout = null) => Region.Ask<string>(new ShardingEnvelope(entity, "who"), timeout ?? TimeSpan.FromSeconds(20));

    public override string ToString() => Id;
}

/// <summary>Answers with its member's id, and has itself entered in the ledger.</summary>
internal sealed class MemberEntity(string id, string member, Membership membership, Ledger ledger) : UntypedActor
{
    private readonly object _incarnation = ledger.Started(id, member, membership.Epoch);

    protected override void OnReceive(object message)
    {
        ledger.Write(_incarnation);
        Sender.Tell(member, Self);
    }

    protected override void PostStop() => ledger.Stopped(_incarnation);
}

/// <summary>Who ran when: two incarnations of one entity, of members neither of which had been declared down, are what must never be.</summary>
internal sealed class Ledger
{
    private readonly Lock _lock = new();
    private readonly HashSet<(string Member, long Epoch)> _fenced = [];
    private readonly Dictionary<string, List<Incarnation>> _living = [];
    private readonly List<string> _overlaps = [];

    private sealed record Incarnation(string Entity, string Member, long Epoch);

    public IReadOnlyList<string> Overlaps
    {
        get
        {
            lock (_lock)
                return [.. _overlaps];
        }
    }

    public void Fence(string member, long epoch)
    {
        lock (_lock)
            _fenced.Add((member, epoch));
    }

    public object Started(string entity, string member, long epoch)
    {
        var incarnation = new Incarnation(entity, member, epoch);
        lock (_lock)
        {
            if (!_living.TryGetValue(entity, out var living))
                _living.Add(entity, living = []);
            living.Add(incarnation);
            Check(incarnation);
        }

        return incarnation;
    }

    public void Write(object incarnation)
    {
        lock (_lock)
            Check((Incarnation)incarnation);
    }

    public void Stopped(object incarnation)
    {
        lock (_lock)
            _living[((Incarnation)incarnation).Entity].RemoveAll(other => ReferenceEquals(other, incarnation));
    }

    private void Check(Incarnation mine)
    {
        if (_fenced.Contains((mine.Member, mine.Epoch)))
            return;
        foreach (var other in _living[mine.Entity])
        {
            if (!ReferenceEquals(other, mine) && !_fenced.Contains((other.Member, other.Epoch)))
                _overlaps.Add($"{mine} beside {other}");
        }
    }
}
