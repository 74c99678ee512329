using Orchestrator.Actors.Scheduling.Plugins;
using Orchestrator.Actors.Scheduling.Volumes;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Policy.V1;

namespace Orchestrator.Actors.Scheduling;

/// <summary>
/// The scheduler without its actor: folds nodes, pods and what else bears on placement, queues what waits, decides one pod at a time.
/// A decision is assumed at once (the node's account includes the pod), so the next decision need not wait for the binding; a binding
/// that fails is given up with <see cref="BindFailed"/>. Calls must not overlap. No I/O, no clock of its own.
/// </summary>
public sealed class ClusterScheduler
{
    /// <summary>The schedulerName that pods have which name none.</summary>
    public const string Name = "default-scheduler";

    /// <summary>A preempted pod that has not begun to go after so long is no longer counted on to go.</summary>
    private static readonly TimeSpan VictimPatience = TimeSpan.FromSeconds(30);

    private readonly ResourceColumns _columns = new();
    private readonly NodeTable _nodes;
    private readonly DisruptionBudgetTable _budgets = new();
    private readonly SchedulingQueue _queue = new(new PrioritySort(), [new SchedulingGates()]);
    private readonly Dictionary<string, SchedulingAlgorithm> _profiles;
    private readonly DefaultPreemption _preemption;

    /// <summary>Pods that count on a node: bound ones and assumed ones.</summary>
    private readonly Dictionary<ResourceKey, PlacedPod> _placed = [];

    /// <summary>Waiting pods that room was made for, and where.</summary>
    private readonly Dictionary<ResourceKey, (PodInfo Pod, string Node)> _nominated = [];

    /// <summary>Preempted pods whose going does not show yet, by uid.</summary>
    private readonly Dictionary<string, DateTimeOffset> _victims = new(StringComparer.Ordinal);

    /// <summary>Kubernetes' default profile; ties among nodes are broken by the seed.</summary>
    public ClusterScheduler(int seed) : this(seed, SchedulerProfile.OnlyDefault) { }

    /// <param name="seed">Breaks ties among nodes.</param>
    /// <param name="profiles">One per schedulerName.</param>
    public ClusterScheduler(int seed, IReadOnlyList<SchedulerProfile> profiles)
    {
        var random = new Random(seed);
        _nodes = new NodeTable(_columns);
        _profiles = profiles.ToDictionary(p => p.Name, p => new SchedulingAlgorithm(p, _nodes, _columns, random), StringComparer.Ordinal);
        _preemption = new DefaultPreemption(_nodes, _budgets, random);
    }

    /// <summary>The nodes as folded so far.</summary>
    public NodeTable Nodes => _nodes;

    /// <summary>Pods without a node.</summary>
    public int Waiting => _queue.Count;

    /// <summary>When <see cref="Next"/> may have work again without any further change, or null.</summary>
    public DateTimeOffset? NextDue => _queue.NextDue;

    /// <summary>A Node object was created or changed.</summary>
    public void NodeChanged(Node node, DateTimeOffset now) => Wake(_nodes.Set(node), node.Metadata.Name, null, now);

    /// <summary>A Node object is gone.</summary>
    public void NodeGone(string name, DateTimeOffset now)
    {
        _nodes.Remove(name);
        // With a domain less, others may be the emptiest: spreading sees the nodes' labels changed.
        Wake(ClusterChange.NodeLabels, "", null, now);
    }

    /// <summary>A namespace has these labels now; null where it is gone.</summary>
    public void NamespaceChanged(string name, IReadOnlyDictionary<string, string>? labels, DateTimeOffset now)
    {
        if (_nodes.Topology.NamespaceChanged(name, labels)) Wake(ClusterChange.NamespaceLabels, "", null, now);
    }

    /// <summary>A PodDisruptionBudget as it is now; null where it is gone.</summary>
    public void BudgetChanged(string ns, string name, PodDisruptionBudget? budget) => _budgets.Set(ns, name, budget);

    /// <summary>A claim as it is now; null where it is gone.</summary>
    public void ClaimChanged(string ns, string name, PersistentVolumeClaim? claim, DateTimeOffset now)
    {
        _nodes.Volumes.SetClaim(ns, name, claim);
        Wake(new ClusterEvent(ClusterChange.Claim, null, null) { Claim = (ns, name) }, now);
    }

    /// <summary>A change of volumes, classes or CSI drivers, made to <see cref="NodeTable.Volumes"/> already.</summary>
    /// <param name="change"><see cref="ClusterChange.Storage"/> or <see cref="ClusterChange.NodeDrivers"/>.</param>
    /// <param name="node">The node of the drivers, else empty.</param>
    /// <param name="now">The time.</param>
    public void VolumesChanged(ClusterChange change, string node, DateTimeOffset now) => Wake(change, node, null, now);

