using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Resources.Admission;

/// <summary>One <c>rules</c> entry of a webhook or policy, compiled: operations on resources of some scope (k8s.io/apiserver plugin/webhook/predicates/rules).</summary>
public sealed class AdmissionRule
{
    private const string Any = "*";

    private readonly string[] _operations;
    private readonly string[] _groups;
    private readonly string[] _versions;
    private readonly (string Resource, string Subresource)[] _resources;
    private readonly string _scope;
    private readonly string[] _names;

    /// <summary>Compiles a validated entry.</summary>
    public AdmissionRule(JsonObject json)
    {
        _operations = Texts(json, "operations");
        _groups = Texts(json, "apiGroups");
        _versions = Texts(json, "apiVersions");
        _resources = [.. Texts(json, "resources").Select(r => r.IndexOf('/') is > 0 and var slash ? (r[..slash], r[(slash + 1)..]) : (r, ""))];
        _scope = (string?)json["scope"] ?? Any;
        _names = Texts(json, "resourceNames");
    }

    /// <summary>Whether the rule could be about an operation on a resource in this or another version of it: a check that costs little, for what is mostly no.</summary>
    public bool Concerns(string operation, ResourceKind kind, string subresource) => Covers(_operations, operation) && CoversResource(kind.Plural, subresource);

    /// <summary>Whether the rule is about an operation on a resource in this very version. <paramref name="inNamespace"/>: the request names a namespace; a Namespace itself is cluster-scoped.</summary>
    public bool Matches(string operation, ResourceKind kind, string subresource, bool inNamespace, string name) =>
        Covers(_operations, operation) && Covers(_groups, kind.Group) && Covers(_versions, kind.Version) && CoversResource(kind.Plural, subresource)
        && _scope switch
        {
            "Namespaced" => inNamespace && !IsNamespace(kind),
            "Cluster" => !inNamespace || IsNamespace(kind),
            _ => true,
        }
        && (_names.Length == 0 || _names.Contains(name, StringComparer.Ordinal));

    private bool CoversResource(string resource, string subresource)
    {
        foreach (var (wanted, sub) in _resources)
            if ((wanted == Any || wanted == resource) && (sub == Any || sub == subresource)) return true;
        return false;
    }

    private static bool Covers(string[] wanted, string value)
    {
        foreach (var one in wanted)
            if (one == Any || one == value) return true;
        return false;
    }

    private static bool IsNamespace(ResourceKind kind) => kind is { Group: "", Plural: "namespaces" };

    private static string[] Texts(JsonObject json, string name) => [.. (json[name] as JsonArray ?? []).Select(v => (string?)v ?? "")];
}
