using Orchestrator.Actors.Caching;
using Orchestrator.Engine.Actor;
using Orchestrator.Resources;

namespace Orchestrator.Actors.Nodes;

/// <summary>
/// The feeds of one member's agents, found by what they are told of: a change costs as much as it has readers, however many agents are connected.
/// </summary>
internal sealed class AgentFeeds
{
    private readonly Dictionary<string, AgentFeed> _byNode = new(StringComparer.Ordinal);
    private readonly Dictionary<IActorRef, AgentFeed> _byAgent = [];
    private readonly Dictionary<ResourceKey, HashSet<AgentFeed>> _byKey = [];
    private readonly Dictionary<string, HashSet<AgentFeed>> _byResource = new(StringComparer.Ordinal);
    private readonly List<AgentFeed> _told = [];

    /// <summary>All of them.</summary>
    public IReadOnlyCollection<AgentFeed> All => _byNode.Values;

    /// <summary>The feed of a node's agent; null where it has none here.</summary>
    public AgentFeed? Of(string node) => _byNode.GetValueOrDefault(node);

    /// <summary>Takes a feed, in place of the one its node had.</summary>
    public void Add(AgentFeed feed)
    {
        Remove(feed.Node);
        _byNode[feed.Node] = feed;
        _byAgent[feed.Agent] = feed;
    }

    /// <summary>Lets go of what feeds that agent; null where nothing does.</summary>
    public AgentFeed? RemoveAgent(IActorRef agent) => _byAgent.TryGetValue(agent, out var feed) ? Remove(feed.Node) : null;

    /// <summary>Lets go of a node's feed; null where it has none.</summary>
    public AgentFeed? Remove(string node)
    {
        if (!_byNode.Remove(node, out var feed)) return null;
        _byAgent.Remove(feed.Agent);
        foreach (var key in feed.Keys) Leave(_byKey, key, feed);
        foreach (var resource in feed.Resources) Leave(_byResource, resource, feed);
        return feed;
    }

    /// <summary>Replaces the objects that a feed follows; the newly followed ones are told at once.</summary>
    public void Follow(AgentFeed feed, IReadOnlyList<ResourceKey> keys, IActorRef self)
    {
        foreach (var key in feed.Keys) Leave(_byKey, key, feed);
        feed.Follow(keys, self);
        foreach (var key in feed.Keys) Join(_byKey, key, feed);
    }

    /// <summary>Replaces the resources that a feed follows whole; the newly followed ones are told at once.</summary>
    public void FollowAll(AgentFeed feed, IReadOnlyList<string> resources, IActorRef self)
    {
        foreach (var resource in feed.Resources) Leave(_byResource, resource, feed);
        feed.FollowAll(resources, self);
        foreach (var resource in feed.Resources) Join(_byResource, resource, feed);
    }

    /// <summary>Tells a folded group to those whom it concerns, each at most one message of pods and one of objects.</summary>
    public void Offer(IReadOnlyList<ResourceChange> changes, IActorRef self)
    {
        if (_byNode.Count == 0) return;
        foreach (var change in changes)
        {
            var key = change.Entry.Key;
            if (key.Resource == "pods")
            {
                if (_byNode.TryGetValue(change.Entry.Header.NodeName, out var feed)) feed.TakePod(change, _told);
            }
            else if (key.Resource == "nodes" && change.Type != ChangeType.Deleted && _byNode.TryGetValue(key.Name, out var own)) own.TellNode(change, self);
            if (_byKey.TryGetValue(key, out var followers))
                foreach (var feed in followers) feed.TakeObject(change, _told);
            if (!_byResource.TryGetValue(key.Resource, out var all)) continue;
            foreach (var feed in all)
                if (followers?.Contains(feed) != true) feed.TakeObject(change, _told);
        }
        foreach (var feed in _told) feed.Tell(self);
        _told.Clear();
    }

    private static void Join<TKey>(Dictionary<TKey, HashSet<AgentFeed>> index, TKey key, AgentFeed feed) where TKey : notnull
    {
        if (!index.TryGetValue(key, out var feeds)) index[key] = feeds = [];
        feeds.Add(feed);
    }

    private static void Leave<TKey>(Dictionary<TKey, HashSet<AgentFeed>> index, TKey key, AgentFeed feed) where TKey : notnull
    {
        if (index.TryGetValue(key, out var feeds) && feeds.Remove(feed) && feeds.Count == 0) index.Remove(key);
    }
}
