using Orchestrator.Engine.Actor;
using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Probes;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Volumes;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Resources;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Core.V1;
using ContainerState = Orchestrator.NodeAgent.Runtime.ContainerState;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>
/// One pod on this node. Everything that happens (a new spec, a container's death, the end of a step, a probe's verdict, a timer) updates the picture; then
/// <see cref="PodPlan"/> says what to do next, and <see cref="PodStatusBuilder"/> what to tell. It holds nothing that labels and the stored pod do not hold.
/// <code>
///   desired ──► sandbox + volumes ──► init containers ──► containers ──► finished ──► volumes released
///                     ▲                                       │ restarts, probes          │
///                     └───────────── sandbox died ◄───────────┘                           ▼
///   deleted, over its deadline ──► preStop, stop, sandbox removed ──► everything removed ──► gone
/// </code>
/// </summary>
internal sealed partial class PodWorkerActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan ConfigRetry = TimeSpan.FromSeconds(10);

    private readonly AgentServices _services;
    private readonly PodOperations _operations;
    private readonly PodHealth _health;
    private readonly PodStatusReporter _reporter;
    private readonly IPodVolumes _podVolumes;
    private readonly SmallMap<(int Id, CancellationTokenSource Cancel, TimeSpan? Grace)> _busy = new();
    private readonly SmallMap<WaitingReason> _startErrors = new();
    private readonly SmallMap<string> _backOffReported = new();
    private readonly SmallMap<DateTimeOffset> _retryAt = new();
    private readonly bool _endedBefore;
    private readonly KnownPod _known;
    private ObservedPod _observed;
    private IReadOnlyDictionary<string, TimeSpan> _backingOff = SmallMap<TimeSpan>.Empty;
    private IReadOnlyDictionary<string, MountedVolume>? _volumes;
    private WaitingReason? _failure;
    private DateTimeOffset? _stoppingSince;
    private bool _volumesStale;
    private bool _runtimeUp;
    private bool _finished;
    private bool _objectGone;
    private bool _ending;
    private bool _released;
    private bool _startGivenUp;
    private int _volumeFailures;
    private int _sandboxFailures;
    private int _operation;

    /// <param name="services">The node's.</param>
    /// <param name="prober">The node's.</param>
    /// <param name="pod">As the control plane has it.</param>
    /// <param name="observed">What the engine has of it.</param>
    /// <param name="runtimeUp">Whether the engine answers.</param>
    public PodWorkerActor(AgentServices services, Prober prober, KnownPod pod, ObservedPod observed, bool runtimeUp)
    {
        (_services, _known, _observed, _runtimeUp) = (services, pod, observed, runtimeUp);
        _operations = new PodOperations(services, prober);
        _health = new PodHealth(Context, prober);
        _reporter = new PodStatusReporter(services.Options.ControlPlane);
        _podVolumes = services.Disk.VolumesOf(Pod.Metadata.UID, services.Objects, services.Tokens, services.Time);
        _endedBefore = Pod.Status.Phase is "Succeeded" or "Failed";
        Receive<object>(OnMessage);
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    private Pod Pod => _known.Pod;

    private IReadOnlyList<PodContainer> Containers => _known.Containers;

    private string PodIp => Pod.Spec.HostNetwork ? _services.Options.HostIp : _observed.Sandbox?.Ip ?? "";

    private bool Deleted => _objectGone || Pod.Metadata.DeletionTimestamp is not null;

    private bool Stopping => Deleted || _finished || _endedBefore || _failure is not null;

    private DateTimeOffset Now => _services.Time.GetUtcNow();

    /// <inheritdoc/>
    protected override void PreStart()
    {
        Adopt();
        Reconcile();
    }

    /// <summary>After a failure the picture is taken anew from the node's actor; a little later, so that a failure that repeats does not spin.</summary>
    protected override void PostRestart(Exception reason)
    {
        _runtimeUp = false;
        Timers.StartSingleTimer("wanted", Wake.Wanted, _services.Options.RetryInterval);
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        foreach (var operation in _busy.Values)
        {
            operation.Cancel.Cancel();
            operation.Cancel.Dispose();
        }
    }

    private void OnDesired(DesiredPod desired)
    {
        var before = Pod;
        _known.Become(desired.Pod);
        if (!SameMap(before.Metadata.Labels, Pod.Metadata.Labels) || !SameMap(before.Metadata.Annotations, Pod.Metadata.Annotations)) _volumesStale = true;
        HastenKills();
        Reconcile();
    }

    private void OnObjectGone()
    {
        _objectGone = true;
        HastenKills();
        Reconcile();
    }

    private void OnRecovered(RuntimeRecovered recovered)
    {
        _observed = _observed.Relisted(recovered.Observed);
        _runtimeUp = true;
        Adopt();
        Reconcile();
    }

    /// <summary>Containers that run already are kept; their probes begin, and what was ready stays so until a probe says otherwise.</summary>
    private void Adopt()
    {
        foreach (var container in Containers)
        {
            if (_observed.Newest(container.Name) is not { } newest) continue;
            if (newest is { IsRunning: true })
            {
                var id = ContainerStatusBuilder.IdPrefix + newest.Id;
                var before = (Pod.Status.ContainerStatuses ?? []).Concat(Pod.Status.InitContainerStatuses ?? []).FirstOrDefault(s => s.Name == container.Name && s.ContainerID == id);
                if (!_health.ByName.ContainsKey(container.Name)) _health.Run(container, newest.Id, PodIp, before);
            }
            else
            {
                _health.Ended(container.Name);
                if (newest.HasEnded && newest.TerminationMessage.Length == 0) ReadEnd(newest);
            }
        }
    }

    private void OnObjects()
    {
        _volumesStale = true;
        _volumeFailures = 0;
        _retryAt.Remove("volumes");
        // A container that lacked a key is tried at once.
        foreach (var name in _startErrors.Where(e => e.Value.Reason == "CreateContainerConfigError").Select(e => e.Key)) _retryAt.Remove(name);
        Reconcile();
    }

    private void OnRuntimeEvent(RuntimeEvent e)
    {
        switch (e.Action)
        {
            case "destroy":
                OnRuntimeChanged(new RuntimeChanged(e.ContainerId, null));
                break;
            case "die":
                Look(e.ContainerId);
                break;
            default:
                break;
        }
    }

    private void Look(string id)
    {
        var runtime = _services.Runtime;
        Task.Run(() => runtime.InspectAsync(id, CancellationToken.None)).PipeTo(Self, null,
            state => new RuntimeChanged(id, state), e => e is RuntimeUnavailableException ? RuntimeLost.Instance : new Status.Failure(e));
    }

    private void OnRuntimeChanged(RuntimeChanged changed)
    {
        if (changed.State is not { } state)
        {
            var name = _observed.All.FirstOrDefault(c => c.Id == changed.Id)?.Name;
            _observed = _observed.Without(changed.Id);
            if (name is not null && _observed.Newest(name) is not { IsRunning: true }) _health.Ended(name);
        }
        else if (PodLabels.Get(state.Labels, PodLabels.Role) == PodLabels.SandboxRole)
        {
            if (_observed.Sandbox?.Id == state.Id) _observed = _observed.With(_observed.Sandbox with { Running = state.Phase == ContainerPhase.Running });
        }
        else if (state.Phase == ContainerPhase.Exited)
        {
            ReadEnd(Merge(state));
            return;
        }
        Reconcile();
    }

    /// <summary>The engine's state with what it does not know: the image's name in the spec.</summary>
    private ObservedContainer Merge(ContainerState state)
    {
        var read = ObservedContainer.From(state);
        var known = _observed.All.FirstOrDefault(c => c.Id == state.Id);
        return known is null ? read with { Image = Containers.FirstOrDefault(c => c.Name == read.Name)?.Spec.Image ?? read.Image } : read with { Image = known.Image, ImageId = known.ImageId };
    }

    private void ReadEnd(ObservedContainer container)
    {
        var runtime = _services.Runtime;
        Task.Run(() => TerminationMessages.ReadAsync(container, runtime, CancellationToken.None)).PipeTo(Self, null,
            read => new ObservedEnd(read), e => e is RuntimeUnavailableException or RuntimeException ? new ObservedEnd(container) : new Status.Failure(e));
    }

    private void OnEnded(ObservedContainer container)
    {
        _observed = _observed.With(container);
        if (_observed.Newest(container.Name)?.Id == container.Id) _health.Ended(container.Name);
        Reconcile();
    }

    private void OnKilled(ObservedContainer after)
    {
        if (!after.HasEnded) return;
        var known = _observed.All.FirstOrDefault(c => c.Id == after.Id);
        _observed = _observed.With(known is null ? after : after with { Image = known.Image, ImageId = known.ImageId });
        if (_observed.Newest(after.Name)?.Id == after.Id) _health.Ended(after.Name);
    }

    private void OnRunning(ContainerRunning running)
    {
        // Its death may have been seen before the answer to its start.
        if (_observed.All.Any(c => c.Id == running.Container.Id && c.HasEnded)) return;
        _observed = _observed.With(running.Container);
        _startErrors.Remove(running.Container.Name);
        if (Find(running.Container.Name) is not { } container) return;
        _health.Began(container);
        // Without a hook the end of the start follows at once and says more.
        if (container.Spec.Lifecycle?.PostStart is not null) ReportStatus();
    }

    private void OnProbeFailed(ProbeFailed failed)
    {
        if (Find(failed.Container) is { } container)
            _services.Events.Warning(Pod, container.FieldPath, "Unhealthy", $"{failed.Kind} probe failed: {failed.Message}");
    }

    private void OnProbeVerdict(ProbeVerdict verdict)
    {
        if (Find(verdict.Container) is not { } container || _observed.Newest(verdict.Container)?.Id != verdict.ContainerId) return;
        _health.Apply(verdict, container, PodIp);
        Reconcile();
    }

    private void OnWake(Wake wake)
    {
        if (ReferenceEquals(wake, Wake.Report))
        {
            _reporter.Repeat(Pod, Self);
            if (_released && Deleted && !_objectGone) ReportGone();
            AwaitAnswer();
        }
        else if (ReferenceEquals(wake, Wake.Held))
        {
            _reporter.SendChanged(Pod, Self);
        }
        else if (ReferenceEquals(wake, Wake.Wanted))
        {
            Context.Parent.Tell(new PodWanted(Pod.Metadata.UID));
        }
        else
        {
            if (ReferenceEquals(wake, Wake.Refresh)) _volumesStale = true;
            Reconcile();
        }
    }

    // ---- the ends of steps

    private void OnOperation(OperationEnded ended)
    {
        if (!_busy.TryGetValue(ended.Done.Name, out var current) || current.Id != ended.Id) return;
        _busy.Remove(ended.Done.Name);
        current.Cancel.Dispose();
        switch (ended.Done)
        {
            case SandboxStarted started:
                _sandboxFailures = 0;
                _observed = _observed.With(new ObservedSandbox(started.State.Id, started.Attempt, true, started.State.Ip, Now));
                break;
            case SandboxFailed failed:
                _retryAt[""] = Now + BackOff(_sandboxFailures++);
                _services.Events.Warning(Pod, "", "FailedCreatePodSandBox", $"Failed to create pod sandbox: {failed.Message}");
                break;
            case SandboxesRemoved removed:
                _observed = removed.Ids.Aggregate(_observed, (o, id) => o.Without(id));
                break;
            case VolumesMounted mounted:
                (_volumes, _volumeFailures) = (mounted.Volumes, 0);
                if (_podVolumes.RefreshAt is { } at) Timers.StartSingleTimer("refresh", Wake.Refresh, at - Now);
                break;
            case VolumesFailed failed:
                _volumesStale = true;
                _retryAt["volumes"] = Now + BackOff(_volumeFailures++);
                _services.Events.Warning(Pod, "", "FailedMount", failed.Message);
                break;
            case ContainerStarted started:
                OnStarted(started);
                break;
            case ContainerStartFailed failed:
                _startErrors[failed.Name] = new WaitingReason(failed.Reason, failed.Message);
                _retryAt[failed.Name] = failed.RetryAt ?? (failed.Remains is { HasEnded: true } ? Now : Now + ConfigRetry);
                if (failed.Remains is { } remains) _observed = _observed.With(remains);
                break;
            case ContainerKilled killed:
                if (killed.After is null) _observed = _observed.Without(killed.ContainerId);
                else OnKilled(killed.After);
                break;
            case OperationInterrupted:
                Context.Parent.Tell(RuntimeLost.Instance);
                _runtimeUp = false;
                return;
            default:
                break;
        }
        Reconcile();
    }

    private void OnStarted(ContainerStarted started)
    {
        _retryAt.Remove(started.Name);
        if (Find(started.Name) is not { } container || _observed.Newest(started.Name) is not { IsRunning: true } newest || newest.Id != started.ContainerId) return;
        _health.Run(container, newest.Id, PodIp, null);
        if (started.HookFailure is { } reason) _health.Condemn(started.Name, reason);
        Prune(started.Name);
    }

    /// <summary>The newest try and the one before it are kept, the latter for <c>kubectl logs --previous</c>.</summary>
    private void Prune(string name)
    {
        var ids = _observed.Containers[name].Skip(2).Select(c => c.Id).ToList();
        if (ids.Count == 0) return;
        var operations = _operations;
        // What cannot be removed now is tried again after the next start.
        Task.Run(() => operations.RemoveContainersAsync(ids, CancellationToken.None)).PipeTo(Self, null, () => new ContainersPruned(ids), _ => new ContainersPruned([]));
    }

    // ---- telling

    private void ReportStatus()
    {
        // A pod that had ended before this agent knew it keeps the status it ended with.
        if (_objectGone || (_endedBefore && !Deleted)) return;
        var stored = Pod.Status;
        var status = PodStatusBuilder.Build(new PodStatusInput
        {
            Pod = Pod,
            Before = _reporter.Last,
            BeforeConditions = _reporter.Last is { } last ? [.. (last.Conditions ?? []).Where(c => IsOwn(c.Type)), .. (stored.Conditions ?? []).Where(c => !IsOwn(c.Type))] : null,
            Containers = Containers,
            Observed = _observed,
            Health = _health.ByName,
            StartErrors = _startErrors,
            BackingOff = _backingOff,
            HostIp = _services.Options.HostIp,
            Failure = _failure,
            Final = Stopping && !_observed.All.Any(c => c.IsRunning) && _busy.Keys.All(k => k is "" or "volumes"),
            Now = Now,
        });
        if (_endedBefore) status = stored;
        // What has only begun to start is told a little later: most containers run by then, and one report says it all.
        var hold = status.Phase == "Pending" && _services.Options.StatusDelay > TimeSpan.Zero;
        _reporter.Report(Pod, status, hold, Self);
        if (hold && _reporter.Pending && !Timers.IsTimerActive("held")) Timers.StartSingleTimer("held", Wake.Held, _services.Options.StatusDelay);
        AwaitAnswer();
    }

    /// <summary>What has no answer yet is said again; a pod that rests has no timer.</summary>
    private void AwaitAnswer()
    {
        if (!_reporter.Waits(Pod) && !(_released && Deleted && !_objectGone)) Timers.Cancel("report");
        else if (!Timers.IsTimerActive("report")) Timers.StartSingleTimer("report", Wake.Report, _services.Options.RetryInterval);
    }

    private static bool IsOwn(string type) => type is "PodReadyToStartContainers" or "Initialized" or "Ready" or "ContainersReady" or "PodScheduled";

    // ---- removing

    /// <summary>Nothing runs any more. A pod that ended by itself keeps its containers for their logs; a deleted one keeps nothing.</summary>
    private void CleanUp(bool everything)
    {
        if (_busy.ContainsKey("volumes") || _busy.ContainsKey("clean-up")) return;
        var (operations, disk, uid) = (_operations, _services.Disk, Pod.Metadata.UID);
        var ids = everything ? _observed.All.Select(c => c.Id).ToList() : [];
        _busy["clean-up"] = (++_operation, new CancellationTokenSource(), null);
        var search = everything && _startGivenUp ? Pod.Metadata.UID : null;
        Task.Run(async () =>
        {
            await operations.RemoveContainersAsync(ids, CancellationToken.None).ConfigureAwait(false);
            if (search is not null) await operations.RemoveAllOfAsync(search, CancellationToken.None).ConfigureAwait(false);
            disk.Remove(uid);
        }).PipeTo(Self, null, () => new CleanedUp(everything, null), e => new CleanedUp(everything, e));
    }

    private void OnCleanedUp(CleanedUp done)
    {
        if (_busy.Remove("clean-up", out var operation)) operation.Cancel.Dispose();
        if (done.Failure is { } failure)
        {
            if (failure is RuntimeUnavailableException) Context.Parent.Tell(RuntimeLost.Instance);
            else _services.Events.Warning(Pod, "", "FailedKillPod", $"error killing pod: {failure.Message}");
            Timers.StartSingleTimer("wake", Wake.Look, _services.Options.RetryInterval);
            return;
        }
        _released = true;
        _volumes = null;
        if (done.Everything) _observed = ObservedPod.Empty;
        if (_objectGone) Release();
        else if (Deleted && done.Everything) ReportGone();
        else if (Deleted) CleanUp(everything: true);
        TellEnded();
    }

    private void ReportGone()
    {
        _services.Options.ControlPlane.Tell(new ReportPodGone(new ResourceKey("pods", Pod.Metadata.Namespace, Pod.Metadata.Name), Pod.Metadata.UID), Self);
        AwaitAnswer();
    }

    private void Release()
    {
        if (_observed.All.Any())
        {
            CleanUp(everything: true);
            return;
        }
        _services.Images.Forget(Pod.Metadata.UID);
        Context.Parent.Tell(new PodReleased(Pod.Metadata.UID));
        Context.Stop(Self);
    }

    private void OnFind(FindContainer find) => Sender.Tell(ContainerLookup.Find(find, Pod, Containers, _observed, _reporter.Last ?? Pod.Status, PodIp));

    private PodContainer? Find(string name) => Containers.FirstOrDefault(c => c.Name == name);

    private static TimeSpan BackOff(int failures) => TimeSpan.FromTicks(Math.Min(FirstRetry.Ticks << Math.Min(failures, 10), LongestRetry.Ticks));

    private static bool SameMap(Dictionary<string, string>? a, Dictionary<string, string>? b) =>
        (a?.Count ?? 0) == (b?.Count ?? 0) && (a ?? []).All(e => b?.GetValueOrDefault(e.Key) == e.Value);

    private sealed record OperationEnded(int Id, OperationDone Done);

    private sealed record ObservedEnd(ObservedContainer Container);

    private sealed record ContainersPruned(IReadOnlyList<string> Ids);

    private sealed record CleanedUp(bool Everything, Exception? Failure);

    internal sealed record Wake(string Why)
    {
        public static readonly Wake Look = new("look");
        public static readonly Wake Refresh = new("refresh");
        public static readonly Wake Report = new("report");
        public static readonly Wake Held = new("held");
        public static readonly Wake Wanted = new("wanted");
    }
}
