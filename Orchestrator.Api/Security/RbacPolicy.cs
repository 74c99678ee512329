using System.Text.Json.Nodes;
using Orchestrator.Resources.Selectors;

namespace Orchestrator.Api.Security;

/// <summary>
/// All roles and bindings of the cluster, compiled for evaluation: immutable, replaced as a whole when one of them changes. A binding whose
/// role does not exist grants nothing. Aggregated cluster roles hold the rules of the roles that their selectors match.
/// </summary>
public sealed class RbacPolicy
{
    private sealed record Binding(string Namespace, string Description, IReadOnlyList<RbacRule> Rules);

    private readonly Dictionary<(string Kind, string Name), List<Binding>> _bySubject = [];

    private readonly Dictionary<(string Namespace, string Name), IReadOnlyList<RbacRule>> _roles = [];

    private RbacPolicy() { }

    /// <summary>Compiles the four kinds' objects. Cluster roles and bindings of <see cref="DefaultRoles"/> count where no stored object has their name.</summary>
    public static RbacPolicy Compile(IEnumerable<JsonObject> clusterRoles, IEnumerable<JsonObject> clusterRoleBindings, IEnumerable<JsonObject> roles, IEnumerable<JsonObject> roleBindings)
    {
        var policy = new RbacPolicy();
        var cluster = ByName(clusterRoles, DefaultRoles.ClusterRoles);
        var clusterRules = cluster.ToDictionary(p => p.Key, p => RulesOf(p.Value, cluster.Values), StringComparer.Ordinal);
        var namespaced = roles.ToDictionary(r => (Namespace(r), Name(r)), r => RulesOf(r, []));
        foreach (var (name, rules) in clusterRules) policy._roles[("", name)] = rules;
        foreach (var (role, rules) in namespaced) policy._roles[role] = rules;
        foreach (var binding in ByName(clusterRoleBindings, DefaultRoles.ClusterRoleBindings).Values)
            policy.Add(binding, "", "ClusterRoleBinding", clusterRules.GetValueOrDefault(RoleName(binding)));
        foreach (var binding in roleBindings)
        {
            var ns = Namespace(binding);
            var isCluster = (string?)binding["roleRef"]?["kind"] == "ClusterRole";
            policy.Add(binding, ns, "RoleBinding", isCluster ? clusterRules.GetValueOrDefault(RoleName(binding)) : namespaced.GetValueOrDefault((ns, RoleName(binding))));
        }
        return policy;
    }

    /// <summary>Whether some binding of the user or of one of its groups grants what is wanted.</summary>
    public AccessDecision Authorize(UserInfo user, AccessAttributes wanted)
    {
        if (Find("User", user.Name, wanted) is { } own) return own;
        foreach (var group in user.Groups)
            if (Find("Group", group, wanted) is { } through) return through;
        return new AccessDecision(false, "");
    }

    /// <summary>The rules of a Role, or with no namespace of a ClusterRole, those it collects included; null where there is none.</summary>
    internal IReadOnlyList<RbacRule>? RulesOf(string ns, string name) => _roles.GetValueOrDefault((ns, name));

    /// <summary>The rules that hold for a user in a namespace, those of cluster role bindings included.</summary>
    internal IReadOnlyList<RbacRule> RulesFor(UserInfo user, string ns)
    {
        var subjects = user.Groups.Select(g => ("Group", g)).Prepend(("User", user.Name));
        return [.. subjects.SelectMany(s => _bySubject.GetValueOrDefault(s, [])).Where(b => b.Namespace.Length == 0 || b.Namespace == ns).SelectMany(b => b.Rules).Distinct()];
    }

    private AccessDecision? Find(string kind, string name, AccessAttributes wanted)
    {
        if (!_bySubject.TryGetValue((kind, name), out var bindings)) return null;
        foreach (var binding in bindings)
        {
            if (binding.Namespace.Length > 0 && (!wanted.IsResource || binding.Namespace != wanted.Namespace)) continue;
            if (binding.Rules.Any(r => r.Grants(wanted))) return new AccessDecision(true, $"RBAC: allowed by {binding.Description} to {kind} \"{name}\"");
        }
        return null;
    }

    private void Add(JsonObject binding, string ns, string kind, IReadOnlyList<RbacRule>? rules)
    {
        if (rules is null) return;
        var name = Name(binding);
        var compiled = new Binding(ns, $"{kind} \"{(ns.Length == 0 ? name : $"{name}/{ns}")}\" of {(string?)binding["roleRef"]?["kind"]} \"{RoleName(binding)}\"", rules);
        foreach (var subject in (binding["subjects"] as JsonArray ?? []).OfType<JsonObject>())
        {
            var subjectName = (string?)subject["name"] ?? "";
            var key = (string?)subject["kind"] switch
            {
                "ServiceAccount" => ("User", $"system:serviceaccount:{(string?)subject["namespace"] ?? ns}:{subjectName}"),
                "Group" => ("Group", subjectName),
                _ => ("User", subjectName),
            };
            if (!_bySubject.TryGetValue(key, out var list)) _bySubject[key] = list = [];
            list.Add(compiled);
        }
    }

    private static Dictionary<string, JsonObject> ByName(IEnumerable<JsonObject> stored, IEnumerable<JsonObject> defaults)
    {
        var all = stored.ToDictionary(Name, StringComparer.Ordinal);
        foreach (var given in defaults) all.TryAdd(Name(given), given);
        return all;
    }

    private static IReadOnlyList<RbacRule> RulesOf(JsonObject role, IReadOnlyCollection<JsonObject> all)
    {
        var rules = new List<RbacRule>();
        Collect(role, all, rules, []);
        return rules;
    }

    // Aggregation may be nested (admin ⊃ edit ⊃ view), and nothing forbids a circle.
    private static void Collect(JsonObject role, IReadOnlyCollection<JsonObject> all, List<RbacRule> rules, HashSet<string> seen)
    {
        if (!seen.Add(Name(role))) return;
        if (role["aggregationRule"]?["clusterRoleSelectors"] is JsonArray selectors && all.Count > 0)
        {
            foreach (var candidate in all)
                if (selectors.OfType<JsonObject>().Any(s => Selects(s, candidate))) Collect(candidate, all, rules, seen);
            return;
        }
        rules.AddRange((role["rules"] as JsonArray ?? []).OfType<JsonObject>().Select(RbacRule.From));
    }

    private static bool Selects(JsonObject selector, JsonObject role)
    {
        try
        {
            return LabelSelector.FromJson(selector).Matches(role["metadata"]?["labels"] as JsonObject);
        }
        catch (FormatException)
        {
            // Stored before such selectors were refused: it selects nothing, and the others still count.
            return false;
        }
    }

    private static string Name(JsonObject obj) => (string?)obj["metadata"]?["name"] ?? "";

    private static string Namespace(JsonObject obj) => (string?)obj["metadata"]?["namespace"] ?? "";

    private static string RoleName(JsonObject binding) => (string?)binding["roleRef"]?["name"] ?? "";
}
