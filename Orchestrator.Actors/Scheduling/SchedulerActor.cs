using Orchestrator.Actors.Events;
using Orchestrator.Actors.Pods;
using Orchestrator.Actors.Resources;
using Orchestrator.Actors.Scheduling.Volumes;
using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Scheduling;

/// <summary>
/// The scheduler: a cluster singleton around <see cref="ClusterScheduler"/>. It folds what the cache shows, sends a binding to the
/// pod's actor for every decision, several at a time, and says on the pod why it cannot be placed.
/// </summary>
/// <remarks>
/// <code>
///   a change ──► fold ──► decide (at most a slice, then let the mailbox in)
///                           ├─ node ──► claims that wait for the pod: reserve volumes, wait until they are bound (10 min)
///                           │           └──► BindPod ──► written: Scheduled event │ refused: forget, try again later
///                           └─ no node ──► FailedScheduling event, condition PodScheduled=False
///                                          └─ preemption: nominate the node, delete the victims
/// </code>
/// </remarks>
public sealed class SchedulerActor : ReceiveActor, IWithTimers
{
    private const int Slice = 64;
    private const int MaxBindings = 512;
    private static readonly TimeSpan BindingDeadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan VolumesDeadline = TimeSpan.FromMinutes(10);

    private readonly ControlPlaneServices _services;
    private readonly ClusterScheduler _scheduler;
    private readonly SchedulerFeed _feed;
    private readonly WriteContext _context = WriteContext.System("kube-scheduler");
    private readonly Dictionary<ResourceKey, Binding> _bindings = [];
    private IDisposable? _subscription;
    private bool _sliceQueued;

