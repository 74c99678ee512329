using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Selectors;

namespace Orchestrator.Resources.Admission;

/// <summary>
/// Which requests a webhook or a policy is about: rules, scope, selectors, and whether other versions of a resource count (k8s.io/apiserver
/// plugin/webhook/generic and plugin/policy/matching).
/// </summary>
public sealed class AdmissionMatch
{
    private readonly AdmissionRule[] _rules;
    private readonly AdmissionRule[] _excluded;
    private readonly LabelSelector _namespaces;
    private readonly LabelSelector _objects;
    private readonly bool _equivalent;
    private readonly bool _anything;

    /// <summary>
    /// Compiles a defaulted webhook (<c>rules</c>) or the <c>matchConstraints</c> or <c>matchResources</c> of a policy (<c>resourceRules</c>, <c>excludeResourceRules</c>).
    /// <paramref name="anythingWithoutRules"/>: no rules mean every resource, as in a policy's binding.
    /// </summary>
    public AdmissionMatch(JsonObject json, bool anythingWithoutRules = false)
    {
        _anything = anythingWithoutRules;
        _rules = Rules(json["rules"] ?? json["resourceRules"]);
        _excluded = Rules(json["excludeResourceRules"]);
        _namespaces = Selector(json["namespaceSelector"]);
        _objects = Selector(json["objectSelector"]);
        _equivalent = (string?)json["matchPolicy"] != "Exact";
    }

    /// <summary>Whether it could be about this: quick, and a yes is not final.</summary>
    public bool Concerns(string operation, ResourceKind kind, string subresource)
    {
        foreach (var rule in _rules)
            if (rule.Concerns(operation, kind, subresource)) return true;
        return _anything && _rules.Length == 0;
    }

    /// <summary>
    /// The version of the resource that it is about, or null where it is not about this request. <paramref name="versions"/> are the other versions of the same
    /// objects; <paramref name="namespaceLabels"/> finds a namespace's labels, null where there is no such namespace.
    /// </summary>
    public ResourceKind? Find(AdmissionAttributes request, IEnumerable<ResourceKind> versions, Func<string, JsonObject?> namespaceLabels)
    {
        if (Target(_excluded, request, versions) is not null) return null;
        var target = _anything && _rules.Length == 0 ? request.Resource : Target(_rules, request, versions);
        return target is not null && SelectsNamespace(request, namespaceLabels) && SelectsObject(request) ? target : null;
    }

    private ResourceKind? Target(AdmissionRule[] rules, AdmissionAttributes request, IEnumerable<ResourceKind> versions)
    {
        if (rules.Length == 0) return null;
        var inNamespace = request.Namespace.Length > 0;
        foreach (var rule in rules)
            if (rule.Matches(request.Operation, request.Resource, request.Subresource, inNamespace, request.Name)) return request.Resource;
        if (!_equivalent) return null;
        foreach (var rule in rules)
            foreach (var version in versions)
                if (rule.Matches(request.Operation, version, request.Subresource, inNamespace, request.Name)) return version;
        return null;
    }

    private bool SelectsNamespace(AdmissionAttributes request, Func<string, JsonObject?> namespaceLabels)
    {
        if (_namespaces.IsEmpty) return true;
        // A namespace is selected by its own labels; what belongs to no namespace is not held to this.
        if (request.Resource is { Group: "", Plural: "namespaces" }) return _namespaces.Matches(Labels(request.Either));
        return request.Namespace.Length == 0 || _namespaces.Matches(namespaceLabels(request.Namespace));
    }

    private bool SelectsObject(AdmissionAttributes request) =>
        _objects.IsEmpty || (request.Object is { } obj && _objects.Matches(Labels(obj))) || (request.OldObject is { } old && _objects.Matches(Labels(old)));

    private static JsonObject? Labels(JsonObject? obj) => (obj?["metadata"] as JsonObject)?["labels"] as JsonObject;

    private static AdmissionRule[] Rules(JsonNode? rules) => [.. (rules as JsonArray ?? []).OfType<JsonObject>().Select(r => new AdmissionRule(r))];

    private static LabelSelector Selector(JsonNode? json) => json is null ? LabelSelector.Everything : LabelSelector.FromJson(json);
}
