using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Scheduling;

/// <summary>
/// All nodes in one dense list, kept up to date change by change. A pod may be bound to a node that is not there (its Node object
/// comes later, or was deleted first): such a node is accounted for but not listed.
/// </summary>
public sealed class NodeTable(ResourceColumns columns)
{
    private readonly Dictionary<string, NodeInfo> _byName = new(StringComparer.Ordinal);
    private readonly List<NodeInfo> _nodes = [];
    private readonly TaintSet.Pool _taints = new();

    /// <summary>The existing nodes, in no particular order.</summary>
    public IReadOnlyList<NodeInfo> Nodes => _nodes;

    /// <summary>An existing node, or null.</summary>
    public NodeInfo? Find(string name) => _byName.TryGetValue(name, out var node) && node.Index >= 0 ? node : null;

    /// <summary>Takes over a Node object and says what changed about it.</summary>
    public ClusterChange Set(Node node)
    {
        var info = GetOrAdd(node.Metadata.Name);
        var change = ClusterChange.None;
        if (info.Index < 0)
        {
            info.Index = _nodes.Count;
            _nodes.Add(info);
            change |= ClusterChange.NodeAdded;
        }
        var labels = node.Metadata.Labels ?? [];
        if (!Same(labels, info.Labels)) change |= ClusterChange.NodeLabels;
        info.Labels = labels;
        var taints = _taints.Of(node.Spec.Taints);
        if (!ReferenceEquals(taints, info.Taints) || info.Unschedulable != node.Spec.Unschedulable) change |= ClusterChange.NodeTaints;
        info.Taints = taints;
        info.Unschedulable = node.Spec.Unschedulable;
        var offered = node.Status.Allocatable ?? node.Status.Capacity ?? [];
        var allocatable = columns.Vector(offered, (quantity, milli) => milli ? quantity.MilliValue : quantity.Value);
        var pods = offered.TryGetValue("pods", out var limit) ? limit.Value : 0;
        if (pods != info.AllowedPods || !allocatable.AsSpan().SequenceEqual(info.Allocatable)) change |= ClusterChange.NodeAllocatable;
        info.Allocatable = allocatable;
        info.AllowedPods = pods;
        return change;
    }

    /// <summary>The Node object is gone; what its pods take stays known until they go.</summary>
    public void Remove(string name)
    {
        if (!_byName.TryGetValue(name, out var info) || info.Index < 0) return;
        var last = _nodes[^1];
        _nodes[info.Index] = last;
        last.Index = info.Index;
        _nodes.RemoveAt(_nodes.Count - 1);
        info.Index = -1;
        Forget(info);
    }

    /// <summary>A pod takes its share of a node.</summary>
    public void AddPod(string node, PodInfo pod) => GetOrAdd(node).Add(pod);

    /// <summary>A pod gives its share back; must be the same <see cref="PodInfo"/> that was added.</summary>
    public void RemovePod(string node, PodInfo pod)
    {
        var info = GetOrAdd(node);
        info.Remove(pod);
        Forget(info);
    }

    private NodeInfo GetOrAdd(string name)
    {
        if (!_byName.TryGetValue(name, out var info)) _byName[name] = info = new NodeInfo(name);
        return info;
    }

    private void Forget(NodeInfo info)
    {
        if (info.Index < 0 && info.PodCount == 0) _byName.Remove(info.Name);
    }

    private static bool Same(Dictionary<string, string> a, IReadOnlyDictionary<string, string> b)
    {
        if (a.Count != b.Count) return false;
        foreach (var (key, value) in a)
            if (!b.TryGetValue(key, out var other) || other != value) return false;
        return true;
    }
}
