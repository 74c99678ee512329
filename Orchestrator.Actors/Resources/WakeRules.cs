using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Disruption;
using Orchestrator.Actors.Extensions;
using Orchestrator.Actors.Nodes;
using Orchestrator.Actors.Services.Endpoints;
using Orchestrator.Actors.Volumes;
using Orchestrator.Resources;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Actors.Resources;

/// <summary>
/// Which control loops a committed change concerns. Every member folds every row, so a member wakes only the loops it hosts and no hint is ever the only
/// copy of a fact.
/// </summary>
public sealed class WakeRules
{
    private static readonly HashSet<string> Adopting =
        ["replicasets.apps", "replicationcontrollers", "statefulsets.apps", "daemonsets.apps", "jobs.batch"];

    private readonly KindCatalog _catalog;
    private readonly ResourceCache _cache;
    private readonly IReadOnlySet<string> _loops;
    private readonly ServiceSelectors _selectors;

    /// <param name="catalog">Resolves owner references.</param>
    /// <param name="cache">Finds the loops of a namespace.</param>
    /// <param name="loops">Resources whose actors have a control loop.</param>
    public WakeRules(KindCatalog catalog, ResourceCache cache, IReadOnlySet<string> loops) => (_catalog, _cache, _loops, _selectors) = (catalog, cache, loops, new ServiceSelectors(cache));

    /// <summary>The objects to wake when their shard starts: every loop, and the Services that Endpoints are named after, which may have gone without them.</summary>
    public static IEnumerable<ResourceKey> AtStart(ResourceCache cache, IReadOnlySet<string> loops) =>
        loops.SelectMany(cache.List).Select(e => e.Key).Concat(cache.List("endpoints").Select(e => e.Key with { Resource = "services" }));

    /// <summary>The objects to wake for a change; may name one twice.</summary>
    public IEnumerable<ResourceKey> For(ResourceChange change)
    {
        foreach (var key in ServicesOf(change)) yield return key;
        foreach (var key in OwnersOf(change.Entry)) yield return key;
        // An owner that was just let go of has something to learn too.
        if (change.Previous is { } previous && !ReferenceEquals(previous.Header.Owners, change.Entry.Header.Owners))
            foreach (var key in OwnersOf(previous)) yield return key;
        if (change.Entry.Key.Resource == "pods" && change.Entry.Header.ControllerOwner is null && change.Type != ChangeType.Deleted)
            foreach (var key in PossibleAdopters(change.Entry.Namespace)) yield return key;
        if (change.Entry.Key.Resource == "pods")
            foreach (var key in DisruptionBudgets.ConcernedBy(change, _cache)) yield return key;
        foreach (var key in VolumeWakes.For(change, _cache)) yield return key;
        if (change.Entry.Key.Resource == "replicasets.apps" && change.Entry.Header.ControllerOwner is null && change.Type != ChangeType.Deleted)
            foreach (var deployment in _cache.List("deployments.apps", change.Entry.Namespace)) yield return deployment.Key;
        // A pod on a node that pods have to leave: it may be its turn, or tell when that is.
        if (change.Entry.Header.NodeName.Length > 0 && change.Type != ChangeType.Deleted && _cache.Get(new ResourceKey("nodes", "", change.Entry.Header.NodeName)) is { } node && NodeActor.HasNoExecuteTaint(node))
            yield return node.Key;
        // A definition that is going waits for its objects; one whose names were taken, for another to go.
        if (change.Type == ChangeType.Deleted && change.Entry.Kind.IsCustom) yield return new ResourceKey(DefinitionCatalog.Resource, "", change.Entry.Key.Resource);
        if (change.Type == ChangeType.Deleted && change.Entry.Key.Resource == DefinitionCatalog.Resource)
            foreach (var definition in _cache.List(DefinitionCatalog.Resource)) yield return definition.Key;
        if (change.Entry.Namespace.Length > 0 && ConcernsNamespace(change)) yield return new ResourceKey("namespaces", "", change.Entry.Namespace);
    }

    private IEnumerable<ResourceKey> OwnersOf(ResourceEntry entry)
    {
        foreach (var owner in entry.Header.Owners)
        {
            var slash = owner.ApiVersion.IndexOf('/');
            var kind = _catalog.FindByKind(slash < 0 ? "" : owner.ApiVersion[..slash], owner.Kind);
            if (kind is not null && _loops.Contains(kind.GroupResource)) yield return kind.Key(entry.Namespace, owner.Name);
        }
    }

    /// <summary>The Services whose endpoints a change concerns: those that select the pod, or did; the one whose Endpoints or slices these are.</summary>
    private IEnumerable<ResourceKey> ServicesOf(ResourceChange change)
    {
        _selectors.Follow(change);
        var entry = change.Entry;
        switch (entry.Key.Resource)
        {
            case "pods":
                foreach (var key in _selectors.Matching(entry.Namespace, entry.Labels)) yield return key;
                if (change.Previous is { } previous && !ReferenceEquals(previous.Labels, entry.Labels))
                    foreach (var key in _selectors.Matching(entry.Namespace, previous.Labels)) yield return key;
                break;
            // Without a Service they are somebody's own.
            case "endpoints" when _cache.Get(new ResourceKey("services", entry.Namespace, entry.Name)) is { } service:
                yield return service.Key;
                break;
            case "endpointslices.discovery.k8s.io" when entry.Labels.TryGetValue(EndpointLabels.ServiceName, out var name) && _cache.Get(new ResourceKey("services", entry.Namespace, name)) is { } service:
                yield return service.Key;
                break;
        }
    }

    /// <summary>A namespace that is being emptied looks at everything that happens in it; a live one only misses what it must provide.</summary>
    private bool ConcernsNamespace(ResourceChange change)
    {
        var ns = _cache.Get(new ResourceKey("namespaces", "", change.Entry.Namespace));
        return ns is null || ns.Header.Deleting || (change.Type == ChangeType.Deleted && change.Entry.Key.Resource is "serviceaccounts" or "configmaps");
    }

    private IEnumerable<ResourceKey> PossibleAdopters(string ns) =>
        Adopting.Where(_loops.Contains).SelectMany(resource => _cache.List(resource, ns)).Select(e => e.Key);
}
