using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Cluster;
using Orchestrator.Engine.Remote;

namespace Orchestrator.Engine.Singleton;

/// <summary>
/// Stands for the singleton wherever it runs: forwards messages to it and keeps them while there is none, up to a limit, the oldest being dropped. It asks the manager
/// of every member, which has the same path everywhere; the one that runs the singleton says so, and later when it does not any more. It asks again and again: a manager forgets
/// those whose member was declared down, and need not have lost a connection with one that is back.
/// </summary>
public sealed class ClusterSingletonProxy : UntypedActor, IWithTimers
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);

    private readonly IActorRef _local;
    private readonly int _bufferSize;
    private readonly Queue<(object Message, IActorRef Sender)> _buffer = new();
    private readonly Dictionary<string, Manager> _managers = new(StringComparer.Ordinal);
    private IActorRef? _singleton;

    private ClusterSingletonProxy(IActorRef manager, int bufferSize)
    {
        _local = manager;
        _bufferSize = bufferSize;
    }

    private sealed record Again;

    private sealed class Manager(IActorRef actor, string address)
    {
        public IActorRef Actor => actor;

        public string Address => address;

        public IActorRef? Singleton { get; set; }
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>Props of a proxy of the singleton of <paramref name="manager"/>, which is this member's.</summary>
    public static Props Props(IActorRef manager, int bufferSize = 1000) => Actor.Props.Create(() => new ClusterSingletonProxy(manager, bufferSize));

    /// <inheritdoc/>
    protected override void PreStart()
    {
        Add("", new Manager(_local, ""));
        Timers.StartPeriodicTimer(nameof(Again), new Again(), AskAgain);
        Cluster.Cluster.Get(Context.System).Subscribe(Self);
        Context.System.EventStream.Subscribe<AssociatedEvent>(Self);
    }

    /// <inheritdoc/>
    protected override void PostStop() => Cluster.Cluster.Get(Context.System).Unsubscribe(Self);

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ClusterSingletonManager.SingletonIs now:
                OnSingleton(now);
                break;
            case ClusterEvent.CurrentClusterState state:
                foreach (var member in state.Members)
                    OnMember(member);
                break;
            case ClusterEvent.IMemberEvent change:
                OnMember(change.Member);
                break;
            case ClusterEvent.LeaderChanged:
                break;
            case AssociatedEvent connected:
                // What was said before may have been lost with the former connection.
                foreach (var (name, manager) in _managers.Where(entry => entry.Value.Address == connected.RemoteAddress.ToString()))
                    Observe(name, manager);
                break;
            case Again:
                foreach (var (name, manager) in _managers)
                    Observe(name, manager);
                break;
            default:
                Pass(message);
                break;
        }
    }

    private void OnMember(Member member)
    {
        var system = Context.System;
        if (member.Id == Cluster.Cluster.Get(system).SelfMember.Id || !Address.TryParse(member.Address, out var address) || !address.HasGlobalScope || !system.Address.HasGlobalScope)
            return;
        if (member.Status is MemberStatus.Down or MemberStatus.Removed)
        {
            if (_managers.Remove(member.Id))
                Choose(null);
        }
        else if (member.Status != MemberStatus.Joining && (!_managers.TryGetValue(member.Id, out var known) || known.Address != member.Address))
        {
            Add(member.Id, new Manager(system.ResolveActorRef($"{member.Address}{_local.Path.ToStringWithoutAddress()}"), member.Address));
        }
    }

    private void Add(string name, Manager manager)
    {
        _managers[name] = manager;
        Observe(name, manager);
    }

    private void Observe(string name, Manager manager) => manager.Actor.Tell(new ClusterSingletonManager.Observe(Self, name), Self);

    private void OnSingleton(ClusterSingletonManager.SingletonIs now)
    {
        if (!_managers.TryGetValue(now.Manager, out var manager))
            return;
        if (Equals(manager.Singleton, now.Singleton))
            return;
        manager.Singleton = now.Singleton;
        Choose(now.Singleton);
    }

    /// <summary>Who has said so last; else anybody who has. Two only say so where the news of the former's end is still on its way.</summary>
    private void Choose(IActorRef? latest)
    {
        _singleton = latest ?? _managers.Values.FirstOrDefault(manager => manager.Singleton is not null)?.Singleton;
        while (_singleton is not null && _buffer.TryDequeue(out var waiting))
            _singleton.Tell(waiting.Message, waiting.Sender);
    }

    private void Pass(object message)
    {
        if (_singleton is not null)
        {
            _singleton.Forward(message);
            return;
        }

        if (_buffer.Count >= _bufferSize && _buffer.TryDequeue(out var oldest))
            Context.System.DeadLetters.Tell(oldest.Message, oldest.Sender);
        _buffer.Enqueue((message, Sender));
    }
}
