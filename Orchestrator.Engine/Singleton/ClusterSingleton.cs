using System.Collections.Concurrent;
using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Singleton;

/// <summary>What a singleton is made from.</summary>
/// <param name="Props">How to make it.</param>
/// <param name="Name">Its name across the cluster, also of its lease.</param>
/// <param name="StopMessage">Makes it stop for a hand-over; <see cref="PoisonPill"/> where null.</param>
public sealed record SingletonActor(Props Props, string Name, object? StopMessage = null);

/// <summary>Starts manager and proxy of singletons in one call.</summary>
public sealed class ClusterSingleton
{
    private readonly ActorSystem _system;
    private readonly ConcurrentDictionary<string, IActorRef> _proxies = new(StringComparer.Ordinal);

    private ClusterSingleton(ActorSystem system) => _system = system;

    /// <summary>The system's.</summary>
    public static ClusterSingleton Get(ActorSystem system) => system.GetOrAddExtension(static s => new ClusterSingleton(s));

    /// <summary>Who decides where singletons run; set before the first <see cref="Init"/> where there are several members.</summary>
    public ILeaseOwner LeaseOwner { get; set; } = SoleOwner.Instance;

    /// <summary>Makes sure that the singleton runs somewhere and returns a proxy of it; at a second call the same one.</summary>
    public IActorRef Init(SingletonActor singleton) => _proxies.GetOrAdd(singleton.Name, name =>
    {
        var path = "singleton-" + Uri.EscapeDataString(name);
        var manager = _system.SystemActorOf(ClusterSingletonManager.Props(singleton.Props, singleton.StopMessage ?? PoisonPill.Instance, name, LeaseOwner), path);
        Cluster.Cluster.Get(_system).AddBeforeRejoin(() => manager.Ask<Done>(new ClusterSingletonManager.WhenStopped()));
        CoordinatedShutdown.Get(_system).AddTask(CoordinatedShutdown.PhaseClusterExiting, path,
            cancel => manager.GracefulStop(Timeout.InfiniteTimeSpan, ClusterSingletonManager.HandOver.Instance).WaitAsync(cancel));
        return _system.SystemActorOf(ClusterSingletonProxy.Props(manager), path + "-proxy");
    });
}