    /// <summary>
    /// Whether a change of this pod is none for the scheduler: it is known to be on this node for good, counts there as before, and does not end. Status
    /// reports of such pods are most of what comes.
    /// </summary>
    public bool IsSettled(ResourceKey key, string uid, string node, IReadOnlyDictionary<string, string> labels, bool terminating) =>
        node.Length > 0 && _placed.TryGetValue(key, out var known) && !known.Assumed && known.Node == node && known.Pod.Uid == uid
        && known.Pod.Terminating == terminating && Topology.LabelMaps.Same(known.Pod.Labels, labels);

    /// <summary>A Pod object was created or changed.</summary>
    public void PodChanged(Pod pod, DateTimeOffset now, IReadOnlyDictionary<string, string>? labels = null)
    {
        var info = PodInfo.Of(pod, _columns, labels);
        if (info.Terminating || info.Ended) _victims.Remove(info.Uid);
        if (info.NodeName.Length > 0)
        {
            _queue.Remove(info.Key);
            Unnominate(info.Key);
            if (info.Ended) Leave(info.Key, now);
            else Come(info, info.NodeName, assumed: false, [], now);
            return;
        }
        // A row from before the binding may still arrive after the decision: the assumption stands until the binding is answered.
        if (_placed.TryGetValue(info.Key, out var placed) && placed.Pod.Uid == info.Uid && placed.Assumed && !info.Terminating && !info.Ended) return;
        Leave(info.Key, now);
        if (!_profiles.ContainsKey(ProfileOf(info)) || info.Ended || info.Terminating)
        {
            _queue.Remove(info.Key);
            Unnominate(info.Key);
            return;
        }
        if (info.NominatedNode.Length > 0 && !_nominated.ContainsKey(info.Key)) Nominate(info, info.NominatedNode);
        _queue.Set(info, now);
    }

    /// <summary>The pod, where it waits for its scheduling gates; else null.</summary>
    public PodInfo? IsGated(ResourceKey key) => _queue.Find(key) is { Place: QueuePlace.Gated } queued ? queued.Pod : null;

    /// <summary>A Pod object is gone.</summary>
    public void PodGone(ResourceKey key, DateTimeOffset now)
    {
        _queue.Remove(key);
        Unnominate(key);
        Leave(key, now);
    }

