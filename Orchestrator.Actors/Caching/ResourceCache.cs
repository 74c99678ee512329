using System.Collections.Concurrent;
using Orchestrator.Actors.Extensions;
using Orchestrator.Engine.Persistence;
using Orchestrator.Resources;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.Caching;

/// <summary>
/// The journal's read model: a fold of every committed row into sorted lists, indexes and watch windows. It is folded before a writer is
/// answered, so that on the member that wrote, a read after the reply always sees the write. Reads never block the fold.
/// </summary>
public sealed class ResourceCache
{
    /// <summary>Changes kept per resource for watches that resume.</summary>
    public const int WindowSize = 4096;

    private readonly KindCatalog _catalog;
    private readonly SecretSealer _sealer;
    private readonly ConcurrentDictionary<string, ResourceTable> _tables = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<ResourceKey, ResourceEntry> _byKey = new(ResourceKeyComparer.Instance);
    private readonly List<ResourceTable> _touched = [];
    private readonly ConcurrentDictionary<string, long> _tombstones = new(StringComparer.Ordinal);
    private readonly EntryIndex _byOwner = new();
    private readonly EntryIndex _byNode = new();
    private readonly EntryIndex _orphans = new();
    private readonly DefinitionCatalog _definitions;
    private readonly Dictionary<string, List<JournalRow>> _ofUnknownKinds = new(StringComparer.Ordinal);
    private readonly ResourceChange _origin;
    private readonly Lock _subscribing = new();
    private Action<IReadOnlyList<ResourceChange>>[] _subscribers = [];
    private readonly PriorityQueue<TaskCompletionSource, long> _waiters = new();
    private long _head;
    private long _forgotten;

    /// <param name="catalog">Tells which persistence ids are API objects, and their kinds.</param>
    /// <param name="sealer">Opens the payloads of encrypted kinds.</param>
    public ResourceCache(KindCatalog catalog, SecretSealer sealer)
    {
        _catalog = catalog;
        _sealer = sealer;
        _definitions = new DefinitionCatalog(catalog);
        var nothing = catalog.All.First();
        _origin = new ResourceChange(ChangeType.Modified, new ResourceEntry(new ResourceKey("", "", ""), nothing, 0, 0, "{\"metadata\":{}}"u8.ToArray()), null);
    }

    /// <summary>The ordering up to which rows are folded: the newest resourceVersion a read here can see.</summary>
    public long Head => Volatile.Read(ref _head);

    /// <summary>The object, or null.</summary>
    public ResourceEntry? Get(ResourceKey key) => _byKey.GetValueOrDefault(key);

    /// <summary>All objects of a resource (<c>deployments.apps</c>), sorted by namespace and name: one immutable snapshot.</summary>
    public SortedEntries List(string resource) => _tables.TryGetValue(resource, out var table) ? table.Current.Entries : SortedEntries.Empty;

    /// <summary>The objects of a resource in one namespace, sorted by name.</summary>
    public IEnumerable<ResourceEntry> List(string resource, string ns) => List(resource).InNamespace(ns);

    /// <summary>
    /// A snapshot with the resourceVersion it is exact at: it holds every change of the resource up to that version and none after it, so that a watch from there
    /// misses nothing and repeats nothing.
    /// </summary>
    public (SortedEntries Entries, long ResourceVersion) Snapshot(string resource)
    {
        // The head is read first: it is raised after a group's changes are published, so nothing up to it can be missing from what is read next.
        var head = Head;
        if (!_tables.TryGetValue(resource, out var table)) return (SortedEntries.Empty, head);
        var (entries, tail) = table.Current;
        return (entries, Math.Max(head, tail.ResourceVersion));
    }

    /// <summary>The objects that name this uid among their owners.</summary>
    public IReadOnlyCollection<ResourceEntry> OwnedBy(string ownerUid) => _byOwner.Find(ownerUid);

    /// <summary>The pods or ReplicaSets of a namespace that no owner controls: those that a controller may take up.</summary>
    public IReadOnlyCollection<ResourceEntry> Orphans(string resource, string ns) =>
        IsAdopted(resource) ? _orphans.Find($"{resource}/{ns}") : [.. List(resource, ns).Where(e => e.Header.ControllerOwner is null)];

    /// <summary>The pods bound to a node.</summary>
    public IReadOnlyCollection<ResourceEntry> OnNode(string node) => _byNode.Find(node);

    /// <summary>The resources that hold at least one object.</summary>
    public IEnumerable<string> Resources => _tables.Where(t => t.Value.Current.Entries.Count > 0).Select(t => t.Key);

