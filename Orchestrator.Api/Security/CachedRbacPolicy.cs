using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;

namespace Orchestrator.Api.Security;

/// <summary>The policy compiled from the cluster's role and binding objects, compiled again at the first question after one of them has changed.</summary>
public sealed class CachedRbacPolicy(ResourceCache cache)
{
    private static readonly string[] Resources =
        ["clusterroles.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io", "roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io"];

    private sealed record Compiled(SortedEntries[] Of, RbacPolicy Policy);

    private volatile Compiled? _compiled;

    /// <summary>The policy of now.</summary>
    public RbacPolicy Current()
    {
        var compiled = _compiled;
        SortedEntries[] entries = [.. Resources.Select(cache.List)];
        // Snapshots are immutable: the same reference is the same content.
        if (compiled is not null && compiled.Of.Zip(entries).All(p => ReferenceEquals(p.First, p.Second))) return compiled.Policy;
        var policy = RbacPolicy.Compile(Objects(entries[0]), Objects(entries[1]), Objects(entries[2]), Objects(entries[3]));
        _compiled = new Compiled(entries, policy);
        return policy;
    }

    private static IEnumerable<JsonObject> Objects(SortedEntries entries) => entries.Select(e => e.ToJsonObject());
}
