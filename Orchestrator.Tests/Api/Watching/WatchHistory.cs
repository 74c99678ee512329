using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Engine.Persistence;
using Orchestrator.Resources.Selectors;

namespace Orchestrator.Tests.Api.Watching;

/// <summary>What a watcher is to see of an object: how it changed for the watcher's selector, and the version that this happened in.</summary>
internal readonly record struct SeenEvent(string Type, string Name, long Version)
{
    public override string ToString() => $"{Type} {Name}@{Version}";
}

/// <summary>
/// The journal's rows of one namespace's config maps, from before the first one: the truth that lists and watches are held to. States and events are folded from it anew for
/// every question, in the plainest way.
/// </summary>
internal sealed class WatchHistory : IDisposable
{
    private ConcurrentQueue<JournalRow> _all = new();
    private IDisposable? _subscription;

    /// <summary>The namespace.</summary>
    public string Namespace { get; private set; } = "";

    /// <summary>Begins before the namespace is made: control loops write into it at once.</summary>
    public static async Task<WatchHistory> BeginAsync(IJournal journal, Func<Task<string>> makeNamespace)
    {
        var (history, all) = (new WatchHistory(), new ConcurrentQueue<JournalRow>());
        history._subscription = await journal.SubscribeAsync(journal.Head, rows =>
        {
            foreach (var row in rows.Where(r => r.PersistenceId.StartsWith("configmaps/", StringComparison.Ordinal))) all.Enqueue(row);
        });
        history.Namespace = await makeNamespace();
        history._all = all;
        return history;
    }

    /// <summary>The rows so far, read once.</summary>
    private List<(long Version, string Name, bool Deleted, JsonObject? Labels)> Rows
    {
        get
        {
            var prefix = $"configmaps/{Namespace}/";
            if (field is { } known && known.Count == _all.Count(r => r.PersistenceId.StartsWith(prefix, StringComparison.Ordinal))) return known;
            return field = [.. _all.Where(r => r.PersistenceId.StartsWith(prefix, StringComparison.Ordinal))
                .Select(r => (r.Ordering, r.PersistenceId[prefix.Length..], r.Operation == ResourceEvent.Delete, JsonNode.Parse(r.Payload.Span)!["metadata"]!["labels"] as JsonObject))];
        }
    }

    public int Count => Rows.Count;

    /// <summary>The selected objects as they stand at a version, in the order of lists: names with their versions.</summary>
    public IReadOnlyList<(string Name, long Version)> State(long at, LabelSelector selector)
    {
        var objects = new SortedDictionary<string, (long Version, JsonObject? Labels)>(StringComparer.Ordinal);
        foreach (var (version, name, deleted, labels) in Rows.TakeWhile(r => r.Version <= at))
            if (deleted) objects.Remove(name); else objects[name] = (version, labels);
        return [.. objects.Where(o => selector.Matches(o.Value.Labels)).Select(o => (o.Key, o.Value.Version))];
    }

    /// <summary>What a watch from a version sees afterwards.</summary>
    public IReadOnlyList<SeenEvent> After(long from, LabelSelector selector)
    {
        var selected = new HashSet<string>(StringComparer.Ordinal);
        var seen = new List<SeenEvent>();
        foreach (var (version, name, deleted, labels) in Rows)
        {
            var was = selected.Contains(name);
            var now = !deleted && selector.Matches(labels);
            if (now) selected.Add(name); else selected.Remove(name);
            if (version > from && (was || now)) seen.Add(new SeenEvent(was && now ? "MODIFIED" : now ? "ADDED" : "DELETED", name, version));
        }
        return seen;
    }

    public void Dispose() => _subscription?.Dispose();
}
