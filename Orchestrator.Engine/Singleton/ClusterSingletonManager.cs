using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote;
using Orchestrator.Engine.Remote.Serialization;

namespace Orchestrator.Engine.Singleton;

/// <summary>
/// Runs one actor per cluster: every member has a manager, the one that owns the lease has the child.
/// <code>
///   Younger (waiting) ──lease gained──▶ Oldest (running) ──lease lost or leaving──▶ HandingOver ──child stopped──▶ Younger | stopped
///                                           └──child stopped by itself──▶ started again
/// </code>
/// </summary>
public sealed class ClusterSingletonManager : UntypedActor
{
    private sealed record LeaseChanged(bool Owned);

    /// <summary>From a proxy: tell me who the singleton is, now and whenever that changes. The answers are <see cref="SingletonIs"/>. It may be said any number of times.</summary>
    /// <param name="Proxy">Whom to tell.</param>
    /// <param name="Manager">What the proxy calls this manager; it comes back with every answer.</param>
    [WireName("singleton.observe.v1")]
    internal sealed record Observe(IActorRef Proxy, string Manager) : IControlMessage;

    /// <summary>To a proxy; null while there is none here.</summary>
    [WireName("singleton.is.v1")]
    internal sealed record SingletonIs(string Manager, IActorRef? Singleton) : IControlMessage;

    /// <summary>This member's life is over: answered with <see cref="Done"/> when the singleton does not run here (any more).</summary>
    internal sealed record WhenStopped;

    /// <summary>Stop the singleton, give up the lease, then stop: for a member that leaves.</summary>
    public sealed class HandOver
    {
        private HandOver()
        {
        }

        /// <summary>The only instance.</summary>
        public static HandOver Instance { get; } = new();
    }

    private readonly Props _singletonProps;
    private readonly object _terminationMessage;
    private readonly string _leaseName;
    private readonly ILeaseOwner _lease;
    private readonly Dictionary<IActorRef, string> _observers = [];
    private readonly List<IActorRef> _whenStopped = [];
    private IActorRef? _singleton;
    private bool _owned;
    private bool _stopping;
    private bool _leaving;

    private ClusterSingletonManager(Props singletonProps, object terminationMessage, string leaseName, ILeaseOwner lease)
    {
        _singletonProps = singletonProps;
        _terminationMessage = terminationMessage;
        _leaseName = leaseName;
        _lease = lease;
    }

    /// <summary>Props of a manager. <paramref name="terminationMessage"/> must make the singleton stop; the lease is released only when it has.</summary>
    public static Props Props(Props singletonProps, object terminationMessage, string leaseName, ILeaseOwner lease) =>
        Actor.Props.Create(() => new ClusterSingletonManager(singletonProps, terminationMessage, leaseName, lease));

    /// <inheritdoc/>
    protected override void PreStart() => Compete();

    /// <inheritdoc/>
    protected override void PostStop() => _lease.Release(_leaseName);

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case LeaseChanged change:
                _owned = change.Owned;
                if (_owned)
                    StartSingleton();
                else
                    StopSingleton();
                break;
            case Observe observe:
                _observers[observe.Proxy] = observe.Manager;
                Context.Watch(observe.Proxy);
                observe.Proxy.Tell(new SingletonIs(observe.Manager, _stopping ? null : _singleton), Self);
                break;
            case HandOver:
                _leaving = true;
                StopSingleton();
                if (_singleton is null)
                    Context.Stop(Self);
                break;
            case WhenStopped when _singleton is null:
                Sender.Tell(Done.Instance, Self);
                break;
            case WhenStopped:
                _whenStopped.Add(Sender);
                StopSingleton();
                break;
            case Terminated gone when gone.ActorRef.Equals(_singleton):
                OnSingletonStopped();
                break;
            case Terminated gone:
                _observers.Remove(gone.ActorRef);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void StartSingleton()
    {
        if (_singleton is not null || _leaving)
            return;
        _singleton = Context.Watch(Context.ActorOf(_singletonProps, "singleton"));
        Announce(_singleton);
    }

    private void StopSingleton()
    {
        if (_singleton is null || _stopping)
            return;
        _stopping = true;
        Announce(null);
        _singleton.Tell(_terminationMessage, Self);
    }

    private void OnSingletonStopped()
    {
        _singleton = null;
        _stopping = false;
        foreach (var asker in _whenStopped)
            asker.Tell(Done.Instance, Self);
        _whenStopped.Clear();
        Announce(null);
        if (_leaving)
            Context.Stop(Self);
        else if (_owned)
            StartSingleton();
        else
            CompeteAgain();
    }

    private void Compete()
    {
        var self = Self;
        _lease.Acquire(_leaseName, owned => self.Tell(new LeaseChanged(owned), null));
    }

    /// <summary>What was lost may be gained again, but only after the singleton has stopped.</summary>
    private void CompeteAgain()
    {
        _lease.Release(_leaseName);
        Compete();
    }

    private void Announce(IActorRef? singleton)
    {
        foreach (var (observer, manager) in _observers)
            observer.Tell(new SingletonIs(manager, singleton), Self);
    }
}
