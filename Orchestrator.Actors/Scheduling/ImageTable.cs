using Orchestrator.Actors.Scheduling.Topology;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Scheduling;

/// <summary>One image: how large it is and which nodes have it.</summary>
public sealed class ImageInfo
{
    private bool[] _bySlot = [];

    /// <summary>Bytes, as the first node that has it says.</summary>
    public long Size { get; internal init; }

    /// <summary>Nodes that have it.</summary>
    public int Nodes { get; private set; }

    /// <summary>Whether a node has it.</summary>
    public bool IsOn(NodeInfo node) => (uint)node.Slot < (uint)_bySlot.Length && _bySlot[node.Slot];

    internal void Come(NodeInfo node)
    {
        Slots.Reach(ref _bySlot, node.Slot, false);
        if (_bySlot[node.Slot]) return;
        _bySlot[node.Slot] = true;
        Nodes++;
    }

    internal void Leave(NodeInfo node)
    {
        if (!IsOn(node)) return;
        _bySlot[node.Slot] = false;
        Nodes--;
    }
}

/// <summary>Images by each of their names.</summary>
public sealed class ImageTable
{
    private readonly Dictionary<string, ImageInfo> _byName = new(StringComparer.Ordinal);

    /// <summary>The image, or null where no node has it.</summary>
    public ImageInfo? Find(string nameWithTag) => _byName.TryGetValue(nameWithTag, out var image) && image.Nodes > 0 ? image : null;

    /// <summary>The name as the container runtime knows it: without a tag it means <c>latest</c>.</summary>
    public static string WithTag(string name) => name.LastIndexOf(':') <= name.LastIndexOf('/') ? name + ":latest" : name;

    /// <summary>A node's images as they are now.</summary>
    internal void Set(NodeInfo node, List<ContainerImage> images)
    {
        foreach (var image in node.Images) image.Leave(node);
        if (images.Count == 0)
        {
            node.Images = [];
            return;
        }
        var now = new List<ImageInfo>(images.Count);
        foreach (var image in images)
            foreach (var name in image.Names ?? [])
            {
                if (!_byName.TryGetValue(name, out var known)) _byName[name] = known = new ImageInfo { Size = image.SizeBytes };
                known.Come(node);
                now.Add(known);
            }
        node.Images = [.. now];
    }
}
