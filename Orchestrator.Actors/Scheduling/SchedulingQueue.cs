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
/// Active pods come in priority order, then by age (PrioritySort). The back-off doubles from one to ten seconds with every attempt; a pod
/// nothing helps is tried again after five minutes all the same, in case a change was misjudged.
/// </summary>
public sealed class SchedulingQueue
{
    private static readonly TimeSpan InitialBackoff = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxBackoff = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(5);

    private readonly Dictionary<ResourceKey, Waiting> _all = [];
    private readonly PriorityQueue<Waiting, (int NegativePriority, DateTimeOffset Since, long Order)> _active = new();
    private readonly PriorityQueue<Alarm, (DateTimeOffset Due, long Order)> _timed = new();
    private readonly HashSet<Waiting> _unschedulable = [];
    private long _order;

    private enum Place
    {
        Active,
        Trying,
        BackingOff,
        Unschedulable,
        Gated,
    }

    /// <summary>All pods known to wait, those being tried included.</summary>
    public int Count => _all.Count;

    /// <summary>Pods parked until something helps.</summary>
    public int UnschedulableCount => _unschedulable.Count;

    /// <summary>When the next timed pod is due, or null.</summary>
    public DateTimeOffset? NextDue => DropStale() ? _timed.Peek().Due : null;

    /// <summary>A new or changed pod. A change to a parked pod is worth another attempt; a gated pod waits for its gates only.</summary>
    public void Set(PodInfo pod, DateTimeOffset now)
    {
        if (!_all.TryGetValue(pod.Key, out var waiting) || waiting.Pod.Uid != pod.Uid)
        {
            Remove(pod.Key);
            waiting = new Waiting(pod, now, _order++);
            _all.Add(pod.Key, waiting);
            if (pod.Gated) waiting.Place = Place.Gated;
            else Activate(waiting);
            return;
        }
        var before = waiting.Pod;
        waiting.Pod = pod;
        if (pod.Gated) return;
        if (waiting.Place == Place.Gated) Activate(waiting);
        else if (waiting.Place == Place.Unschedulable && Eased(before, pod)) Wake(waiting, now);
    }

    /// <summary>The pod is gone or placed.</summary>
    public void Remove(ResourceKey key)
    {
        if (!_all.Remove(key, out var waiting)) return;
        waiting.Ticket++;
        _unschedulable.Remove(waiting);
    }

    /// <summary>The next pod to try, or null. It stays known until <see cref="Remove"/>.</summary>
    public PodInfo? Take(DateTimeOffset now)
    {
        while (DropStale() && _timed.Peek().Due <= now)
        {
            var due = _timed.Dequeue();
            _unschedulable.Remove(due.Waiting);
            Activate(due.Waiting);
        }
        while (_active.TryDequeue(out var waiting, out _))
        {
            if (waiting.Place != Place.Active || !_all.TryGetValue(waiting.Pod.Key, out var current) || !ReferenceEquals(current, waiting)) continue;
            waiting.Place = Place.Trying;
            waiting.Attempts++;
            return waiting.Pod;
        }
        return null;
    }

    /// <summary>The pod fits nowhere: parked until a change helps one of these plugins (any change where none is named).</summary>
    public void Park(ResourceKey key, ClusterChange helpedBy, DateTimeOffset now)
    {
        if (!_all.TryGetValue(key, out var waiting)) return;
        waiting.Place = Place.Unschedulable;
        waiting.HelpedBy = helpedBy;
        waiting.BackoffUntil = now + Backoff(waiting.Attempts);
        _unschedulable.Add(waiting);
        Schedule(waiting, now + LongestRest);
    }

    /// <summary>The pod fitted, but binding failed: again after its back-off.</summary>
    public void Retry(PodInfo pod, DateTimeOffset now)
    {
        if (!_all.TryGetValue(pod.Key, out var waiting)) return;
        waiting.Place = Place.BackingOff;
        Schedule(waiting, now + Backoff(waiting.Attempts));
    }

    /// <summary>Wakes the parked pods that such a change may help and that <paramref name="fitsNow"/> lets through.</summary>
    public void Wake(ClusterChange change, Func<PodInfo, bool> fitsNow, DateTimeOffset now)
    {
        if (change == ClusterChange.None || _unschedulable.Count == 0) return;
        List<Waiting>? woken = null;
        foreach (var waiting in _unschedulable)
        {
            if ((waiting.HelpedBy & change) == 0) continue;
            if (fitsNow(waiting.Pod)) (woken ??= []).Add(waiting);
            // A node that was not there when the pod was tried (and most come with a taint): what it lacks yet is none of the reasons the pod was parked for.
            else if ((change & ClusterChange.NodeAdded) != 0) waiting.HelpedBy |= ClusterChange.NodeAllocatable | ClusterChange.NodeLabels | ClusterChange.NodeTaints;
        }
        foreach (var waiting in woken ?? []) Wake(waiting, now);
    }

    private void Wake(Waiting waiting, DateTimeOffset now)
    {
        _unschedulable.Remove(waiting);
        if (waiting.BackoffUntil <= now)
        {
            Activate(waiting);
            return;
        }
        waiting.Place = Place.BackingOff;
        Schedule(waiting, waiting.BackoffUntil);
    }

    private void Activate(Waiting waiting)
    {
        waiting.Place = Place.Active;
        waiting.Ticket++;
        _active.Enqueue(waiting, (-waiting.Pod.Priority, waiting.Since, waiting.Order));
    }

    private void Schedule(Waiting waiting, DateTimeOffset due)
    {
        _timed.Enqueue(new Alarm(waiting, ++waiting.Ticket, due), (due, waiting.Order));
    }

    /// <summary>Removes overtaken alarms from the front; false where none is left.</summary>
    private bool DropStale()
    {
        while (_timed.TryPeek(out var alarm, out _))
        {
            if (alarm.Waiting.Ticket == alarm.Ticket) return true;
            _timed.Dequeue();
        }
        return false;
    }

    /// <summary>Only what bears on placement counts: the scheduler's own status writes must not wake the pod it just parked.</summary>
    private static bool Eased(PodInfo before, PodInfo after) =>
        before.Tolerations.Count != after.Tolerations.Count || !before.Requests.AsSpan().SequenceEqual(after.Requests);

    private static TimeSpan Backoff(int attempts)
    {
        var backoff = InitialBackoff;
        for (var i = 1; i < attempts && backoff < MaxBackoff; i++) backoff *= 2;
        return backoff < MaxBackoff ? backoff : MaxBackoff;
    }

    private sealed class Waiting(PodInfo pod, DateTimeOffset since, long order)
    {
        public PodInfo Pod { get; set; } = pod;

        public DateTimeOffset Since { get; } = since;

        public long Order { get; } = order;

        public Place Place { get; set; }

        public int Attempts { get; set; }

        public ClusterChange HelpedBy { get; set; }

        public DateTimeOffset BackoffUntil { get; set; }

        /// <summary>Counts moves: an alarm with an older number is overtaken.</summary>
        public int Ticket { get; set; }
    }

    private readonly record struct Alarm(Waiting Waiting, int Ticket, DateTimeOffset Due);
}
