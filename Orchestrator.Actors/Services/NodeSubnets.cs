using System.Net;
using Orchestrator.Actors.Caching;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Services;

/// <summary>
/// Whose each part of the pods' range is. Kept change by change, because thousands of nodes that join at once would otherwise each have all the others read; and the search goes
/// on where the last one ended, as upstream's range allocator does, so that a part that became free is not given to another node at once.
/// </summary>
internal sealed class NodeSubnets(IPNetwork range, int prefixLength)
{
    private readonly Dictionary<string, (long Version, string? Cidr)> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _owners = new(StringComparer.Ordinal);
    private long _next;

    /// <summary>A node as it is now, or as it was when it went; what is older than what is known already is no news.</summary>
    public void Observe(ResourceEntry node, bool gone)
    {
        if (_nodes.TryGetValue(node.Name, out var known) && known.Version >= node.ResourceVersion) return;
        if (known.Cidr is { } before && _owners.TryGetValue(before, out var owner) && owner == node.Name) _owners.Remove(before);
        if (gone)
        {
            _nodes.Remove(node.Name);
            return;
        }
        var cidr = node.Glance<Node>().Spec?.PodCIDR is { Length: > 0 } has ? has : null;
        _nodes[node.Name] = (node.ResourceVersion, cidr);
        if (cidr is not null) _owners[cidr] = node.Name;
    }

    /// <summary>Whether the node has one.</summary>
    public bool Has(string node) => _nodes.TryGetValue(node, out var known) && known.Cidr is not null;

    /// <summary>A subnet that no other node has and <paramref name="isReserved"/> does not know, or null where none is left.</summary>
    public string? Free(string node, Func<string, bool> isReserved)
    {
        var count = AddressPool.SubnetCount(range, prefixLength);
        for (long i = 0; i < count; i++)
        {
            var at = (_next + i) % count;
            var subnet = AddressPool.Subnet(range, prefixLength, at).ToString();
            if ((_owners.TryGetValue(subnet, out var owner) && owner != node) || isReserved(subnet)) continue;
            _next = at + 1;
            return subnet;
        }
        return null;
    }
}
