using Orchestrator.Resources;

namespace Orchestrator.Actors.Scheduling;

/// <summary>
/// Pods that wait for a node.
/// <code>
///            ┌──────────── a change that helps, back-off over ───────────┐
///            ▼                                                           │
///   add ─► Active ─ Take ─► Trying ─ Park ─► Unschedulable ─ a change that helps ─► BackingOff ─ due ─► Active
///                             └───── Retry (a bind failed) ─────────────────────────►┘
/// </code>
/// The back-off doubles from one to ten seconds with every attempt; a pod nothing helps is tried again after five minutes all the same, in case a change was misjudged.
/// </summary>
/// <param name="order">Which active pod is tried first.</param>
/// <param name="gates">What keeps pods from the queue.</param>
public sealed class SchedulingQueue(IQueueSortPlugin order, IReadOnlyList<IPreEnqueuePlugin> gates)
{
    private static readonly TimeSpan InitialBackoff = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxBackoff = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(5);

    private readonly Dictionary<ResourceKey, QueuedPod> _all = [];
    private readonly PriorityQueue<QueuedPod, QueuedPod> _active = new(order);
    private readonly PriorityQueue<Alarm, (DateTimeOffset Due, long Order)> _timed = new();

    /// <summary>Parked pods by each change that may help them: most changes help few, and come often.</summary>
    private readonly Dictionary<ClusterChange, HashSet<QueuedPod>> _unschedulable = [];
    private long _order;

    /// <summary>All pods known to wait, those being tried included.</summary>
    public int Count => _all.Count;

    /// <summary>Pods parked until something helps.</summary>
    public int UnschedulableCount => _all.Values.Count(q => q.Place == QueuePlace.Unschedulable);

    /// <summary>When the next timed pod is due, or null.</summary>
    public DateTimeOffset? NextDue => DropStale() ? _timed.Peek().Due : null;

    /// <summary>The pod in the queue, or null.</summary>
    public QueuedPod? Find(ResourceKey key) => _all.GetValueOrDefault(key);

    /// <summary>A new or changed pod. A change that bears on its placement is worth another attempt; a gated pod waits for its gates only.</summary>
    public void Set(PodInfo pod, DateTimeOffset now)
    {
        if (!_all.TryGetValue(pod.Key, out var queued) || queued.Pod.Uid != pod.Uid)
        {
            Remove(pod.Key);
            queued = new QueuedPod(pod, now, _order++);
            _all.Add(pod.Key, queued);
            if (Gated(pod)) queued.Place = QueuePlace.Gated;
            else Activate(queued);
            return;
        }
        var before = queued.Pod;
        queued.Pod = pod;
        if (Gated(pod)) return;
        if (queued.Place == QueuePlace.Gated) Activate(queued);
        else if (queued.Place == QueuePlace.Unschedulable && Eased(before, pod)) Wake(queued, now);
    }

    /// <summary>The pod is gone or placed.</summary>
    public void Remove(ResourceKey key)
    {
        if (!_all.Remove(key, out var queued)) return;
        queued.Ticket++;
        Unpark(queued);
    }

    /// <summary>The next pod to try, or null. It stays known until <see cref="Remove"/>.</summary>
    public PodInfo? Take(DateTimeOffset now)
    {
        while (DropStale() && _timed.Peek().Due <= now)
        {
            var due = _timed.Dequeue();
            Unpark(due.Pod);
            Activate(due.Pod);
        }
        while (_active.TryDequeue(out var queued, out _))
        {
            if (queued.Place != QueuePlace.Active || !_all.TryGetValue(queued.Pod.Key, out var current) || !ReferenceEquals(current, queued)) continue;
            queued.Place = QueuePlace.Trying;
            queued.Attempts++;
            return queued.Pod;
        }
        return null;
    }

    /// <summary>The pod fits nowhere: parked until a change helps one of the plugins that refused it, or a node comes.</summary>
    public void Park(ResourceKey key, IEnumerable<IFilterPlugin> refusedBy, DateTimeOffset now)
    {
        if (!_all.TryGetValue(key, out var queued)) return;
        queued.Place = QueuePlace.Unschedulable;
        queued.RefusedBy.Clear();
        queued.HelpedBy = ClusterChange.None;
        queued.BackoffUntil = now + Backoff(queued.Attempts);
        Await(queued, ClusterChange.NodeAdded);
        foreach (var plugin in refusedBy) AlsoRefused(queued, plugin);
        Schedule(queued, now + LongestRest);
    }

    /// <summary>The pod fitted, but binding failed: again after its back-off.</summary>
    public void Retry(PodInfo pod, DateTimeOffset now)
    {
        if (!_all.TryGetValue(pod.Key, out var queued)) return;
        queued.Place = QueuePlace.BackingOff;
        queued.BackoffUntil = now + Backoff(queued.Attempts);
        Schedule(queued, queued.BackoffUntil);
    }

