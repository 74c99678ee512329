using System.Collections.Immutable;

namespace Orchestrator.Resources.Kinds;

/// <summary>
/// The kinds this cluster serves, found by the names a request, a manifest or a stored key carries. Reads are lock-free on an
/// immutable snapshot; <see cref="Add"/> and <see cref="Remove"/> (CustomResourceDefinitions coming and going) swap the snapshot.
/// Thread-safe. Where several versions of one resource are present, the first one added is the stored and preferred one.
/// </summary>
public sealed class KindCatalog
{
    private readonly Lock _writing = new();
    private volatile Snapshot _snapshot;

    /// <summary>A catalogue of the given kinds, in this order.</summary>
    public KindCatalog(IEnumerable<ResourceKind> kinds) => _snapshot = new Snapshot([.. kinds]);

    /// <summary>The built-in kinds. Process-wide; tests that add kinds make a catalogue of their own.</summary>
    public static KindCatalog Default { get; } = new(BuiltInKinds.All);

    /// <summary>Every kind, grouped as they were added, stored versions that are not served among them; the order is the order discovery lists groups and resources in.</summary>
    public IReadOnlyList<ResourceKind> All => _snapshot.Kinds;

    /// <summary>The kind served at <c>/apis/{group}/{version}/{plural}</c> (group empty for core), or null.</summary>
    public ResourceKind? Find(string group, string version, string plural) => _snapshot.ByPlural.GetValueOrDefault((group, version, plural));

    /// <summary>The stored version of <c>pods</c> or <c>deployments.apps</c>, as <see cref="ResourceKey.Resource"/> writes it, or null.</summary>
    public ResourceKind? FindByGroupResource(string groupResource) => _snapshot.ByGroupResource.GetValueOrDefault(groupResource);

    /// <summary>As <see cref="FindByGroupResource"/>. Throws <see cref="KeyNotFoundException"/> where the kind is not served (any more).</summary>
    public ResourceKind Get(string groupResource) =>
        FindByGroupResource(groupResource) ?? throw new KeyNotFoundException($"no kind is served as {groupResource}");

    /// <summary>The preferred version of a kind, e.g. of (<c>apps</c>, <c>Deployment</c>), or null: how owner references are followed.</summary>
    public ResourceKind? FindByKind(string group, string kind) => _snapshot.ByKind.GetValueOrDefault((group, kind));

    /// <summary>The kind a manifest's <c>apiVersion</c> and <c>kind</c> name, or null.</summary>
    public ResourceKind? FindByApiVersion(string apiVersion, string kind)
    {
        var slash = apiVersion.IndexOf('/');
        var (group, version) = slash < 0 ? ("", apiVersion) : (apiVersion[..slash], apiVersion[(slash + 1)..]);
        return _snapshot.ByVersionedKind.GetValueOrDefault((group, version, kind));
    }

    /// <summary>A kind in the version that a command speaks (<c>apps/v1</c>); the stored version where that is not known any more.</summary>
    public ResourceKind InVersion(ResourceKind stored, string apiVersion) => apiVersion == stored.ApiVersion ? stored : FindByApiVersion(apiVersion, stored.Kind) ?? stored;

    /// <summary>The other versions in which the same objects are served.</summary>
    public IEnumerable<ResourceKind> OtherVersions(ResourceKind kind) => All.Where(k => k.StoredAs == kind.StoredAs && !ReferenceEquals(k, kind) && k.Served);

    /// <summary>Whether the catalogue has the kind's objects in several versions of its group.</summary>
    public bool HasSeveralVersions(ResourceKind kind) => _snapshot.SeveralVersions.Contains(kind.GroupResource);

    /// <summary>Serves a further kind, or replaces the one of the same group, version and plural.</summary>
    public void Add(ResourceKind kind)
    {
        lock (_writing)
        {
            var kinds = _snapshot.Kinds;
            var at = kinds.FindIndex(k => SameResource(k, kind.Group, kind.Version, kind.Plural));
            _snapshot = new Snapshot(at < 0 ? kinds.Add(kind) : kinds.SetItem(at, kind));
        }
    }

    /// <summary>Replaces every version of a resource (<c>widgets.example.com</c>) at once, the stored one first; none takes the resource away.</summary>
    public void Replace(string groupResource, IReadOnlyList<ResourceKind> kinds)
    {
        lock (_writing) _snapshot = new Snapshot(_snapshot.Kinds.RemoveAll(k => k.GroupResource == groupResource).AddRange(kinds));
    }

    /// <summary>Stops serving a kind; false where it was not served.</summary>
    public bool Remove(string group, string version, string plural)
    {
        lock (_writing)
        {
            var left = _snapshot.Kinds.RemoveAll(k => SameResource(k, group, version, plural));
            if (left.Count == _snapshot.Kinds.Count) return false;
            _snapshot = new Snapshot(left);
            return true;
        }
    }

    private static bool SameResource(ResourceKind kind, string group, string version, string plural) =>
        kind.Group == group && kind.Version == version && kind.Plural == plural;

    private sealed class Snapshot
    {
        public Snapshot(ImmutableList<ResourceKind> kinds)
        {
            Kinds = kinds;
            foreach (var kind in kinds)
            {
                if (kind.Served) ByPlural[(kind.Group, kind.Version, kind.Plural)] = kind;
                ByVersionedKind[(kind.Group, kind.Version, kind.Kind)] = kind;
                if (!ByGroupResource.TryAdd(kind.GroupResource, kind)) SeveralVersions.Add(kind.GroupResource);
                ByKind.TryAdd((kind.Group, kind.Kind), kind);
            }
        }

        public ImmutableList<ResourceKind> Kinds { get; }

        public Dictionary<(string Group, string Version, string Plural), ResourceKind> ByPlural { get; } = [];

        public Dictionary<(string Group, string Version, string Kind), ResourceKind> ByVersionedKind { get; } = [];

        public Dictionary<string, ResourceKind> ByGroupResource { get; } = [];

        public Dictionary<(string Group, string Kind), ResourceKind> ByKind { get; } = [];

        public HashSet<string> SeveralVersions { get; } = [];
    }
}
