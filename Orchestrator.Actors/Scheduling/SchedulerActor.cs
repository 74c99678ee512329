using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Events;
using Orchestrator.Actors.Pods;
using Orchestrator.Actors.Resources;
using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Scheduling;

/// <summary>
/// The scheduler: a cluster singleton around <see cref="ClusterScheduler"/>. It folds what the cache shows of nodes and pods, sends a binding to the
/// pod's actor for every decision, several at a time, and says on the pod why it cannot be placed.
/// </summary>
/// <remarks>
/// <code>
///   change of a pod or node ──► fold ──► decide (at most a slice, then let the mailbox in)
///                                          ├─ node    ──► BindPod ──► written: Scheduled event │ refused: forget, try again later
///                                          └─ no node ──► FailedScheduling event, condition PodScheduled=False
/// </code>
/// </remarks>
public sealed class SchedulerActor : ReceiveActor, IWithTimers
{
    private const int Slice = 64;
    private const int MaxBindings = 512;
    private static readonly TimeSpan BindingDeadline = TimeSpan.FromSeconds(30);

    private readonly ControlPlaneServices _services;
    private readonly ClusterScheduler _scheduler;
    private readonly WriteContext _context = WriteContext.System("kube-scheduler");
    private readonly Dictionary<ResourceKey, (PodInfo Pod, string Node, DateTimeOffset Deadline)> _bindings = [];
    private IDisposable? _subscription;
    private bool _sliceQueued;

    /// <param name="services">Shared services.</param>
    /// <param name="seed">Breaks ties among equally good nodes.</param>
    public SchedulerActor(ControlPlaneServices services, int seed)
    {
        (_services, _scheduler) = (services, new ClusterScheduler(seed));
        Receive<Changed>(OnChanged);
        Receive<Decide>(_ => OnDecide());
        Receive<ResourceWritten>(OnBound);
        Receive<ResourceRefused>(OnRefused);
        Receive<CheckBindings>(_ => OnCheckBindings());
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    private DateTimeOffset Now => _services.Time.GetUtcNow();

    /// <inheritdoc/>
    protected override void PreStart()
    {
        var self = Self;
        // Subscribed first, read second: what changes in between is folded twice, which does no harm, and never missed.
        _subscription = _services.Cache.Subscribe(changes =>
        {
            List<ResourceKey>? keys = null;
            foreach (var change in changes)
                if (change.Entry.Key.Resource is "pods" or "nodes") (keys ??= []).Add(change.Entry.Key);
            if (keys is not null) self.Tell(new Changed(keys), ActorRefs.NoSender);
        });
        foreach (var node in _services.Cache.List("nodes")) Fold(node.Key);
        foreach (var pod in _services.Cache.List("pods")) Fold(pod.Key);
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

    /// <summary>A change only says where to look: the cache has the newest state, and older ones need no folding.</summary>
    private void Fold(ResourceKey key)
    {
        var entry = _services.Cache.Get(key);
        if (key.Resource == "nodes")
        {
            if (entry is null) _scheduler.NodeGone(key.Name);
            else _scheduler.NodeChanged(entry.Read<Node>(), Now);
            return;
        }
        if (entry is null)
        {
            _scheduler.PodGone(key, Now);
            return;
        }
        if (_scheduler.IsSettled(key, entry.Uid, entry.Header.NodeName) && entry.Header.Phase is not ("Succeeded" or "Failed")) return;
        var pod = entry.Read<Pod>();
        _scheduler.PodChanged(pod, Now);
        if (pod.Spec.SchedulingGates is { Count: > 0 } && pod.Metadata.DeletionTimestamp is null)
            SetCondition(key, entry.Uid, "SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates");
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
            _bindings[pod.Key] = (pod, node, Now + BindingDeadline);
            _services.Region.Tell(new BindPod(pod.Key, "v1", _context, pod.Uid, node), Self);
            return;
        }
        Record(pod, "Warning", "FailedScheduling", decision.Message!);
        SetCondition(pod.Key, pod.Uid, "Unschedulable", decision.Message!);
    }

    private void OnBound(ResourceWritten written)
    {
        if (!_bindings.Remove(written.Key, out var binding)) return;
        _scheduler.Bound(binding.Pod);
        Record(binding.Pod, "Normal", "Scheduled", $"Successfully assigned {binding.Pod.Key.Namespace}/{binding.Pod.Key.Name} to {binding.Node}");
        QueueSlice();
    }

    private void OnRefused(ResourceRefused refused)
    {
        if (!_bindings.Remove(refused.Key, out var binding)) return;
        _scheduler.BindFailed(binding.Pod, Now);
        if (refused.Status.Code != 404) Record(binding.Pod, "Warning", "FailedScheduling", $"binding rejected: {refused.Status.Message}");
        Fold(refused.Key);
        QueueSlice();
    }

    /// <summary>An answer that never came (its shard moved): the pod as it is now tells whether it was bound.</summary>
    private void OnCheckBindings()
    {
        foreach (var (key, binding) in _bindings.Where(b => b.Value.Deadline <= Now).ToList())
        {
            _bindings.Remove(key);
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

    private void SetCondition(ResourceKey pod, string uid, string reason, string message) =>
        _services.Region.Tell(new ToEntity(pod, new SetPodCondition(uid, "PodScheduled", "False", reason, message, null)), Self);

    private void Record(PodInfo pod, string type, string reason, string message)
    {
        if (_services.Cache.Get(pod.Key) is { } entry && entry.Uid == pod.Uid)
            _services.Events.Tell(RecordEvent.About(entry, type, reason, message, ClusterScheduler.Name), Self);
    }

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
