using Orchestrator.Actors.Caching;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Services.Endpoints;

/// <summary>
/// Which Services select a pod, answered from the pod's labels: a Service is filed under one pair of its selector, so that a change of a pod looks up its few labels and walks no list of
/// Services. Fed and asked on the folding thread only.
/// </summary>
internal sealed class ServiceSelectors(ResourceCache cache)
{
    private readonly Dictionary<(string Namespace, string Label, string Value), List<ResourceKey>> _byPair = [];
    private readonly Dictionary<ResourceKey, Filed> _filed = [];
    private bool _complete;

    /// <summary>Takes a change of a Service in.</summary>
    public void Follow(ResourceChange change)
    {
        Complete();
        if (change.Entry.Key.Resource == "services") File(change.Entry.Key, change.Type == ChangeType.Deleted ? null : change.Entry);
    }

    /// <summary>The Services of a namespace whose selector matches these labels.</summary>
    public IEnumerable<ResourceKey> Matching(string ns, IReadOnlyDictionary<string, string> labels)
    {
        Complete();
        if (_filed.Count == 0) yield break;
        foreach (var (label, value) in labels)
        {
            if (!_byPair.TryGetValue((ns, label, value), out var services)) continue;
            foreach (var service in services)
                if (_filed[service].Selector.All(s => labels.TryGetValue(s.Key, out var v) && v == s.Value)) yield return service;
        }
    }

    /// <summary>The cache's Services, once: what comes later is followed.</summary>
    private void Complete()
    {
        if (_complete) return;
        _complete = true;
        foreach (var entry in cache.List("services")) File(entry.Key, entry);
    }

    private void File(ResourceKey key, ResourceEntry? entry)
    {
        if (_filed.Remove(key, out var before) && _byPair.TryGetValue(before.Under, out var old))
        {
            old.Remove(key);
            if (old.Count == 0) _byPair.Remove(before.Under);
        }
        if (entry?.Read<Service>().Spec.Selector is not { Count: > 0 } selector) return;
        var (label, value) = selector.First();
        var under = (key.Namespace, label, value);
        if (!_byPair.TryGetValue(under, out var services)) _byPair[under] = services = [];
        services.Add(key);
        _filed[key] = new Filed(under, selector);
    }

    private sealed record Filed((string, string, string) Under, Dictionary<string, string> Selector);
}