    /// <summary>
    /// Wakes the parked pods that a change may help. Where it can help only those reasons that look at one node, <paramref name="ask"/> tells what refuses the pod on the
    /// changed node now: nothing wakes it; a plugin that did not so far is one more reason it waits for (a node that comes tainted helps when its taint goes).
    /// </summary>
    public void Wake(in ClusterEvent change, NodeTable nodes, Func<PodInfo, NodeInfo, IFilterPlugin?> ask, DateTimeOffset now)
    {
        List<QueuedPod>? candidates = null;
        foreach (var (kind, parked) in _unschedulable)
            if ((kind & change.Change) != 0 && parked.Count > 0) (candidates ??= []).AddRange(parked);
        foreach (var queued in candidates ?? [])
        {
            if (queued.Place != QueuePlace.Unschedulable || MayHelp(change, queued, nodes) is not { } reach) continue;
            if (reach == Reach.Node && change.Node is { } node && ask(queued.Pod, node) is { } refusing) AlsoRefused(queued, refusing);
            else Wake(queued, now);
        }
    }

    /// <summary>How far a change can help a parked pod; null for not at all.</summary>
    private static Reach? MayHelp(in ClusterEvent change, QueuedPod queued, NodeTable nodes)
    {
        Reach? reach = (change.Change & ClusterChange.NodeAdded) != 0 ? Reach.Node : null;
        foreach (var plugin in queued.RefusedBy)
        {
            if ((plugin.HelpedBy & change.Change) == 0 || !plugin.MayHelp(change, queued.Pod, nodes)) continue;
            if (plugin.LooksBeyondTheNode) return Reach.Anywhere;
            reach = Reach.Node;
        }
        return reach;
    }

    private enum Reach
    {
        Node,
        Anywhere,
    }

    private void AlsoRefused(QueuedPod queued, IFilterPlugin plugin)
    {
        if (queued.RefusedBy.Contains(plugin)) return;
        queued.RefusedBy.Add(plugin);
        Await(queued, plugin.HelpedBy);
    }

    private void Await(QueuedPod queued, ClusterChange changes)
    {
        for (var kind = 1; kind <= (int)ClusterChange.Claim; kind <<= 1)
        {
            if (((int)changes & kind) == 0 || ((int)queued.HelpedBy & kind) != 0) continue;
            if (!_unschedulable.TryGetValue((ClusterChange)kind, out var parked)) _unschedulable[(ClusterChange)kind] = parked = [];
            parked.Add(queued);
        }
        queued.HelpedBy |= changes;
    }

    private void Unpark(QueuedPod queued)
    {
        if (queued.HelpedBy == ClusterChange.None) return;
        foreach (var parked in _unschedulable.Values) parked.Remove(queued);
        queued.HelpedBy = ClusterChange.None;
    }

    private void Wake(QueuedPod queued, DateTimeOffset now)
    {
        Unpark(queued);
        if (queued.BackoffUntil <= now)
        {
            Activate(queued);
            return;
        }
        queued.Place = QueuePlace.BackingOff;
        Schedule(queued, queued.BackoffUntil);
    }

    private void Activate(QueuedPod queued)
    {
        queued.Place = QueuePlace.Active;
        queued.Ticket++;
        _active.Enqueue(queued, queued);
    }

    private void Schedule(QueuedPod queued, DateTimeOffset due) => _timed.Enqueue(new Alarm(queued, ++queued.Ticket, due), (due, queued.Order));

    /// <summary>Removes overtaken alarms from the front; false where none is left.</summary>
    private bool DropStale()
    {
        while (_timed.TryPeek(out var alarm, out _))
        {
            if (alarm.Pod.Ticket == alarm.Ticket) return true;
            _timed.Dequeue();
        }
        return false;
    }

    private bool Gated(PodInfo pod)
    {
        foreach (var gate in gates)
            if (!gate.Admits(pod)) return true;
        return false;
    }

    /// <summary>Only what bears on placement counts: the scheduler's own status writes must not wake the pod it just parked.</summary>
    private static bool Eased(PodInfo before, PodInfo after) => before.Tolerations.Count != after.Tolerations.Count || !before.CountsAs(after);

    private static TimeSpan Backoff(int attempts)
    {
        var backoff = InitialBackoff;
        for (var i = 1; i < attempts && backoff < MaxBackoff; i++) backoff *= 2;
        return backoff < MaxBackoff ? backoff : MaxBackoff;
    }

    private readonly record struct Alarm(QueuedPod Pod, int Ticket, DateTimeOffset Due);
}
