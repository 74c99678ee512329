using Orchestrator.Actors.Scheduling.Plugins;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Scheduling;

/// <summary>
/// The scheduler without its actor: folds nodes and pods into <see cref="NodeTable"/>, queues what waits, decides one pod at a time.
/// A decision is assumed at once (the node's account includes the pod), so the next decision need not wait for the binding; a binding
/// that fails is given up with <see cref="BindFailed"/>. Calls must not overlap. No I/O, no clock of its own.
/// </summary>
public sealed class ClusterScheduler
{
    /// <summary>The schedulerName this one answers to.</summary>
    public const string Name = "default-scheduler";

    private readonly ResourceColumns _columns = new();
    private readonly NodeTable _nodes;
    private readonly SchedulingQueue _queue = new();
    private readonly SchedulingAlgorithm _algorithm;
    private readonly Dictionary<string, ClusterChange> _helpedBy;

    /// <summary>Pods that count on a node: bound ones and assumed ones.</summary>
    private readonly Dictionary<ResourceKey, (PodInfo Pod, string Node, bool Assumed)> _placed = [];

    /// <summary>Kubernetes' default profile; ties among nodes are broken by the seed.</summary>
    public ClusterScheduler(int seed)
    {
        _nodes = new NodeTable(_columns);
        var taints = new TaintToleration();
        var affinity = new Plugins.NodeAffinity();
        var fit = new NodeResourcesFit(_columns);
        IFilterPlugin[] filters = [new NodeUnschedulable(), new NodeName(), taints, affinity, new NodePorts(), fit];
        IScorePlugin[] scorers = [taints, affinity, fit, new NodeResourcesBalancedAllocation()];
        _algorithm = new SchedulingAlgorithm(filters, scorers, new Random(seed));
        _helpedBy = filters.ToDictionary(f => f.Name, f => f.HelpedBy, StringComparer.Ordinal);
    }

    /// <summary>The nodes as folded so far.</summary>
    public NodeTable Nodes => _nodes;

    /// <summary>Pods without a node.</summary>
    public int Waiting => _queue.Count;

    /// <summary>When <see cref="Next"/> may have work again without any further change, or null.</summary>
    public DateTimeOffset? NextDue => _queue.NextDue;

    /// <summary>A Node object was created or changed.</summary>
    public void NodeChanged(Node node, DateTimeOffset now)
    {
        var change = _nodes.Set(node);
        Wake(change, node.Metadata.Name, now);
    }

    /// <summary>A Node object is gone.</summary>
    public void NodeGone(string name) => _nodes.Remove(name);

    /// <summary>
    /// Whether this pod is known to be on this node for good: then a change of it that does not end it is none for the scheduler. Status
    /// reports of such pods are most of what comes.
    /// </summary>
    public bool IsSettled(ResourceKey key, string uid, string node) =>
        node.Length > 0 && _placed.TryGetValue(key, out var known) && !known.Assumed && known.Node == node && known.Pod.Uid == uid;

    /// <summary>A Pod object was created or changed.</summary>
    public void PodChanged(Pod pod, DateTimeOffset now)
    {
        var info = PodInfo.Of(pod, _columns);
        if (info.NodeName.Length > 0)
        {
            _queue.Remove(info.Key);
            if (info.Ended) Leave(info.Key, now);
            else Come(info, info.NodeName, assumed: false, now);
            return;
        }
        // A row from before the binding may still arrive after the decision: the assumption stands until the binding is answered.
        if (_placed.TryGetValue(info.Key, out var placed) && placed.Pod.Uid == info.Uid && placed.Assumed && !info.Terminating && !info.Ended) return;
        Leave(info.Key, now);
        if (info.SchedulerName is not ("" or Name) || info.Ended || info.Terminating) _queue.Remove(info.Key);
        else _queue.Set(info, now);
    }

    /// <summary>A Pod object is gone.</summary>
    public void PodGone(ResourceKey key, DateTimeOffset now)
    {
        _queue.Remove(key);
        Leave(key, now);
    }

    /// <summary>Decides the next waiting pod, or returns null where none is due.</summary>
    public SchedulingDecision? Next(DateTimeOffset now)
    {
        if (_queue.Take(now) is not { } pod) return null;
        var placement = _algorithm.Place(pod, _nodes);
        if (placement.Node is { } node)
        {
            Come(pod, node.Name, assumed: true, now);
            return new SchedulingDecision(pod, node.Name, null);
        }
        var error = placement.Error!;
        var helpedBy = ClusterChange.NodeAdded;
        foreach (var plugin in error.Plugins) helpedBy |= _helpedBy[plugin];
        _queue.Park(pod.Key, helpedBy, now);
        return new SchedulingDecision(pod, null, error.Message);
    }

    /// <summary>The binding is durable: the pod need not be queued any more.</summary>
    public void Bound(PodInfo pod)
    {
        if (_placed.TryGetValue(pod.Key, out var placed) && placed.Pod.Uid == pod.Uid) _queue.Remove(pod.Key);
    }

    /// <summary>The binding was refused: gives the assumption up and tries the pod again after its back-off.</summary>
    public void BindFailed(PodInfo pod, DateTimeOffset now)
    {
        if (!_placed.TryGetValue(pod.Key, out var placed) || placed.Pod.Uid != pod.Uid || !placed.Assumed) return;
        Leave(pod.Key, now);
        _queue.Retry(pod, now);
    }

    private void Come(PodInfo pod, string node, bool assumed, DateTimeOffset now)
    {
        if (_placed.TryGetValue(pod.Key, out var before))
        {
            if (before.Node == node && before.Pod.Uid == pod.Uid && before.Pod.Requests.AsSpan().SequenceEqual(pod.Requests))
            {
                _placed[pod.Key] = (before.Pod, node, assumed);
                return;
            }
            Leave(pod.Key, now);
        }
        _nodes.AddPod(node, pod);
        _placed[pod.Key] = (pod, node, assumed);
    }

    private void Leave(ResourceKey key, DateTimeOffset now)
    {
        if (!_placed.Remove(key, out var placed)) return;
        _nodes.RemovePod(placed.Node, placed.Pod);
        Wake(ClusterChange.PodLeft, placed.Node, now);
    }

    /// <summary>Every filter so far looks at one node only, so a change to a node helps exactly the pods that this node now takes.</summary>
    private void Wake(ClusterChange change, string nodeName, DateTimeOffset now)
    {
        if (_nodes.Find(nodeName) is { } node) _queue.Wake(change, pod => _algorithm.Fits(pod, node, _nodes), now);
    }
}

/// <summary>One decision: a node, or the message why there is none.</summary>
public sealed record SchedulingDecision(PodInfo Pod, string? Node, string? Message);
