namespace Orchestrator.Actors.Scheduling.Topology;

/// <summary>
/// Pods of one selection per domain of one topology key, over the nodes of one subset; kept up to date pod by pod. A domain exists where one of these nodes is in it.
/// </summary>
public sealed class DomainCounter
{
    private int[] _pods = [];
    private int[] _nodes = [];
    private int _least;
    private int _atLeast;
    private bool _stale = true;

    internal DomainCounter(TopologyKey key, NodeSubset subset) => (Key, Subset) = (key, subset);

    /// <summary>What divides the nodes.</summary>
    public TopologyKey Key { get; }

    /// <summary>The nodes that count.</summary>
    public NodeSubset Subset { get; }

    /// <summary>How many domains exist.</summary>
    public int Domains { get; private set; }

    /// <summary>Pods in all domains.</summary>
    public long Total { get; private set; }

    /// <summary>Pods in the node's domain; 0 where the node has none.</summary>
    public int At(NodeInfo node) => In(Key.DomainOf(node));

    /// <summary>Pods in a domain; 0 for <see cref="TopologyKey.None"/>.</summary>
    public int In(int domain) => (uint)domain < (uint)_pods.Length ? _pods[domain] : 0;

    /// <summary>The fewest pods that an existing domain has; <see cref="int.MaxValue"/> where there is no domain.</summary>
    public int Least
    {
        get
        {
            if (_stale) FindLeast();
            return _least;
        }
    }

    internal void NodeCame(NodeInfo node)
    {
        var domain = Key.DomainOf(node);
        if (domain < 0 || !Subset.Contains(node)) return;
        Slots.Reach(ref _pods, domain, 0);
        Slots.Reach(ref _nodes, domain, 0);
        if (_nodes[domain]++ > 0) return;
        Domains++;
        _stale = true;
    }

    internal void NodeLeft(NodeInfo node)
    {
        var domain = Key.DomainOf(node);
        if (domain < 0 || !Subset.Contains(node) || --_nodes[domain] > 0) return;
        Domains--;
        _stale = true;
    }

    /// <summary>Counts pods in (positive) or out (negative) on a node that is there.</summary>
    internal void Count(NodeInfo node, int pods)
    {
        var domain = Key.DomainOf(node);
        if (domain < 0 || !Subset.Contains(node)) return;
        Total += pods;
        var before = _pods[domain];
        var now = _pods[domain] = before + pods;
        if (_stale) return;
        if (now < _least) (_least, _atLeast) = (now, 1);
        else if (before == _least) _stale = --_atLeast == 0;
        else if (now == _least) _atLeast++;
    }

    private void FindLeast()
    {
        (_least, _atLeast, _stale) = (int.MaxValue, 0, false);
        for (var domain = 0; domain < _nodes.Length; domain++)
        {
            if (_nodes[domain] == 0) continue;
            if (_pods[domain] < _least) (_least, _atLeast) = (_pods[domain], 1);
            else if (_pods[domain] == _least) _atLeast++;
        }
    }
}
