using Orchestrator.Actors.Caching;
using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Resources;

namespace Orchestrator.Actors.Nodes;

/// <summary>What one connected agent is told. A change may be told twice (once in a snapshot): agents compare resourceVersions.</summary>
internal sealed class AgentFeed(string node, IActorRef agent, ResourceCache cache)
{
    private readonly HashSet<ResourceKey> _keys = [];
    private readonly HashSet<string> _resources = [];

    public IActorRef Agent => agent;

    /// <summary>The node and all its pods.</summary>
    public void Welcome(ResourceEntry nodeEntry, IActorRef self) =>
        agent.Tell(new AgentWelcome(nodeEntry.Json, [.. cache.OnNode(node).Select(State)]), self);

    /// <summary>Replaces the followed keys; the newly followed ones are told at once.</summary>
    public void Follow(IReadOnlyList<ResourceKey> keys, IActorRef self)
    {
        var added = keys.Where(k => !_keys.Contains(k)).ToList();
        _keys.Clear();
        _keys.UnionWith(keys);
        if (added.Count > 0) agent.Tell(new ObjectsChanged([.. added.Select(k => cache.Get(k) is { } entry ? State(entry) : new ObjectState(k, "", cache.Head, null))]), self);
    }

    /// <summary>Replaces the wholly followed resources; the newly followed ones are told at once.</summary>
    public void FollowAll(IReadOnlyList<string> resources, IActorRef self)
    {
        var added = resources.Where(r => !_resources.Contains(r)).ToList();
        _resources.Clear();
        _resources.UnionWith(resources);
        if (added.Count > 0) agent.Tell(new ObjectsChanged([.. added.SelectMany(r => cache.List(r)).Select(State)]), self);
    }

    /// <summary>Tells what of a folded group concerns this agent.</summary>
    public void Offer(IReadOnlyList<ResourceChange> changes, IActorRef self)
    {
        List<ObjectState>? pods = null, objects = null;
        foreach (var change in changes)
        {
            var key = change.Entry.Key;
            if (key.Resource == "pods" && change.Entry.Header.NodeName == node) (pods ??= []).Add(State(change));
            else if (key.Resource == "nodes" && key.Name == node && change.Type != ChangeType.Deleted) agent.Tell(new NodeChanged(change.Entry.Json), self);
            if (_resources.Contains(key.Resource) || _keys.Contains(key)) (objects ??= []).Add(State(change));
        }
        if (pods is not null) agent.Tell(new PodsChanged(pods), self);
        if (objects is not null) agent.Tell(new ObjectsChanged(objects), self);
    }

    private static ObjectState State(ResourceEntry entry) => new(entry.Key, entry.Uid, entry.ResourceVersion, entry.Json);

    private static ObjectState State(ResourceChange change) =>
        new(change.Entry.Key, change.Entry.Uid, change.ResourceVersion, change.Type == ChangeType.Deleted ? (ReadOnlyMemory<byte>?)null : change.Entry.Json);
}
