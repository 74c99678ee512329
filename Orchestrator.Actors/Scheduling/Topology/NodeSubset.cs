namespace Orchestrator.Actors.Scheduling.Topology;

/// <summary>The nodes that a constraint looks at: those that fulfil a condition on their labels, name and taints, kept as bits.</summary>
public sealed class NodeSubset
{
    private readonly Func<NodeInfo, bool> _contains;
    private bool[] _bySlot = [];

    internal NodeSubset(string key, Func<NodeInfo, bool> contains) => (Key, _contains) = (key, contains);

    /// <summary>The key of the subset of all nodes.</summary>
    public const string All = "";

    /// <summary>Equal subsets have equal keys.</summary>
    public string Key { get; }

    /// <summary>Whether the node is in it.</summary>
    public bool Contains(NodeInfo node) => (uint)node.Slot < (uint)_bySlot.Length && _bySlot[node.Slot];

    internal void Come(NodeInfo node)
    {
        Slots.Reach(ref _bySlot, node.Slot, false);
        _bySlot[node.Slot] = _contains(node);
    }

    internal void Leave(NodeInfo node)
    {
        if (node.Slot < _bySlot.Length) _bySlot[node.Slot] = false;
    }
}
