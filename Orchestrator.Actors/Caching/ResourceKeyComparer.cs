using Orchestrator.Resources;

namespace Orchestrator.Actors.Caching;

/// <summary>Equality of keys as the record has it, in one hash instead of three: names tell objects of a cluster apart almost alone.</summary>
internal sealed class ResourceKeyComparer : IEqualityComparer<ResourceKey>
{
    private ResourceKeyComparer()
    {
    }

    /// <summary>The only instance.</summary>
    public static ResourceKeyComparer Instance { get; } = new();

    /// <inheritdoc/>
    public bool Equals(ResourceKey x, ResourceKey y) => x.Name == y.Name && x.Namespace == y.Namespace && x.Resource == y.Resource;

    // What shares a name across namespaces and kinds ("default", "kube-root-ca.crt") must not share a bucket.
    /// <inheritdoc/>
    public int GetHashCode(ResourceKey key) =>
        key.Name.GetHashCode(StringComparison.Ordinal) + 31 * key.Namespace.GetHashCode(StringComparison.Ordinal) + 17 * key.Resource.Length;
}
