namespace Orchestrator.Actors.Scheduling.Topology;

/// <summary>
/// The domains that a node label divides the nodes into (<c>topology.kubernetes.io/zone</c>), numbered, so that counters are arrays. A number is used again
/// when the last node of its domain has gone.
/// </summary>
public sealed class TopologyKey
{
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly List<int> _members = [];
    private readonly Stack<int> _free = new();
    private readonly string? _label;
    private int[] _bySlot = [];

    /// <param name="label">The label; null makes every node a domain of its own, whatever its labels say.</param>
    internal TopologyKey(string? label) => _label = label;

    /// <summary>No domain: the node does not have the label.</summary>
    public const int None = -1;

    /// <summary>Numbers that domains can have: all are below it.</summary>
    public int Bound => _label is null ? _bySlot.Length : _members.Count;

    /// <summary>The number of a node's domain, or <see cref="None"/>.</summary>
    public int DomainOf(NodeInfo node) => (uint)node.Slot < (uint)_bySlot.Length ? _bySlot[node.Slot] : None;

    internal void Come(NodeInfo node)
    {
        Slots.Reach(ref _bySlot, node.Slot, None);
        if (_label is null) _bySlot[node.Slot] = node.Slot;
        else if (node.Labels.TryGetValue(_label, out var value)) _bySlot[node.Slot] = Join(value);
    }

    internal void Leave(NodeInfo node)
    {
        var domain = DomainOf(node);
        if (domain == None) return;
        _bySlot[node.Slot] = None;
        if (_label is null || --_members[domain] > 0) return;
        _numbers.Remove(node.Labels[_label]);
        _free.Push(domain);
    }

    private int Join(string value)
    {
        if (!_numbers.TryGetValue(value, out var domain))
        {
            if (!_free.TryPop(out domain))
            {
                domain = _members.Count;
                _members.Add(0);
            }
            _numbers.Add(value, domain);
        }
        _members[domain]++;
        return domain;
    }
}