    /// <summary>The sequence number of an entity's newest row, tombstones that the journal may still have included; 0 for none.</summary>
    public long LastSequenceNr(ResourceKey key) =>
        _byKey.TryGetValue(key, out var entry) ? entry.SequenceNr : _tombstones.GetValueOrDefault(key.ToString());

    /// <summary>Watches a resource from a resourceVersion on (exclusive). Throws 410 <c>Expired</c> where the window does not reach back.</summary>
    public ResourceWatch Watch(string resource, long after)
    {
        var table = Table(resource);
        var at = table.Find(after, _origin) ?? throw ApiStatus.Expired($"too old resource version: {after} ({table.WindowStart})").AsException();
        return new ResourceWatch(this, table, at, after);
    }

    /// <summary>Completes when rows up to <paramref name="ordering"/> are folded here.</summary>
    public Task WaitForAsync(long ordering, CancellationToken cancel = default)
    {
        if (Head >= ordering) return Task.CompletedTask;
        var signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_waiters)
        {
            if (Head >= ordering) return Task.CompletedTask;
            _waiters.Enqueue(signal, ordering);
        }
        return signal.Task.WaitAsync(cancel);
    }

    /// <summary>Calls back once per folded group, in order, on the folding thread, after the cache shows the changes. Must be quick and not throw.</summary>
    public IDisposable Subscribe(Action<IReadOnlyList<ResourceChange>> onChanges)
    {
        lock (_subscribing) _subscribers = [.. _subscribers, onChanges];
        return new Subscription(() =>
        {
            lock (_subscribing) _subscribers = [.. _subscribers.Where(s => s != onChanges)];
        });
    }

    /// <summary>Folds a group of rows; the journal's subscription calls this, one call at a time, in order.</summary>
    public void Fold(IReadOnlyList<JournalRow> rows)
    {
        var changes = new List<ResourceChange>(rows.Count);
        foreach (var row in rows)
            if (FoldRow(row) is { } change)
            {
                changes.Add(change);
                FoldKnown(change, changes);
            }
        foreach (var table in _touched) table.Publish(WindowSize);
        _touched.Clear();
        if (rows.Count > 0) Volatile.Write(ref _head, rows[^1].Ordering);
        ReleaseWaiters();
        if (changes.Count == 0) return;
        foreach (var subscriber in _subscribers) subscriber(changes);
    }

    /// <summary>
    /// The whole journal up to <paramref name="head"/> has been folded. The newest rows may have been compacted away, so that no row tells; and what is not newer than
    /// <paramref name="compactedTo"/> has holes, which nobody may take for history.
    /// </summary>
    public void FoldedTo(long head, long compactedTo)
    {
        Forget(compactedTo);
        // Beside the fold, which only ever goes further.
        for (var seen = Head; seen < head;)
        {
            var was = Interlocked.CompareExchange(ref _head, head, seen);
            if (was == seen) break;
            seen = was;
        }
        ReleaseWaiters();
    }

    /// <summary>Forgets history up to this ordering, as the journal's compaction has.</summary>
    public void Forget(long upTo)
    {
        // Before the tables are looked at: one that is made meanwhile begins there.
        for (var seen = Volatile.Read(ref _forgotten); seen < upTo;)
        {
            var was = Interlocked.CompareExchange(ref _forgotten, upTo, seen);
            if (was == seen) break;
            seen = was;
        }
        foreach (var table in _tables.Values) table.Forget(upTo);
    }

    /// <summary>
    /// Forgets the numbers of what was deleted up to this ordering; not before the journal has dropped its rows (<see cref="IJournal.ReadDroppedToAsync"/>): a new object of that name would begin
    /// at a number that is taken.
    /// </summary>
    public void ForgetTombstones(long upTo)
    {
        foreach (var (id, _) in _tombstoneOrderings.Where(t => t.Value <= upTo).ToList())
        {
            _tombstoneOrderings.TryRemove(id, out _);
            _tombstones.TryRemove(id, out _);
        }
    }

    private readonly ConcurrentDictionary<string, long> _tombstoneOrderings = new(StringComparer.Ordinal);

    private ResourceChange? FoldRow(JournalRow row)
    {
        if (!ResourceEvent.IsResourceRow(row)) return null;
        var key = ResourceKey.Parse(row.PersistenceId);
        if (_catalog.FindByGroupResource(key.Resource) is not { } kind)
        {
            // At start an object's row may come before the row of its kind's definition, which has been written again since.
            if (!_ofUnknownKinds.TryGetValue(key.Resource, out var rows)) _ofUnknownKinds[key.Resource] = rows = [];
            rows.Add(row);
            return null;
        }
        key = key with { Resource = kind.GroupResource }; // one string for all
        // The strings of the key, too, are one for all versions.
        if (_byKey.TryGetValue(key, out var previous)) key = previous.Key;
        else key = key with { Namespace = string.Intern(key.Namespace) };
        var json = ResourceVersionSplice.Insert(_sealer.Open(key.Resource, row.PersistenceId, row.Payload).Span, row.Ordering);
        var entry = new ResourceEntry(key, kind, row.Ordering, row.SequenceNr, json);
        var deleted = row.Operation == IJournal.Tombstone;
        if (deleted && previous is null)
        {
            Bury(row);
            return null;
        }
        var change = new ResourceChange(deleted ? ChangeType.Deleted : previous is null ? ChangeType.Added : ChangeType.Modified, entry, previous);
        // Before the definition can be read: who sees it established, or gone, finds its kind served, or not.
        _definitions.Follow(change);
        var table = Table(key.Resource);
        if (!_touched.Contains(table)) _touched.Add(table); // few tables are touched by one group
        table.Stage(change);
        Reindex(previous, deleted ? null : entry);
        if (deleted)
        {
            _byKey.TryRemove(key, out _);
            Bury(row);
        }
        else
        {
            _byKey[key] = entry;
            if (previous is null && _tombstones.TryRemove(row.PersistenceId, out _)) _tombstoneOrderings.TryRemove(row.PersistenceId, out _);
        }
        return change;
    }

    /// <summary>After a definition: the rows of its objects that have been waiting for it.</summary>
    private void FoldKnown(ResourceChange definition, List<ResourceChange> changes)
    {
        if (_ofUnknownKinds.Count == 0 || definition.Entry.Key.Resource != DefinitionCatalog.Resource || _catalog.FindByGroupResource(definition.Entry.Name) is null) return;
        if (!_ofUnknownKinds.Remove(definition.Entry.Name, out var rows)) return;
        foreach (var row in rows)
            if (FoldRow(row) is { } change) changes.Add(change);
    }

    private void Bury(JournalRow row)
    {
        _tombstones[row.PersistenceId] = row.SequenceNr;
        _tombstoneOrderings[row.PersistenceId] = row.Ordering;
    }

    private void Reindex(ResourceEntry? old, ResourceEntry? now)
    {
        if (old?.Header.Owners.Count > 0 || now?.Header.Owners.Count > 0) Reindex(_byOwner, old, now, e => e.Header.Owners.Select(o => o.Uid));
        if (IsAdopted((now ?? old)!.Key.Resource)) Reindex(_orphans, old, now, OrphanPlace);
        if ((now ?? old)!.Key.Resource == "pods") Reindex(_byNode, old, now, e => e.Header.NodeName.Length == 0 ? [] : [e.Header.NodeName]);
    }

    private static bool IsAdopted(string resource) => resource is "pods" or "replicasets.apps";

    private static IEnumerable<string> OrphanPlace(ResourceEntry entry) => entry.Header.ControllerOwner is null ? [$"{entry.Key.Resource}/{entry.Namespace}"] : [];

    private static void Reindex(EntryIndex index, ResourceEntry? old, ResourceEntry? now, Func<ResourceEntry, IEnumerable<string>> values)
    {
        if (old is not null)
            foreach (var value in values(old))
                if (now is null || !values(now).Contains(value)) index.Remove(value, old);
        if (now is not null)
            foreach (var value in values(now)) index.Set(value, now);
    }

    // Each table's chain starts at a link of its own: appending to a shared one would join the chains.
    private ResourceTable Table(string resource)
    {
        if (_tables.TryGetValue(resource, out var table)) return table;
        table = _tables.GetOrAdd(resource, static (_, cache) =>
        {
            var made = new ResourceTable(new ResourceChange(ChangeType.Modified, cache._origin.Entry, null));
            made.Forget(Volatile.Read(ref cache._forgotten));
            return made;
        }, this);
        table.Forget(Volatile.Read(ref _forgotten)); // what was forgotten while it was being made
        return table;
    }

    private void ReleaseWaiters()
    {
        lock (_waiters)
            while (_waiters.TryPeek(out var signal, out var ordering) && ordering <= _head)
            {
                _waiters.Dequeue();
                signal.TrySetResult();
            }
    }

    private sealed class Subscription(Action dispose) : IDisposable
    {
        public void Dispose() => dispose();
    }
}
