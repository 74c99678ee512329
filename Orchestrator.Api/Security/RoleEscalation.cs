using System.Text.Json.Nodes;
using Orchestrator.Resources.Admission;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Security;

/// <summary>
/// Nobody grants what he does not have (kube-apiserver's policy-based storage of roles and bindings): a role may only hold rules that its writer has, and a binding only grant such a role,
/// unless the writer has the verb <c>escalate</c> or <c>bind</c>. Members of <c>system:masters</c> have everything.
/// </summary>
internal sealed class RoleEscalation(IAuthorizer authorizer, Func<RbacPolicy> policy)
{
    private const string Group = "rbac.authorization.k8s.io";

    /// <summary>Whether a write is this one's business.</summary>
    public static bool Concerns(string operation, string group, string subresource) =>
        group == Group && subresource.Length == 0 && operation is AdmissionAttributes.Create or AdmissionAttributes.Update;

    /// <summary>Throws 403 for a role or binding that grants more than its writer has.</summary>
    public void Check(AdmissionAttributes request, UserInfo user)
    {
        if (user.Groups.Contains(UserInfo.Masters) || request.Object is not { } obj) return;
        if (request.Resource.Plural is "roles" or "clusterroles") Role(request, user, obj);
        else Binding(request, user, obj);
    }

    private void Role(AdmissionAttributes request, UserInfo user, JsonObject role)
    {
        var aggregates = role["aggregationRule"] is not null;
        // Metadata may be changed by whoever may change the object, and a role that is as it was gives nobody anything.
        if (request.OldObject is { } old && JsonNode.DeepEquals(old["rules"], role["rules"]) && JsonNode.DeepEquals(old["aggregationRule"], role["aggregationRule"])) return;
        if (May(user, "escalate", request.Resource.Plural, request.Namespace, request.Name)) return;
        // What is collected later can be anything.
        Confirm(request, user, aggregates && !JsonNode.DeepEquals(request.OldObject?["aggregationRule"], role["aggregationRule"]) ? [RbacRule.Everything, RbacRule.EveryPath] : Rules(role));
    }

    private void Binding(AdmissionAttributes request, UserInfo user, JsonObject binding)
    {
        if (request.OldObject is { } old && JsonNode.DeepEquals(old["roleRef"], binding["roleRef"]) && JsonNode.DeepEquals(old["subjects"], binding["subjects"])) return;
        var (kind, name) = ((string?)binding["roleRef"]?["kind"] ?? "", (string?)binding["roleRef"]?["name"] ?? "");
        var resource = kind == "ClusterRole" ? "clusterroles" : "roles";
        if (May(user, "bind", resource, request.Namespace, name)) return;
        if (policy().RulesOf(kind == "ClusterRole" ? "" : request.Namespace, name) is not { } rules) throw ApiStatus.NotFound($"{resource}.{Group}", name).AsException();
        Confirm(request, user, rules);
    }

    private void Confirm(AdmissionAttributes request, UserInfo user, IReadOnlyList<RbacRule> wanted)
    {
        var (resources, paths) = authorizer.RulesFor(user, request.Namespace);
        var owned = resources.Concat(paths).Select(RbacRule.From).ToList();
        var missing = wanted.SelectMany(r => r.Parts()).Where(part => !owned.Any(o => o.Covers(part))).ToList();
        if (missing.Count == 0) return;
        var lines = missing.GroupBy(m => (m with { Verbs = [] }).Print()).Select(g => (g.First() with { Verbs = [.. g.SelectMany(m => m.Verbs).Distinct(StringComparer.Ordinal)] }).Print())
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        throw ApiStatus.Forbidden(request.Resource.GroupResource, request.Name,
            $"user \"{user.Name}\" (groups=[{string.Join(" ", user.Groups.Select(g => $"\"{g}\""))}]) is attempting to grant RBAC permissions not currently held:\n{string.Join("\n", lines)}").AsException();
    }

    private bool May(UserInfo user, string verb, string resource, string ns, string name) =>
        authorizer.Authorize(user, new AccessAttributes(verb) { IsResource = true, Group = Group, Resource = resource, Namespace = ns, Name = name }).Allowed;

    private static IReadOnlyList<RbacRule> Rules(JsonObject role) => [.. (role["rules"] as JsonArray ?? []).OfType<JsonObject>().Select(RbacRule.From)];
}
