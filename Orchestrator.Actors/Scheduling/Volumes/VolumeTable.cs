using Orchestrator.Actors.Volumes;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Storage.V1;

namespace Orchestrator.Actors.Scheduling.Volumes;

/// <summary>
/// Claims, volumes, storage classes and nodes' CSI drivers as the scheduler knows them, and the volumes it has promised to pods whose binding is not written yet.
/// </summary>
public sealed class VolumeTable
{
    private readonly Dictionary<(string Namespace, string Name), PersistentVolumeClaim> _claims = [];
    private readonly Dictionary<string, KnownVolume> _volumes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StorageClass> _classes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, int>> _limits = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Namespace, string Name)> _promised = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Namespace, string Name), int> _users = [];
    private readonly Dictionary<(string Namespace, string Name), StorageRoom> _capacities = [];
    private readonly Dictionary<string, Attachment> _attachments = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _attached = new(StringComparer.Ordinal);

    /// <summary>CSI drivers that say how much room they have.</summary>
    private readonly HashSet<string> _measured = new(StringComparer.Ordinal);

    /// <summary>A claim as it is now; null where it is gone.</summary>
    public void SetClaim(string ns, string name, PersistentVolumeClaim? claim) => Set(_claims, (ns, name), claim);

    /// <summary>A volume as it is now; null where it is gone.</summary>
    public void SetVolume(string name, PersistentVolume? volume)
    {
        Set(_volumes, name, volume is null ? null : new KnownVolume(volume));
        if (volume is null) _promised.Remove(name);
    }

    /// <summary>A storage class as it is now; null where it is gone.</summary>
    public void SetClass(string name, StorageClass? storageClass) => Set(_classes, name, storageClass);

    /// <summary>A CSI driver as it is now; null where it is gone.</summary>
    public void SetDriver(string name, CSIDriver? driver)
    {
        if (driver?.Spec.StorageCapacity == true) _measured.Add(name);
        else _measured.Remove(name);
    }

    /// <summary>How much room a driver says there is somewhere, as it is now; null where that is gone.</summary>
    public void SetCapacity(string ns, string name, CSIStorageCapacity? capacity) => Set(_capacities, (ns, name), capacity is null ? null : new StorageRoom(capacity));

    /// <summary>An attachment as it is now; null where it is gone. Returns the node that something was detached from, or null.</summary>
    public string? SetAttachment(string name, VolumeAttachment? attachment)
    {
        var known = _attachments.GetValueOrDefault(name);
        var now = attachment?.Spec.Source.PersistentVolumeName is { Length: > 0 } volume ? new Attachment(attachment.Spec.NodeName, volume) : null;
        if (known == now) return null;
        Set(_attachments, name, now);
        if (known is not null && !_attachments.ContainsValue(known)) _attached[known.Node].Remove(known.Volume);
        if (now is not null)
        {
            if (!_attached.TryGetValue(now.Node, out var volumes)) _attached[now.Node] = volumes = new HashSet<string>(StringComparer.Ordinal);
            volumes.Add(now.Volume);
        }
        return known?.Node;
    }

    /// <summary>Volumes that are attached to a node, by name, whether or not a pod there uses them.</summary>
    public IReadOnlyCollection<string> AttachedTo(string node) => _attached.TryGetValue(node, out var volumes) ? volumes : [];

    /// <summary>How many pods on nodes mount a claim.</summary>
    public int UsersOf(string ns, string claim) => _users.GetValueOrDefault((ns, claim));

    /// <summary>Counts a pod's claims as used by one more (1) or one less (-1).</summary>
    internal void Use(PodInfo pod, int sign)
    {
        foreach (var claim in pod.Volumes.Claims)
        {
            var users = _users.GetValueOrDefault((pod.Key.Namespace, claim.Name)) + sign;
            if (users == 0) _users.Remove((pod.Key.Namespace, claim.Name));
            else _users[(pod.Key.Namespace, claim.Name)] = users;
        }
    }

    /// <summary>How many volumes a node's CSI drivers take, as its CSINode says now; null where that is gone.</summary>
    public void SetLimits(string node, CSINode? drivers) => Set(_limits, node, drivers is null ? null : (drivers.Spec.Drivers ?? [])
        .Where(d => d.Allocatable?.Count is not null).ToDictionary(d => d.Name, d => d.Allocatable!.Count!.Value, StringComparer.Ordinal));

    /// <summary>A claim, or null.</summary>
    public PersistentVolumeClaim? Claim(string ns, string name) => _claims.GetValueOrDefault((ns, name));

    /// <summary>A volume, or null.</summary>
    public KnownVolume? Volume(string name) => _volumes.GetValueOrDefault(name);

    /// <summary>Whether the claim has its volume for good.</summary>
    public static bool IsBound(PersistentVolumeClaim claim) => claim.Spec.VolumeName.Length > 0 && claim.Metadata.Annotations?.ContainsKey(VolumeAnnotations.BindCompleted) == true;

    /// <summary>Whether the claim waits until a pod that uses it has a node. One that names its volume does not.</summary>
    public bool WaitsForConsumer(PersistentVolumeClaim claim) =>
        claim.Spec.VolumeName.Length == 0 && ClassOf(claim) is { VolumeBindingMode: "WaitForFirstConsumer" };

    /// <summary>The claim's storage class, or null.</summary>
    public StorageClass? ClassOf(PersistentVolumeClaim claim) =>
        VolumeMatch.ClassOf(claim) is { Length: > 0 } name ? _classes.GetValueOrDefault(name) : null;

    /// <summary>How many volumes of each driver a node takes, by driver; null where the node says nothing.</summary>
    public IReadOnlyDictionary<string, int>? LimitsOf(string node) => _limits.GetValueOrDefault(node);

    /// <summary>
    /// What makes the volume for a claim on a node: whether its class has a provisioner, and allows the node's topology.
    /// </summary>
    public bool CanProvision(PersistentVolumeClaim claim, NodeInfo node)
    {
        if (ClassOf(claim) is not { } found || found.Provisioner is "" or VolumeAnnotations.NoProvisioner) return false;
        if (found.AllowedTopologies is not { Count: > 0 } topologies) return true;
        foreach (var term in topologies)
            if ((term.MatchLabelExpressions ?? []).TrueForAll(e => node.Labels.TryGetValue(e.Key, out var value) && e.Values?.Contains(value) == true)) return true;
        return false;
    }

    /// <summary>Whether the driver that makes the claim's volume has room for it that the node can reach; so where it does not tell.</summary>
    public bool HasRoom(PersistentVolumeClaim claim, NodeInfo node)
    {
        if (ClassOf(claim) is not { } found || !_measured.Contains(found.Provisioner) || claim.Spec.Resources.Requests?.TryGetValue("storage", out var wanted) != true) return true;
        foreach (var room in _capacities.Values)
            if (room.ClassName == found.Metadata.Name && room.IsEnoughFor(wanted) && room.IsReachableFrom(node)) return true;
        return false;
    }

    /// <summary>The smallest volume that fits the claim on this node and is neither taken, promised, nor among <paramref name="chosen"/>; null where there is none.</summary>
    public KnownVolume? FindFor(PersistentVolumeClaim claim, NodeInfo node, IReadOnlyCollection<KnownVolume> chosen)
    {
        KnownVolume? best = null;
        foreach (var volume in _volumes.Values)
        {
            if (!volume.Suits(claim) || !volume.IsReachableFrom(node) || chosen.Contains(volume)) continue;
            if (_promised.TryGetValue(volume.Name, out var owner) && owner != (claim.Metadata.Namespace, claim.Metadata.Name)) continue;
            if (volume.IsReservedFor(claim)) return volume;
            if (best is null || volume.Capacity < best.Capacity || (volume.Capacity == best.Capacity && string.CompareOrdinal(volume.Name, best.Name) < 0)) best = volume;
        }
        return best;
    }

    /// <summary>A volume is promised to a claim until <see cref="TakeBack"/>.</summary>
    public void Promise(KnownVolume volume, PersistentVolumeClaim claim) => _promised[volume.Name] = (claim.Metadata.Namespace, claim.Metadata.Name);

    /// <summary>The promise is void: the binding failed, or the volume says itself now whose it is.</summary>
    public void TakeBack(string volume) => _promised.Remove(volume);

    private static void Set<TKey, TValue>(Dictionary<TKey, TValue> table, TKey key, TValue? value)
        where TKey : notnull
        where TValue : class
    {
        if (value is null) table.Remove(key);
        else table[key] = value;
    }

    private sealed record Attachment(string Node, string Volume);
}
