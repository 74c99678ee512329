using Orchestrator.Engine.Actor;
using Orchestrator.NodeAgent.Connection;
using Orchestrator.NodeAgent.Nodes;
using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Probes;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Volumes;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Resources;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Workloads;
using ContainerState = Orchestrator.NodeAgent.Runtime.ContainerState;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>
/// One node: says hello to the control plane, keeps one <see cref="PodWorkerActor"/> per pod, passes the engine's events to them, follows the objects they need, and
/// reports the node. Containers of unknown pods are removed only after the control plane has told which pods there are.
/// </summary>
internal sealed class NodeAgentActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan ResyncInterval = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan OrphanGrace = TimeSpan.FromSeconds(2);
    private static readonly string[] FollowedWhole = ["services"];

    private readonly NodeAgentOptions _options;
    private readonly AgentServices _services;
    private readonly Prober _prober;
    private readonly Dictionary<string, Worker> _workers = [];
    private readonly CancellationTokenSource _stopped = new();
    private Dictionary<string, List<ContainerState>> _engine = [];
    private HashSet<ResourceKey> _followed = [];
    private readonly HashSet<string> _ending = [];
    private IActorRef? _shuttingDownFor;
    private NodeFacts _facts;
    private NodeStatus? _status;
    private string _podCidr = "";
    private bool _welcomed;
    private bool _runtimeUp;
    private bool _networkUp;
    private bool _configuring;
    private bool _looking;
    private bool _heartbeatUnanswered;
    private DateTimeOffset _lastHello;
    private long _seen;

    /// <param name="options">How it runs.</param>
    /// <param name="services">What its pods share.</param>
    /// <param name="facts">The machine as it is now.</param>
    public NodeAgentActor(NodeAgentOptions options, AgentServices services, NodeFacts facts)
    {
        (_options, _services, _facts) = (options, services, facts with { RuntimeError = "not connected yet", NetworkError = "the node has no pod CIDR yet" });
        _prober = new Prober(options.Runtime, options.TimeProvider);
        Receive<RuntimeUp>(OnRuntimeUp);
        Receive<RuntimeDown>(OnRuntimeDown);
        Receive<RuntimeLost>(_ => OnRuntimeLost());
        Receive<RuntimeEvent>(OnRuntimeEvent);
        Receive<NetworkUp>(OnNetworkUp);
        Receive<Relisted>(OnRelisted);
        Receive<RelistFailed>(_ => Timers.StartSingleTimer("relist", Tick.Relist, TimeSpan.FromSeconds(1)));
        Receive<AgentWelcome>(OnWelcome);
        Receive<AgentRefused>(_ => { });
        Receive<MembersChanged>(_ => { }); // an agent of the member's own process needs no other
        Receive<HomeFound>(_ => OnHomeFound());
        Receive<HomeLost>(_ => Disconnected());
        Receive<AgentHeartbeatSeen>(_ => _heartbeatUnanswered = false);
        Receive<AgentUnknown>(_ => Reconnect());
        Receive<PodsChanged>(changed => OnPods(changed.Pods));
        Receive<ObjectsChanged>(OnObjects);
        Receive<NodeChanged>(changed => UseNode(changed.NodeJson));
        Receive<PodWanted>(OnPodWanted);
        Receive<PodReleased>(released => Forget(released.Uid));
        Receive<LivePodsWanted>(_ => Sender.Tell(new LivePods(_welcomed && _networkUp ? _workers.Keys.ToHashSet() : null), Self));
        Receive<NodePictureWanted>(_ => Sender.Tell(new NodePicture([.. _workers.Select(w => new PodOfNode(w.Value.Key, w.Key, w.Value.Pod.Json))], _podCidr), Self));
        Receive<FindContainer>(OnFind);
        Receive<Looked>(OnLooked);
        Receive<ShutDownNode>(OnShutDown);
        Receive<PodEnded>(ended => Ended(ended.Uid));
        Receive<Terminated>(OnTerminated);
        Receive<Tick>(OnTick);
        Receive<Status.Failure>(failure => throw new InvalidOperationException("a step of the node agent failed", failure.Cause));
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override void PreStart()
    {
        Context.Watch(_options.ControlPlane);
        var services = _services;
        Context.ActorOf(Props.Create(() => new GarbageActor(services)), "garbage");
        Timers.StartPeriodicTimer("hello", Tick.Hello, _options.RetryInterval);
        Timers.StartPeriodicTimer("heartbeat", Tick.Heartbeat, _options.HeartbeatInterval * _options.Phase, _options.HeartbeatInterval);
        Timers.StartPeriodicTimer("status", Tick.Status, _options.StatusInterval * _options.Phase, _options.StatusInterval);
        Timers.StartPeriodicTimer("resync", Tick.Resync, ResyncInterval * _options.Phase, ResyncInterval);
        var watch = new RuntimeWatch(_options.Runtime, Self, _options.TimeProvider);
        var cancel = _stopped.Token;
        Task.Run(() => watch.RunAsync(cancel), CancellationToken.None).PipeTo(Self, null, null, e => e is OperationCanceledException ? RuntimeLost.Instance : new Status.Failure(e));
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _stopped.Cancel();
        _stopped.Dispose();
        _prober.Dispose();
    }

    // ---- the engine

    private void OnRuntimeUp(RuntimeUp up)
    {
        _runtimeUp = true;
        _facts = _facts with { Runtime = up.Info, RuntimeError = "" };
        _engine = ByPod(up.Containers);
        if (_welcomed) ConfigureNetwork();
        else Hello();
        LookAtNode();
    }

    private void OnRuntimeDown(RuntimeDown down)
    {
        _facts = _facts with { Runtime = null, RuntimeError = down.Message };
        if (!_welcomed && _status is null) Hello();
        ReportNode();
        OnRuntimeLost();
    }

    private void OnRuntimeLost()
    {
        if (!_runtimeUp || _stopped.IsCancellationRequested) return;
        (_runtimeUp, _networkUp) = (false, false);
        foreach (var worker in _workers.Values) worker.Actor.Tell(RuntimeLost.Instance);
        // A single call may have failed while the event stream lives on; then no RuntimeUp would come by itself.
        Timers.StartSingleTimer("relist", Tick.Relist, TimeSpan.FromSeconds(1));
    }

    private void OnRuntimeEvent(RuntimeEvent e)
    {
        if (_workers.TryGetValue(PodLabels.Get(e.Labels, PodLabels.PodUid), out var worker)) worker.Actor.Tell(e);
    }

    private void Relist()
    {
        var runtime = _options.Runtime;
        Task.Run(async () => new RuntimeUp(await runtime.InfoAsync(CancellationToken.None).ConfigureAwait(false), await runtime.ListAsync(CancellationToken.None).ConfigureAwait(false)))
            .PipeTo(Self, null, null, e => e is RuntimeUnavailableException or RuntimeException ? new RelistFailed(e.Message) : new Status.Failure(e));
    }

    private void ConfigureNetwork()
    {
        if (_podCidr.Length == 0 || _networkUp || _configuring) return;
        _configuring = true;
        var (runtime, cidr) = (_options.Runtime, _podCidr);
        // The list is taken after the network: events since the first list have reached no worker yet.
        Task.Run(async () =>
        {
            await runtime.ConfigureNetworkAsync(cidr, CancellationToken.None).ConfigureAwait(false);
            return await runtime.ListAsync(CancellationToken.None).ConfigureAwait(false);
        }).PipeTo(Self, null, containers => new NetworkUp(containers, null), e => new NetworkUp([], e));
    }

    private void OnNetworkUp(NetworkUp result)
    {
        _configuring = false;
        // The engine went away meanwhile: its containers are listed anew when it is back, and this step comes again.
        if (!_runtimeUp) return;
        if (result.Failure is { } failure)
        {
            _facts = _facts with { NetworkError = failure.Message };
            ReportNode();
            Timers.StartSingleTimer("relist", Tick.Relist, _options.RetryInterval);
            return;
        }
        _networkUp = true;
        _facts = _facts with { NetworkError = null };
        ReportNode();
        _engine = ByPod(result.Containers);
        SweepOrphans();
        foreach (var (uid, worker) in _workers) worker.Actor.Tell(new RuntimeRecovered(Observed(uid)));
        _engine = [];
    }

    /// <summary>Containers and directories of pods that are not this node's any more. Only after the control plane has told the pods.</summary>
    private void SweepOrphans()
    {
        var runtime = _options.Runtime;
        foreach (var (uid, states) in _engine.Where(e => !_workers.ContainsKey(e.Key)))
        {
            var disk = _services.Disk;
            Task.Run(async () =>
            {
                await OrphanSweep.RemoveAsync(runtime, states, OrphanGrace, CancellationToken.None).ConfigureAwait(false);
                disk.Remove(uid);
            }).PipeTo(Self, null, null, e => e is RuntimeUnavailableException or RuntimeException or IOException ? RuntimeLost.Instance : new Status.Failure(e));
        }
        foreach (var uid in _services.Disk.Uids().Where(u => !_workers.ContainsKey(u) && !_engine.ContainsKey(u)).ToList()) _services.Disk.Remove(uid);
    }

    // ---- the control plane

    private void Hello()
    {
        _lastHello = _options.TimeProvider.GetUtcNow();
        _status = NodeStatusBuilder.Build(_options, _facts, _status, _options.TimeProvider.GetUtcNow());
        _options.ControlPlane.Tell(new AgentHello(_options.NodeName, Self, TypedJson.Write(NodeStatusBuilder.Node(_options, _status)), _seen), Self);
    }

    private void OnWelcome(AgentWelcome welcome)
    {
        var first = !_welcomed;
        _welcomed = true;
        Timers.Cancel("hello");
        UseNode(welcome.NodeJson);
        _options.ControlPlane.Tell(new FollowResources(_options.NodeName, FollowedWhole), Self);
        _followed = [];
        var here = welcome.Pods.Select(p => p.Uid).ToHashSet();
        foreach (var (_, worker) in _workers.Where(w => !here.Contains(w.Key)).ToList()) worker.Actor.Tell(PodObjectGone.Instance);
        OnPods(welcome.Pods);
        Follow(always: true);
        foreach (var worker in _workers.Values) worker.Actor.Tell(PodWorkerActor.Wake.Report, Self);
        if (first || !_networkUp) ConfigureNetwork();
        // The hello that is answered here may be older than what was reported meanwhile, and was stored after it: what counts is said last.
        TellNodeStatus();
        _heartbeatUnanswered = false;
        Beat();
    }

    /// <summary>One sign of life. Where the last one had no answer the endpoint may have forgotten this agent (or be gone without a word): hello again.</summary>
    private void Beat()
    {
        if (_heartbeatUnanswered)
        {
            Reconnect();
            return;
        }
        _heartbeatUnanswered = true;
        _options.ControlPlane.Tell(new AgentHeartbeat(_options.NodeName), Self);
    }

    /// <summary>Hello at once, and until it is answered; but never faster than hellos are repeated, whatever the endpoint answers.</summary>
    private void Reconnect()
    {
        Disconnected();
        if (_options.TimeProvider.GetUtcNow() - _lastHello >= _options.RetryInterval) Hello();
    }

    private void OnHomeFound()
    {
        if (_runtimeUp || _status is not null) Hello();
    }

    /// <summary>Pods run on; the next welcome brings everything up to date.</summary>
    private void Disconnected()
    {
        (_welcomed, _heartbeatUnanswered) = (false, false);
        Timers.StartPeriodicTimer("hello", Tick.Hello, _options.RetryInterval);
    }

    private void UseNode(ReadOnlyMemory<byte> json)
    {
        var node = TypedJson.Read<Node>(json);
        if (node.Spec.PodCIDR.Length == 0 || node.Spec.PodCIDR == _podCidr) return;
        _podCidr = node.Spec.PodCIDR;
        if (_welcomed && _runtimeUp) ConfigureNetwork();
    }

    private void OnPods(IReadOnlyList<ObjectState> states)
    {
        foreach (var state in states)
        {
            _seen = Math.Max(_seen, state.ResourceVersion);
            if (state.Json is not { } json)
            {
                if (_workers.TryGetValue(state.Uid, out var gone)) gone.Actor.Tell(PodObjectGone.Instance);
                continue;
            }
            if (_workers.TryGetValue(state.Uid, out var worker) && worker.ResourceVersion >= state.ResourceVersion) continue;
            var known = new KnownPod(json);
            var pod = known.Pod;
            if (pod.Spec.NodeName != _options.NodeName || (worker is null && _shuttingDownFor is not null)) continue;
            ResourceKey[] references = [.. PodReferences.Of(pod)];
            if (worker is null) worker = Start(state.Uid, state.Key, known);
            else worker.Actor.Tell(new DesiredPod(known));
            _workers[state.Uid] = worker with { Pod = known, ResourceVersion = state.ResourceVersion, References = references };
        }
        Follow(always: false);
    }

    private Worker Start(string uid, ResourceKey key, KnownPod pod)
    {
        var (services, prober, observed, up) = (_services, _prober, Observed(uid), _runtimeUp && _networkUp);
        var actor = Context.ActorOf(Props.Create(() => new PodWorkerActor(services, prober, pod, observed, up)), $"pod-{uid}");
        Context.Watch(actor);
        return new Worker(actor, key, pod, 0, []);
    }

    private void OnPodWanted(PodWanted wanted)
    {
        if (!_workers.TryGetValue(wanted.Uid, out var worker)) return;
        worker.Actor.Tell(new DesiredPod(worker.Pod));
        var (runtime, uid) = (_options.Runtime, wanted.Uid);
        Task.Run(() => runtime.ListAsync(CancellationToken.None)).PipeTo(Self, null, states => new Relisted(uid, states), e => e is RuntimeUnavailableException ? RuntimeLost.Instance : new Status.Failure(e));
    }

    private void OnRelisted(Relisted relisted)
    {
        if (_networkUp && _workers.TryGetValue(relisted.Uid, out var worker))
            worker.Actor.Tell(new RuntimeRecovered(ObservedPod.From(relisted.Containers.Where(c => PodLabels.Get(c.Labels, PodLabels.PodUid) == relisted.Uid))));
    }

    private void Forget(string uid)
    {
        Ended(uid);
        if (!_workers.Remove(uid, out var worker)) return;
        Context.Unwatch(worker.Actor);
        Follow(always: false);
    }

    private void Follow(bool always)
    {
        var wanted = _workers.Values.SelectMany(w => w.References).ToHashSet();
        if (!always && wanted.SetEquals(_followed)) return;
        _followed = wanted;
        _services.Objects.Keep(wanted);
        _options.ControlPlane.Tell(new FollowObjects(_options.NodeName, [.. wanted]), Self);
    }

    private void OnObjects(ObjectsChanged changed)
    {
        var first = !_services.Objects.ServicesKnown;
        var keys = _services.Objects.Apply(changed.Objects).ToHashSet();
        foreach (var worker in _workers.Values.Where(w => first || w.References.Any(keys.Contains))) worker.Actor.Tell(ObjectsUpdated.Instance);
    }

    private void OnFind(FindContainer find)
    {
        if (_workers.TryGetValue(find.PodUid, out var worker)) worker.Actor.Forward(find);
        else Sender.Tell(new ContainerNotFound(ApiStatus.NotFound("pods", find.PodName)));
    }

    private void OnTerminated(Terminated gone)
    {
        if (gone.ActorRef.Equals(_options.ControlPlane))
        {
            Disconnected();
        }
        else if (_workers.FirstOrDefault(w => w.Value.Actor.Equals(gone.ActorRef)) is { Key: { } uid } entry)
        {
            _workers[uid] = Start(uid, entry.Value.Key, entry.Value.Pod) with { ResourceVersion = entry.Value.ResourceVersion, References = entry.Value.References };
            OnPodWanted(new PodWanted(uid));
        }
    }

    // ---- the node

    private void OnTick(Tick tick)
    {
        if (ReferenceEquals(tick, Tick.Hello) || ReferenceEquals(tick, Tick.Resync))
        {
            Context.Watch(_options.ControlPlane);
            if (_runtimeUp || _status is not null) Hello();
        }
        else if (ReferenceEquals(tick, Tick.Heartbeat))
        {
            if (_welcomed && _runtimeUp) Beat();
        }
        else if (ReferenceEquals(tick, Tick.Status))
        {
            LookAtNode();
        }
        else if (!_runtimeUp || !_networkUp)
        {
            Relist();
        }
    }

    private void LookAtNode()
    {
        if (_looking) return;
        _looking = true;
        var (options, runtime, up) = (_options, _options.Runtime, _runtimeUp);
        Task.Run(async () =>
        {
            var facts = options.Machine();
            return up ? facts with { Runtime = await runtime.InfoAsync(CancellationToken.None).ConfigureAwait(false), Images = await runtime.ListImagesAsync(CancellationToken.None).ConfigureAwait(false) } : facts;
        }).PipeTo(Self, null, facts => new Looked(facts, null), e => new Looked(null, e));
    }

    private void OnLooked(Looked looked)
    {
        _looking = false;
        if (looked.Failure is RuntimeUnavailableException or RuntimeException)
        {
            OnRuntimeDown(new RuntimeDown(looked.Failure.Message));
            return;
        }
        if (looked.Facts is not { } facts) throw new InvalidOperationException("cannot read the node's facts", looked.Failure);
        facts = facts with { RuntimeError = _facts.RuntimeError, NetworkError = _facts.NetworkError };
        // A look that began while the engine was down knows nothing of it, whatever has come meanwhile.
        var blind = facts.Runtime is null;
        _facts = facts with { Runtime = !_runtimeUp ? null : blind ? _facts.Runtime : facts.Runtime, Images = !_runtimeUp || blind ? _facts.Images : facts.Images };
        ReportNode();
        if (_runtimeUp && blind) LookAtNode();
    }

    private void ReportNode()
    {
        var status = NodeStatusBuilder.Build(_options, _facts, _status, _options.TimeProvider.GetUtcNow());
        if (_status is not null && !NodeStatusBuilder.Differs(_status, status)) return;
        _status = status;
        TellNodeStatus();
    }

    private void TellNodeStatus()
    {
        if (_welcomed && _status is { } status) _options.ControlPlane.Tell(new ReportNodeStatus(_options.NodeName, TypedJson.Write(status)), Self);
    }

    /// <summary>The machine goes down: nothing is scheduled here any more, and where that is wanted the pods end, each within its grace.</summary>
    private void OnShutDown(ShutDownNode shutDown)
    {
        _shuttingDownFor = Sender;
        _facts = _facts with { ShuttingDown = true };
        ReportNode();
        if (shutDown.Drain)
        {
            foreach (var (uid, worker) in _workers)
            {
                _ending.Add(uid);
                worker.Actor.Tell(EndPod.Instance);
            }
        }
        TellShutDown();
    }

    private void Ended(string uid)
    {
        if (_ending.Remove(uid)) TellShutDown();
    }

    private void TellShutDown()
    {
        if (_ending.Count == 0) _shuttingDownFor?.Tell(NodeShutDown.Instance, Self);
    }

    private ObservedPod Observed(string uid) => _engine.TryGetValue(uid, out var states) ? ObservedPod.From(states) : ObservedPod.Empty;

    private static Dictionary<string, List<ContainerState>> ByPod(IReadOnlyList<ContainerState> states) =>
        states.GroupBy(s => PodLabels.Get(s.Labels, PodLabels.PodUid)).ToDictionary(g => g.Key, g => g.ToList());

    private sealed record Worker(IActorRef Actor, ResourceKey Key, KnownPod Pod, long ResourceVersion, ResourceKey[] References);

    private sealed record NetworkUp(IReadOnlyList<ContainerState> Containers, Exception? Failure);

    private sealed record Relisted(string Uid, IReadOnlyList<ContainerState> Containers);

    private sealed record RelistFailed(string Message);

    private sealed record Looked(NodeFacts? Facts, Exception? Failure);

    private sealed record Tick(string Why)
    {
        public static readonly Tick Hello = new("hello");
        public static readonly Tick Resync = new("resync");
        public static readonly Tick Heartbeat = new("heartbeat");
        public static readonly Tick Status = new("status");
        public static readonly Tick Relist = new("relist");
    }
}