    /// <summary>Decides the next waiting pod, or returns null where none is due.</summary>
    public SchedulingDecision? Next(DateTimeOffset now)
    {
        if (_queue.Take(now) is not { } pod) return null;
        _nodes.Topology.Tidy();
        var algorithm = _profiles[ProfileOf(pod)];
        var questions = algorithm.Prepare(pod);
        var nominated = _nominated.TryGetValue(pod.Key, out var before) ? _nodes.Find(before.Node) : null;
        var placement = algorithm.Place(questions, nominated);
        if (placement.Node is { } node)
        {
            Unnominate(pod.Key);
            var volumes = VolumesFor(pod, node);
            Come(pod, node.Name, assumed: true, volumes, now);
            return new SchedulingDecision(pod, node.Name, null) { Volumes = volumes };
        }
        var error = placement.Error!;
        var preemption = algorithm.Profile.Disabled.Contains(DefaultPreemption.Name)
            ? PreemptionResult.None("")
            : _preemption.Run(questions, error, nominated, p => (p.Terminating && p.Preempted) || (_victims.TryGetValue(p.Uid, out var since) && since + VictimPatience > now));
        _queue.Park(pod.Key, algorithm.Filters.Where(f => error.Plugins.Contains(f.Name)), now);
        var message = error.Message(preemption.Message);
        if (preemption.Node is not { } roomOn)
        {
            var loses = nominated is not null && !preemption.Waits;
            if (loses) Unnominate(pod.Key);
            return new SchedulingDecision(pod, null, message) { LosesNomination = loses };
        }
        foreach (var victim in preemption.Victims) _victims[victim.Uid] = now;
        var outbid = (roomOn.Nominated ?? []).Where(n => n.Priority < pod.Priority).ToList();
        foreach (var other in outbid) Unnominate(other.Key);
        Unnominate(pod.Key);
        Nominate(pod, roomOn.Name);
        return new SchedulingDecision(pod, null, message) { Preemption = new Preemption(roomOn.Name, preemption.Victims, outbid) };
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

    /// <summary>Why a pod is where it is, or nowhere; null for a pod that no profile here places, or that is not known.</summary>
    public PlacementReport? Explain(Pod pod, DateTimeOffset now)
    {
        var info = PodInfo.Of(pod, _columns);
        if (!_profiles.TryGetValue(ProfileOf(info), out var algorithm)) return null;
        var placed = _placed.GetValueOrDefault(info.Key);
        return PlacementReport.Of(info, placed, algorithm, _nodes) with
        {
            Waits = placed is { Assumed: true, Volumes.Count: > 0 } ? $"node {placed.Node} is chosen, its volumes are being bound"
                : _nominated.TryGetValue(info.Key, out var nominated) ? $"room is being made for it on {nominated.Node}"
                : _queue.Find(info.Key)?.Waits(pod.Spec.SchedulingGates ?? [], now) ?? "",
        };
    }

    private static string ProfileOf(PodInfo pod) => pod.SchedulerName.Length == 0 ? Name : pod.SchedulerName;

    private void Come(PodInfo pod, string node, bool assumed, IReadOnlyList<VolumeChoice> volumes, DateTimeOffset now)
    {
        if (_placed.TryGetValue(pod.Key, out var before))
        {
            if (before.Node == node && before.Pod.CountsAs(pod))
            {
                if (!assumed) Release(before.Volumes);
                _placed[pod.Key] = before with { Assumed = assumed, Volumes = [] };
                return;
            }
            Leave(pod.Key, now);
        }
        _nodes.AddPod(node, pod);
        foreach (var (claim, volume) in volumes)
            if (volume is not null) _nodes.Volumes.Promise(volume, claim);
        _placed[pod.Key] = new PlacedPod(pod, node, assumed, volumes);
        Wake(ClusterChange.PodCame, node, pod, now);
    }

    private void Leave(ResourceKey key, DateTimeOffset now)
    {
        if (!_placed.Remove(key, out var placed)) return;
        _nodes.RemovePod(placed.Node, placed.Pod);
        Release(placed.Volumes);
        _victims.Remove(placed.Pod.Uid);
        Wake(ClusterChange.PodLeft, placed.Node, placed.Pod, now);
    }

    private void Release(IReadOnlyList<VolumeChoice> volumes)
    {
        foreach (var (_, volume) in volumes)
            if (volume is not null) _nodes.Volumes.TakeBack(volume.Name);
    }

    private IReadOnlyList<VolumeChoice> VolumesFor(PodInfo pod, NodeInfo node)
    {
        if (pod.Volumes.Claims.Length == 0) return [];
        var waiting = pod.Volumes.Claims.Select(c => _nodes.Volumes.Claim(pod.Key.Namespace, c.Name)).OfType<PersistentVolumeClaim>().Where(_nodes.Volumes.WaitsForConsumer).ToList();
        return VolumeBinding.Choose(_nodes.Volumes, waiting, node) ?? [];
    }

    private void Nominate(PodInfo pod, string node)
    {
        _nominated[pod.Key] = (pod, node);
        _nodes.Nominate(pod, node);
    }

    private void Unnominate(ResourceKey key)
    {
        if (_nominated.Remove(key, out var nominated)) _nodes.Unnominate(nominated.Pod, nominated.Node);
    }

    private void Wake(ClusterChange change, string nodeName, PodInfo? pod, DateTimeOffset now)
    {
        if (change != ClusterChange.None) Wake(new ClusterEvent(change, _nodes.Find(nodeName), pod), now);
    }

    private void Wake(in ClusterEvent change, DateTimeOffset now) =>
        _queue.Wake(change, _nodes, (waiting, node) => _profiles[ProfileOf(waiting)].Prepare(waiting).FirstRefusing(node), now);
}

/// <summary>A pod that counts on a node.</summary>
/// <param name="Pod">As it counts.</param>
/// <param name="Node">Where.</param>
/// <param name="Assumed">The binding is not known to be durable.</param>
/// <param name="Volumes">What was promised to its claims.</param>
internal sealed record PlacedPod(PodInfo Pod, string Node, bool Assumed, IReadOnlyList<VolumeChoice> Volumes);

/// <summary>One decision: a node, or the message why there is none.</summary>
public sealed record SchedulingDecision(PodInfo Pod, string? Node, string? Message)
{
    /// <summary>Volumes for the claims that have waited for this pod; to be bound before the pod is.</summary>
    public IReadOnlyList<VolumeChoice> Volumes { get; init; } = [];

    /// <summary>Who has to go so that the pod fits, or null.</summary>
    public Preemption? Preemption { get; init; }

    /// <summary>Room was made for the pod before, and is of no use any more.</summary>
    public bool LosesNomination { get; init; }
}

/// <summary>Room that is made for a pod.</summary>
/// <param name="Node">Where.</param>
/// <param name="Victims">The pods to delete there.</param>
/// <param name="Outbid">Waiting pods of lower priority that were nominated to the node and are no longer.</param>
public sealed record Preemption(string Node, IReadOnlyList<PodInfo> Victims, IReadOnlyList<PodInfo> Outbid);
