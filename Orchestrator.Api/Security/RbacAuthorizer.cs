using System.Text.Json.Nodes;

namespace Orchestrator.Api.Security;

/// <summary>
/// Role-based access control over the cluster's roles and bindings; members of <c>system:masters</c> need none.
/// <paramref name="policy"/> gives the policy of now; it caches, this does not.
/// </summary>
public sealed class RbacAuthorizer(Func<RbacPolicy> policy) : IAuthorizer
{
    /// <inheritdoc/>
    public AccessDecision Authorize(UserInfo user, AccessAttributes attributes) =>
        user.Groups.Contains(UserInfo.Masters) ? new AccessDecision(true, "") : policy().Authorize(user, attributes);

    /// <inheritdoc/>
    public (IReadOnlyList<JsonObject> Resources, IReadOnlyList<JsonObject> Paths) RulesFor(UserInfo user, string ns)
    {
        IReadOnlyList<RbacRule> rules = user.Groups.Contains(UserInfo.Masters) ? [RbacRule.Everything, RbacRule.EveryPath] : policy().RulesFor(user, ns);
        return ([.. rules.Where(r => r.Resources.Count > 0).Select(r => r.ToResourceJson())], [.. rules.Where(r => r.Urls.Count > 0).Select(r => r.ToPathJson())]);
    }
}