    /// <param name="services">Shared services.</param>
    /// <param name="seed">Breaks ties among equally good nodes.</param>
    public SchedulerActor(ControlPlaneServices services, int seed)
    {
        (_services, _scheduler) = (services, new ClusterScheduler(seed, services.Options.SchedulerProfiles));
        _feed = new SchedulerFeed(services.Cache, _scheduler);
        Receive<Changed>(OnChanged);
        Receive<Decide>(_ => OnDecide());
        Receive<ResourceWritten>(OnWritten);
        Receive<ResourceRefused>(OnRefused);
        Receive<CheckBindings>(_ => OnCheckBindings());
        Receive<ExplainPod>(request => Sender.Tell(new PodExplained(_services.Cache.Get(request.Pod) is { } entry ? _scheduler.Explain(entry.Read<Pod>(), Now) : null), Self));
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    private DateTimeOffset Now => _services.Time.GetUtcNow();

    /// <inheritdoc/>
    protected override void PreStart()
    {
        var self = Self;
        var followed = SchedulerFeed.Resources.ToHashSet(StringComparer.Ordinal);
        // Subscribed first, read second: what changes in between is folded twice, which does no harm, and never missed.
        _subscription = _services.Cache.Subscribe(changes =>
        {
            List<ResourceKey>? keys = null;
            foreach (var change in changes)
                if (followed.Contains(change.Entry.Key.Resource)) (keys ??= []).Add(change.Entry.Key);
            if (keys is not null) self.Tell(new Changed(keys), ActorRefs.NoSender);
        });
        foreach (var resource in SchedulerFeed.Resources)
            foreach (var entry in _services.Cache.List(resource)) Fold(entry.Key);
        Timers.StartPeriodicTimer(nameof(CheckBindings), CheckBindings.Instance, BindingDeadline);
        QueueSlice();
    }

    /// <inheritdoc/>
    protected override void PostStop() => _subscription?.Dispose();

    private void OnChanged(Changed message)
    {
        foreach (var key in message.Keys) Fold(key);
        QueueSlice();
    }

    private void Fold(ResourceKey key)
    {
        _feed.Fold(key, Now);
        if (key.Resource == "persistentvolumeclaims") BindWhereClaimsAre(key.Namespace);
        if (key.Resource != "pods" || _scheduler.IsGated(key) is not { } pod) return;
        if (pod.ScheduledCondition.Reason != "SchedulingGated") SetCondition(key, pod.Uid, "SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates", null);
    }

    private void OnDecide()
    {
        _sliceQueued = false;
        for (var i = 0; i < Slice; i++)
        {
            if (_bindings.Count >= MaxBindings) return; // the next answer goes on
            if (_scheduler.Next(Now) is not { } decision)
            {
                if (_scheduler.NextDue is { } due) Timers.StartSingleTimer(nameof(Decide), Decide.Instance, due > Now ? due - Now : TimeSpan.Zero);
                return;
            }
            Carry(decision);
        }
        QueueSlice();
    }

    private void Carry(SchedulingDecision decision)
    {
        var pod = decision.Pod;
        if (decision.Node is { } node)
        {
            var binding = _bindings[pod.Key] = new Binding(pod, node, Now + (decision.Volumes.Count > 0 ? VolumesDeadline : BindingDeadline), decision.Volumes);
            if (decision.Volumes.Count == 0) Bind(binding);
            foreach (var choice in decision.Volumes) _services.Region.Tell(VolumeBindingWrites.Of(choice, node, _context), Self);
            return;
        }
        Record(pod, "Warning", "FailedScheduling", decision.Message!);
        SetCondition(pod.Key, pod.Uid, "Unschedulable", decision.Message!, decision.Preemption?.Node ?? (decision.LosesNomination ? "" : null));
        if (decision.Preemption is { } preemption) Preempt(pod, preemption);
    }

    private void Preempt(PodInfo pod, Preemption preemption)
    {
        foreach (var victim in preemption.Victims)
        {
            _services.Region.Tell(new ToEntity(victim.Key, new SetPodCondition(victim.Uid, "DisruptionTarget", "True", PodInfo.PreemptionReason,
                $"{pod.SchedulerName}: preempting to accommodate a higher priority pod", null)), Self);
            // With the grace the pod asks for: it may finish what it does.
            _services.Region.Tell(new DeleteResource(victim.Key, "v1", _context, null, null, victim.Uid, null), Self);
            Record(victim, "Normal", "Preempted", $"Preempted by pod {pod.Uid} on node {preemption.Node}");
        }
        foreach (var other in preemption.Outbid) _services.Region.Tell(new ToEntity(other.Key, new SetPodCondition(other.Uid, "PodScheduled", "False", "Unschedulable", other.ScheduledCondition.Message, "")), Self);
    }

    private void Bind(Binding binding) => _services.Region.Tell(new BindPod(binding.Pod.Key, "v1", _context, binding.Pod.Uid, binding.Node), Self);

    /// <summary>The claims of pods that wait for their volumes: once all of a pod's are bound, so is the pod.</summary>
    private void BindWhereClaimsAre(string ns)
    {
        foreach (var (key, binding) in _bindings.ToList())
        {
            if (binding.Volumes.Count == 0 || key.Namespace != ns) continue;
            if (!binding.Pod.Volumes.Claims.All(c => _scheduler.Nodes.Volumes.Claim(ns, c.Name) is { } claim && VolumeTable.IsBound(claim))) continue;
            Bind(_bindings[key] = binding with { Volumes = [], Deadline = Now + BindingDeadline });
        }
    }

    private void OnWritten(ResourceWritten written)
    {
        // Also the answers to what was written for volumes and victims: what came of it shows in the cache.
        if (written.Key.Resource != "pods" || written.Deleted is not null || !_bindings.TryGetValue(written.Key, out var binding) || binding.Volumes.Count > 0) return;
        _bindings.Remove(written.Key);
        _scheduler.Bound(binding.Pod);
        Record(binding.Pod, "Normal", "Scheduled", $"Successfully assigned {binding.Pod.Key.Namespace}/{binding.Pod.Key.Name} to {binding.Node}");
        QueueSlice();
    }

    private void OnRefused(ResourceRefused refused)
    {
        var key = refused.Key.Resource == "pods" ? refused.Key : _bindings.FirstOrDefault(b => b.Value.Volumes.Any(v => Writes(v, refused.Key))).Key;
        if (!_bindings.Remove(key, out var binding)) return;
        _scheduler.BindFailed(binding.Pod, Now);
        if (refused.Status.Code != 404) Record(binding.Pod, "Warning", "FailedScheduling", $"binding rejected: {refused.Status.Message}");
        Fold(key);
        QueueSlice();
    }

    private static bool Writes(VolumeChoice choice, ResourceKey key) =>
        choice.Volume is { } volume ? key.Resource == "persistentvolumes" && key.Name == volume.Name : key.Namespace == choice.Claim.Metadata.Namespace && key.Name == choice.Claim.Metadata.Name;

    /// <summary>An answer that never came (its shard moved): the pod as it is now tells whether it was bound.</summary>
    private void OnCheckBindings()
    {
        foreach (var (key, binding) in _bindings.Where(b => b.Value.Deadline <= Now).ToList())
        {
            _bindings.Remove(key);
            if (binding.Volumes.Count > 0) Record(binding.Pod, "Warning", "FailedScheduling", "running PreBind plugin \"VolumeBinding\": binding volumes: context deadline exceeded");
            if (_services.Cache.Get(key)?.Header.NodeName is { Length: > 0 }) _scheduler.Bound(binding.Pod);
            else _scheduler.BindFailed(binding.Pod, Now);
        }
        QueueSlice();
    }

    private void QueueSlice()
    {
        if (_sliceQueued) return;
        _sliceQueued = true;
        Self.Tell(Decide.Instance, Self);
    }

    private void SetCondition(ResourceKey pod, string uid, string reason, string message, string? nominated) =>
        _services.Region.Tell(new ToEntity(pod, new SetPodCondition(uid, "PodScheduled", "False", reason, message, nominated)), Self);

    private void Record(PodInfo pod, string type, string reason, string message)
    {
        if (_services.Cache.Get(pod.Key) is { } entry && entry.Uid == pod.Uid)
            _services.Events.Tell(RecordEvent.About(entry, type, reason, message, pod.SchedulerName.Length > 0 ? pod.SchedulerName : ClusterScheduler.Name), Self);
    }

    /// <summary>A decision that is being written.</summary>
    private sealed record Binding(PodInfo Pod, string Node, DateTimeOffset Deadline, IReadOnlyList<VolumeChoice> Volumes);

    private sealed record Changed(List<ResourceKey> Keys);

    private sealed record Decide
    {
        public static Decide Instance { get; } = new();
    }

    private sealed record CheckBindings
    {
        public static CheckBindings Instance { get; } = new();
    }
}
