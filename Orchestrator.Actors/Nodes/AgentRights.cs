using Orchestrator.Actors.Caching;
using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Workloads;

namespace Orchestrator.Actors.Nodes;

/// <summary>
/// What the sender of a message may say and learn, by its node (upstream's node authoriser and NodeRestriction): its own Node, the pods bound to it, and the secrets and config maps
/// these name. An agent of another process is the node that its address names, which its connection's certificate has proved; agents of this process are trusted.
/// </summary>
internal readonly struct AgentRights
{
    private static readonly HashSet<string> FollowedWhole = ["services", "endpointslices.discovery.k8s.io", "nodes"];

    private readonly ResourceCache _cache;
    private readonly string? _node;

    private AgentRights(ResourceCache cache, string? node, bool trusted) => (_cache, _node, IsTrusted) = (cache, node, trusted);

    /// <summary>Whether it runs in this process.</summary>
    public bool IsTrusted { get; }

    /// <summary>Rights of a message's sender; of nobody (null), none.</summary>
    public static AgentRights Of(IActorRef? sender, Address own, ResourceCache cache)
    {
        if (sender is null) return new AgentRights(cache, null, false);
        var address = sender.Path.Address;
        return new AgentRights(cache, AgentAddress.NodeOf(address), !address.HasGlobalScope || address == own);
    }

    /// <summary>Whether it is that node's agent.</summary>
    public bool Is(string node) => IsTrusted || (_node is not null && _node == node);

    /// <summary>Whether the reference is an actor of the same agent.</summary>
    public bool Owns(IActorRef actor) => IsTrusted || (_node is not null && AgentAddress.NodeOf(actor.Path.Address) == _node);

    /// <summary>Whether the pod is bound to it. A pod that is not known here is nobody's.</summary>
    public bool Runs(ResourceKey pod, string uid) =>
        IsTrusted || (_node is not null && _cache.Get(pod) is { } entry && entry.Uid == uid && entry.Header.NodeName == _node);

    /// <summary>Whether it may record events about the object.</summary>
    public bool MayReportOn(ReportEvent e) =>
        IsTrusted || (_node == e.Host && e.About.Resource switch { "nodes" => e.About.Name == _node, "pods" => Runs(e.About, e.Uid), _ => false });

    /// <summary>Those of the objects that pods bound to it name.</summary>
    public IReadOnlyList<ResourceKey> Readable(IReadOnlyList<ResourceKey> keys)
    {
        if (IsTrusted || keys.Count == 0) return keys;
        if (_node is null) return [];
        var named = _cache.OnNode(_node).SelectMany(p => PodReferences.Of(p.Read<Pod>())).ToHashSet();
        return [.. keys.Where(named.Contains)];
    }

    /// <summary>Those of the resources that every agent may follow whole.</summary>
    public IReadOnlyList<string> Followable(IReadOnlyList<string> resources) => IsTrusted ? resources : [.. resources.Where(FollowedWhole.Contains)];
}
