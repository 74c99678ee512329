using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Certificates;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Workloads;

namespace Orchestrator.Api.Security;

/// <summary>
/// The Node rule (upstream's node authoriser and NodeRestriction) before the others: a node's user may touch its own Node, its lease, the pods bound to it, and the secrets and config
/// maps that these name; it may read services and endpoints, and ask for its own certificates. A node has no other rights than these and those that everybody authenticated has.
/// </summary>
public sealed class NodeAuthorizer(IAuthorizer others, ResourceCache cache) : IAuthorizer
{
    /// <inheritdoc/>
    public AccessDecision Authorize(UserInfo user, AccessAttributes attributes) =>
        attributes.IsResource && NodeUser.NodeOf(user.Name, user.Groups) is { } node && Allows(node, attributes)
            ? new AccessDecision(true, $"node {node} is concerned")
            : others.Authorize(user, attributes);

    /// <inheritdoc/>
    public (IReadOnlyList<JsonObject> Resources, IReadOnlyList<JsonObject> Paths) RulesFor(UserInfo user, string ns) => others.RulesFor(user, ns);

    private bool Allows(string node, AccessAttributes wanted) => (wanted.Group, wanted.Resource, wanted.Subresource) switch
    {
        ("", "nodes", "") => wanted.Verb is "get" or "update" or "patch" && wanted.Name == node,
        ("", "nodes", "status") => wanted.Verb is "get" or "update" or "patch" && wanted.Name == node,
        ("", "pods", "") => wanted.Verb is "get" or "delete" && Runs(node, wanted),
        ("", "pods", "status") => wanted.Verb is "get" or "update" or "patch" && Runs(node, wanted),
        ("", "pods", "eviction") => wanted.Verb == "create" && Runs(node, wanted),
        ("", "secrets" or "configmaps", "") => wanted.Verb is "get" or "list" or "watch" && wanted.Name.Length > 0 && Names(node, wanted),
        ("", "services" or "endpoints", "") or ("discovery.k8s.io", "endpointslices", "") => wanted.Verb is "get" or "list" or "watch",
        ("", "events", "") or ("events.k8s.io", "events", "") => wanted.Verb is "create",
        ("coordination.k8s.io", "leases", "") => wanted is { Verb: "get" or "update" or "patch", Namespace: "kube-node-lease" } && wanted.Name == node,
        ("certificates.k8s.io", "certificatesigningrequests", "") => wanted.Verb is "create" or "get" or "list" or "watch",
        _ => false,
    };

    private bool Runs(string node, AccessAttributes wanted) => cache.Get(new ResourceKey("pods", wanted.Namespace, wanted.Name))?.Header.NodeName == node;

    private bool Names(string node, AccessAttributes wanted)
    {
        var key = new ResourceKey(wanted.Resource, wanted.Namespace, wanted.Name);
        return cache.OnNode(node).Any(pod => pod.Namespace == key.Namespace && PodReferences.Of(pod.Read<Pod>()).Contains(key));
    }
}
