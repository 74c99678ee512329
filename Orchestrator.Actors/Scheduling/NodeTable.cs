using Orchestrator.Actors.Scheduling.Topology;
using Orchestrator.Actors.Scheduling.Volumes;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Scheduling;

/// <summary>
/// All nodes in one dense list, kept up to date change by change. A pod may be bound to a node that is not there (its Node object
/// comes later, or was deleted first): such a node is accounted for but not listed.
/// </summary>
public sealed class NodeTable
{
    private const string Region = "topology.kubernetes.io/region";
    private const string Zone = "topology.kubernetes.io/zone";

    private readonly ResourceColumns _columns;
    private readonly Dictionary<string, NodeInfo> _byName = new(StringComparer.Ordinal);
    private readonly List<NodeInfo> _nodes = [];
    private readonly TaintSet.Pool _taints = new();
    private readonly Stack<int> _freeSlots = new();
    private NodeInfo[]? _searchOrder;
    private int _slots;

    /// <param name="columns">Columns of resources, shared with the pods.</param>
    public NodeTable(ResourceColumns columns)
    {
        _columns = columns;
        Topology = new TopologyIndex(() => _nodes);
    }

    /// <summary>The existing nodes, in no particular order.</summary>
    public IReadOnlyList<NodeInfo> Nodes => _nodes;

    /// <summary>
    /// The existing nodes, zone by turns: a search that stops early has seen nodes of every zone.
    /// </summary>
    public ReadOnlySpan<NodeInfo> SearchOrder => _searchOrder ??= ByTurns();

    /// <summary>How many nodes have a PreferNoSchedule taint: mostly none, and then nobody need look for them.</summary>
    public int SoftlyTainted { get; private set; }

    /// <summary>Pods counted by topology.</summary>
    public TopologyIndex Topology { get; }

    /// <summary>Images of nodes.</summary>
    public ImageTable Images { get; } = new();

    /// <summary>What volumes and their drivers say of nodes.</summary>
    public VolumeTable Volumes { get; } = new();

    /// <summary>What Services and workloads select.</summary>
    public WorkloadSelectors Selectors { get; } = new();

    /// <summary>An existing node, or null.</summary>
    public NodeInfo? Find(string name) => _byName.TryGetValue(name, out var node) && node.Index >= 0 ? node : null;

    /// <summary>Takes over a Node object and says what changed about it.</summary>
    public ClusterChange Set(Node node)
    {
        var info = GetOrAdd(node.Metadata.Name);
        var change = ClusterChange.None;
        IReadOnlyDictionary<string, string> labels = node.Metadata.Labels ?? LabelMaps.None;
        if (!LabelMaps.Same(labels, info.Labels)) change |= ClusterChange.NodeLabels;
        var taints = _taints.Of(node.Spec.Taints);
        if (!ReferenceEquals(taints, info.Taints) || info.Unschedulable != node.Spec.Unschedulable) change |= ClusterChange.NodeTaints;
        var offered = node.Status.Allocatable ?? node.Status.Capacity ?? [];
        var allocatable = _columns.Vector(offered, (quantity, milli) => milli ? quantity.MilliValue : quantity.Value);
        var pods = offered.TryGetValue("pods", out var limit) ? limit.Value : 0;
        if (pods != info.AllowedPods || !allocatable.AsSpan().SequenceEqual(info.Allocatable)) change |= ClusterChange.NodeAllocatable;
        info.Offer(allocatable, pods);
        Images.Set(info, node.Status.Images ?? []);

        var added = info.Index < 0;
        if (added) change |= ClusterChange.NodeAdded;
        else if ((change & (ClusterChange.NodeLabels | ClusterChange.NodeTaints)) == 0) return change;
        else Topology.NodeGoes(info);
        if (added || info.Labels.GetValueOrDefault(Zone) != labels.GetValueOrDefault(Zone) || info.Labels.GetValueOrDefault(Region) != labels.GetValueOrDefault(Region)) _searchOrder = null;
        info.Labels = labels;
        if (taints.HasSoft) SoftlyTainted++;
        if (!added && info.Taints.HasSoft) SoftlyTainted--;
        info.Taints = taints;
        info.Unschedulable = node.Spec.Unschedulable;
        if (added)
        {
            info.Index = _nodes.Count;
            _nodes.Add(info);
        }
        Topology.NodeComes(info);
        return change;
    }

    /// <summary>The Node object is gone; what its pods take stays known until they go.</summary>
    public void Remove(string name)
    {
        if (!_byName.TryGetValue(name, out var info) || info.Index < 0) return;
        Topology.NodeGoes(info);
        if (info.Taints.HasSoft) SoftlyTainted--;
        Images.Set(info, []);
        _searchOrder = null;
        var last = _nodes[^1];
        _nodes[info.Index] = last;
        last.Index = info.Index;
        _nodes.RemoveAt(_nodes.Count - 1);
        info.Index = -1;
        Forget(info);
    }

    /// <summary>A pod takes its share of a node.</summary>
    public void AddPod(string node, PodInfo pod) => AddPod(GetOrAdd(node), pod);

    /// <summary>A pod gives its share back; must be the same <see cref="PodInfo"/> that was added.</summary>
    public void RemovePod(string node, PodInfo pod)
    {
        var info = GetOrAdd(node);
        RemovePod(info, pod);
        Forget(info);
    }

    /// <summary>As above, of a node at hand; also for trying out what would be.</summary>
    internal void AddPod(NodeInfo node, PodInfo pod)
    {
        node.Add(pod);
        if (pod.Volumes.Claims.Length > 0) Volumes.Use(pod, 1);
        Topology.PodCame(node, pod);
    }

    /// <summary>As above; a node that does not exist stays known.</summary>
    internal void RemovePod(NodeInfo node, PodInfo pod)
    {
        Topology.PodLeft(node, pod);
        if (pod.Volumes.Claims.Length > 0) Volumes.Use(pod, -1);
        node.Remove(pod);
    }

    /// <summary>A waiting pod counts on a node against pods of lower priority.</summary>
    internal void Nominate(PodInfo pod, string node) => (GetOrAdd(node).Nominated ??= []).Add(pod);

    /// <summary>A waiting pod counts on the node no more.</summary>
    internal void Unnominate(PodInfo pod, string node)
    {
        if (!_byName.TryGetValue(node, out var info) || info.Nominated is not { } nominated) return;
        nominated.RemoveAll(n => n.Uid == pod.Uid);
        if (nominated.Count == 0) info.Nominated = null;
        Forget(info);
    }

    private NodeInfo GetOrAdd(string name)
    {
        if (!_byName.TryGetValue(name, out var info)) _byName[name] = info = new NodeInfo(name) { Slot = _freeSlots.TryPop(out var slot) ? slot : _slots++ };
        return info;
    }

    private void Forget(NodeInfo info)
    {
        if (info.Index >= 0 || info.PodCount > 0 || info.Nominated is not null || !_byName.Remove(info.Name)) return;
        _freeSlots.Push(info.Slot);
    }

    private NodeInfo[] ByTurns()
    {
        var zones = new Dictionary<(string?, string?), List<NodeInfo>>();
        foreach (var node in _nodes)
        {
            var zone = (node.Labels.GetValueOrDefault(Region), node.Labels.GetValueOrDefault(Zone));
            if (!zones.TryGetValue(zone, out var members)) zones[zone] = members = [];
            members.Add(node);
        }
        var order = new NodeInfo[_nodes.Count];
        var at = 0;
        for (var turn = 0; at < order.Length; turn++)
            foreach (var members in zones.Values)
                if (turn < members.Count) order[at++] = members[turn];
        return order;
    }
}
