namespace Orchestrator.Actors.Scheduling;

/// <summary>
/// What one pod asks of nodes: its questions from every filter that has one. Pods of at least its priority that are nominated to a node count there as if they
/// were on it already.
/// </summary>
public sealed class PodQuestions
{
    private readonly NodeTable _nodes;
    private readonly (IFilterPlugin Plugin, IPodFilter Filter)[] _asked;

    internal PodQuestions(PodInfo pod, IReadOnlyList<IFilterPlugin> filters, NodeTable nodes)
    {
        (Pod, _nodes) = (pod, nodes);
        var asked = new (IFilterPlugin, IPodFilter)[filters.Count];
        var n = 0;
        foreach (var plugin in filters)
        {
            if (plugin.Prepare(pod, nodes) is not { } filter) continue;
            asked[n++] = (plugin, filter);
            Everywhere ??= filter.Everywhere;
            if (OnlyNodes is null && filter.OnlyNodes is { } names) OnlyNodes = (plugin.Name, names);
        }
        _asked = asked[..n];
    }

    /// <summary>The pod.</summary>
    public PodInfo Pod { get; }

    /// <summary>The first verdict that needs no node, or null.</summary>
    public FilterStatus? Everywhere { get; }

    /// <summary>The only nodes that are possible, and the plugin that says so; null where any may be.</summary>
    public (string Plugin, IReadOnlyCollection<string> Names)? OnlyNodes { get; }

    /// <summary>The first refusal, or null where the node takes the pod.</summary>
    public FilterStatus? Ask(NodeInfo node)
    {
        if (node.Nominated is { } nominated && WithNominated(node, nominated) is { } refusal) return refusal;
        foreach (var (_, filter) in _asked)
            if (filter.Check(node) is { } verdict) return verdict;
        return null;
    }

    /// <summary>The first plugin that refuses the node, or null.</summary>
    public IFilterPlugin? FirstRefusing(NodeInfo node)
    {
        foreach (var (plugin, filter) in _asked)
            if (filter.Check(node) is not null) return plugin;
        return null;
    }

    /// <summary>Every refusal of a node, and what would have to be different.</summary>
    public IEnumerable<(FilterStatus Refusal, string Remedy)> AllRefusals(NodeInfo node)
    {
        foreach (var (_, filter) in _asked)
            if (filter.Check(node) is { } verdict) yield return (verdict, filter.Remedy(node));
    }

    /// <summary>With the nominated pods on the node first; the caller then asks without them, for they may also be what this pod needs and yet never come.</summary>
    private FilterStatus? WithNominated(NodeInfo node, List<PodInfo> nominated)
    {
        var guests = nominated.FindAll(n => n.Priority >= Pod.Priority && n.Uid != Pod.Uid);
        if (guests.Count == 0) return null;
        foreach (var guest in guests) _nodes.AddPod(node, guest);
        try
        {
            foreach (var (_, filter) in _asked)
                if (filter.Check(node) is { } verdict) return verdict;
            return null;
        }
        finally
        {
            foreach (var guest in guests) _nodes.RemovePod(node, guest);
        }
    }
}
