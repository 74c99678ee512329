using System.Collections.Concurrent;
using Orchestrator.NodeAgent.Pods;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Resources;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>
/// The agent's picture of the objects it follows: config maps and secrets of its pods, and services. Written by the agent's actor, read by anybody. An object that is
/// known not to exist is remembered as such, so that "missing" and "not yet told" differ.
/// </summary>
public sealed class FollowedObjects : IConfigSource
{
    private readonly ConcurrentDictionary<ResourceKey, Followed> _objects = new();
    private volatile bool _servicesKnown;

    /// <summary>Whether the services have been told once: before that no container gets its environment.</summary>
    public bool ServicesKnown => _servicesKnown;

    /// <summary>The services that exist.</summary>
    public IEnumerable<Service> Services => _objects.Values.Where(o => o is { Key.Resource: "services", Object: not null }).Select(o => (Service)o.Object!);

    /// <summary>Whether each of them has been told, existing or not.</summary>
    public bool Knows(IEnumerable<ResourceKey> keys) => keys.All(_objects.ContainsKey);

    /// <inheritdoc/>
    public ConfigMap? ConfigMap(string ns, string name) => Get(new ResourceKey("configmaps", ns, name)) as ConfigMap;

    /// <inheritdoc/>
    public Secret? Secret(string ns, string name) => Get(new ResourceKey("secrets", ns, name)) as Secret;

    /// <summary>Takes over what was told, older news of an object aside. Returns the keys that changed.</summary>
    internal IReadOnlyList<ResourceKey> Apply(IReadOnlyList<ObjectState> states)
    {
        _servicesKnown = true;
        var changed = new List<ResourceKey>();
        foreach (var state in states)
        {
            if (_objects.TryGetValue(state.Key, out var known) && known.ResourceVersion > state.ResourceVersion) continue;
            _objects[state.Key] = new Followed(state.Key, state.ResourceVersion, Read(state));
            changed.Add(state.Key);
        }
        return changed;
    }

    /// <summary>Forgets config maps and secrets that no pod names any more.</summary>
    internal void Keep(IReadOnlySet<ResourceKey> keys)
    {
        foreach (var key in _objects.Keys)
            if (key.Resource is "configmaps" or "secrets" && !keys.Contains(key)) _objects.TryRemove(key, out _);
    }

    private object? Get(ResourceKey key) => _objects.TryGetValue(key, out var followed) ? followed.Object : null;

    private static object? Read(ObjectState state) => state.Json is not { } json ? null : state.Key.Resource switch
    {
        "configmaps" => TypedJson.Read<ConfigMap>(json),
        "secrets" => TypedJson.Read<Secret>(json),
        "services" => TypedJson.Read<Service>(json),
        _ => null,
    };

    private sealed record Followed(ResourceKey Key, long ResourceVersion, object? Object);
}
