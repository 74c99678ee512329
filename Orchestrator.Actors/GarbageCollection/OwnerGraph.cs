using Orchestrator.Actors.Caching;
using Orchestrator.Resources;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.GarbageCollection;

/// <summary>
/// What owner references demand, decided for one object at a time from what is stored (upstream's garbage collector). The journal is one
/// order, so an owner the cache does not have does not exist: there is no uncertainty to resolve by asking again. UIDs decide; an object of
/// the owner's name but another uid is not the owner.
/// </summary>
/// <param name="catalog">Resolves the kinds of owner references. An owner of an unknown kind counts as there: nothing is deleted on a guess.</param>
/// <param name="get">An object by key.</param>
/// <param name="dependentsOf">Objects that name an owner uid.</param>
public sealed class OwnerGraph(KindCatalog catalog, Func<ResourceKey, ResourceEntry?> get, Func<string, IReadOnlyCollection<ResourceEntry>> dependentsOf)
{
    private enum OwnerState
    {
        Present,
        Absent,
        WaitingForDependents,
    }

    /// <summary>Everything this object, or its dependents for its sake, need now.</summary>
    public IEnumerable<GarbageAction> Decide(ResourceEntry entry)
    {
        if (Has(entry, DeleteRules.OrphanFinalizer)) return Orphan(entry);
        if (Has(entry, DeleteRules.ForegroundFinalizer)) return Foreground(entry);
        return entry.Header.Deleting ? [] : Collect(entry);
    }

    /// <summary>Objects whose decision a change may alter: itself, its dependents, and owners that wait for it.</summary>
    public IEnumerable<ResourceKey> Affected(ResourceChange change)
    {
        var entry = change.Entry;
        if (change.Type != ChangeType.Deleted) yield return entry.Key;
        // A live owner's change means nothing to its dependents; its end, or the beginning of it, does.
        if (change.Type == ChangeType.Deleted || entry.Header.Deleting)
            foreach (var dependent in dependentsOf(entry.Uid)) yield return dependent.Key;
        if (change.Previous is { } previous && previous.Uid != entry.Uid)
            foreach (var dependent in dependentsOf(previous.Uid)) yield return dependent.Key;
        foreach (var owner in entry.Header.Owners.Concat(change.Previous?.Header.Owners ?? []))
            if (Resolve(entry, owner) is { } key && get(key) is { Header.Deleting: true }) yield return key;
    }

    /// <summary>Dependents forget the owner, then the owner may go.</summary>
    private IEnumerable<GarbageAction> Orphan(ResourceEntry owner)
    {
        var dependents = dependentsOf(owner.Uid);
        if (dependents.Count == 0) return [new GarbageAction.Finish(owner.Key, owner.Uid, owner.ResourceVersion, DeleteRules.OrphanFinalizer)];
        return dependents.Select(d => new GarbageAction.Forget(d.Key, d.Uid, d.ResourceVersion, new HashSet<string>(StringComparer.Ordinal) { owner.Uid }));
    }

    /// <summary>Dependents go first; the owner waits for those that block it.</summary>
    private IEnumerable<GarbageAction> Foreground(ResourceEntry owner)
    {
        var dependents = dependentsOf(owner.Uid);
        if (!dependents.Any(d => d.Header.Owners.Any(o => o.Uid == owner.Uid && o.BlockOwnerDeletion) && !Waits(d, owner.Uid)))
            yield return new GarbageAction.Finish(owner.Key, owner.Uid, owner.ResourceVersion, DeleteRules.ForegroundFinalizer);
        foreach (var dependent in dependents)
            if (!dependent.Header.Deleting)
                foreach (var action in Collect(dependent)) yield return action;
    }

    /// <summary>
    /// Whether a dependent waits, itself or through others, for the owner it blocks: in such a circle each would wait for the next for ever, so that none of them is waited for.
    /// </summary>
    private bool Waits(ResourceEntry dependent, string ownerUid)
    {
        if (!Has(dependent, DeleteRules.ForegroundFinalizer)) return false;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var waiting = new Stack<ResourceEntry>([dependent]);
        while (waiting.TryPop(out var entry))
        {
            foreach (var next in dependentsOf(entry.Uid))
            {
                if (next.Uid == ownerUid) return true;
                if (Has(next, DeleteRules.ForegroundFinalizer) && seen.Add(next.Uid)) waiting.Push(next);
            }
        }
        return false;
    }

    /// <summary>An object with a live owner only loses its dead references; without one it goes.</summary>
    private IEnumerable<GarbageAction> Collect(ResourceEntry entry)
    {
        var owners = entry.Header.Owners;
        if (owners.Count == 0) yield break;
        var states = owners.Select(o => (o.Uid, State: StateOf(entry, o))).ToList();
        if (states.All(s => s.State == OwnerState.Present)) yield break;
        if (states.Any(s => s.State == OwnerState.Present))
        {
            yield return new GarbageAction.Forget(entry.Key, entry.Uid, entry.ResourceVersion,
                states.Where(s => s.State != OwnerState.Present).Select(s => s.Uid).ToHashSet(StringComparer.Ordinal));
            yield break;
        }
        // Under an owner that is deleted in the foreground, dependents with dependents of their own are too: leaves go first.
        var foreground = states.Any(s => s.State == OwnerState.WaitingForDependents) && dependentsOf(entry.Uid).Count > 0;
        yield return new GarbageAction.Delete(entry.Key, entry.Uid, foreground ? "Foreground" : "Background");
    }

    private OwnerState StateOf(ResourceEntry dependent, OwnerReference reference)
    {
        if (Resolve(dependent, reference) is not { } key) return OwnerState.Present;
        if (get(key) is not { } owner || owner.Uid != reference.Uid) return OwnerState.Absent;
        return Has(owner, DeleteRules.ForegroundFinalizer) ? OwnerState.WaitingForDependents : OwnerState.Present;
    }

    /// <summary>Null where the reference cannot be resolved: an unknown kind, or a namespaced owner of a cluster-scoped object.</summary>
    private ResourceKey? Resolve(ResourceEntry dependent, OwnerReference reference)
    {
        var slash = reference.ApiVersion.IndexOf('/');
        var kind = catalog.FindByKind(slash < 0 ? "" : reference.ApiVersion[..slash], reference.Kind);
        if (kind is null || (kind.Namespaced && dependent.Namespace.Length == 0)) return null;
        return kind.Key(dependent.Namespace, reference.Name);
    }

    private static bool Has(ResourceEntry entry, string finalizer) => entry.Header.Deleting && entry.Header.Finalizers.Contains(finalizer);
}
