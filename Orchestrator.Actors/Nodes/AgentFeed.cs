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
    private List<ObjectState>? _pods, _objects;

    public string Node => node;

    public IActorRef Agent => agent;

    /// <summary>The followed objects.</summary>
    public IReadOnlyCollection<ResourceKey> Keys => _keys;

    /// <summary>The resources that are followed whole.</summary>
    public IReadOnlyCollection<string> Resources => _resources;

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

    /// <summary>Keeps a change of one of its pods until <see cref="Tell"/>; <paramref name="told"/> gets the feed once.</summary>
    public void TakePod(ResourceChange change, List<AgentFeed> told)
    {
        if (_pods is null && _objects is null) told.Add(this);
        (_pods ??= []).Add(State(change));
    }

    /// <summary>Keeps a change of a followed object until <see cref="Tell"/>.</summary>
    public void TakeObject(ResourceChange change, List<AgentFeed> told)
    {
        if (_pods is null && _objects is null) told.Add(this);
        (_objects ??= []).Add(State(change));
    }

    /// <summary>Its Node has changed.</summary>
    public void TellNode(ResourceChange change, IActorRef self) => agent.Tell(new NodeChanged(change.Entry.Json), self);

    /// <summary>Tells what was kept.</summary>
    public void Tell(IActorRef self)
    {
        if (_pods is not null) agent.Tell(new PodsChanged(_pods), self);
        if (_objects is not null) agent.Tell(new ObjectsChanged(_objects), self);
        (_pods, _objects) = (null, null);
    }

    private static ObjectState State(ResourceEntry entry) => new(entry.Key, entry.Uid, entry.ResourceVersion, entry.Json);

    private static ObjectState State(ResourceChange change) =>
        new(change.Entry.Key, change.Entry.Uid, change.ResourceVersion, change.Type == ChangeType.Deleted ? (ReadOnlyMemory<byte>?)null : change.Entry.Json);
}
