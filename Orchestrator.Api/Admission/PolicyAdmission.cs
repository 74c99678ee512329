using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Resources.Admission;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Selectors;

namespace Orchestrator.Api.Admission;

/// <summary>ValidatingAdmissionPolicies where their bindings put them to use (k8s.io/apiserver plugin/policy/validating).</summary>
internal sealed class PolicyAdmission(KindCatalog catalog, ResourceCache cache, AdmissionScopes scopes)
{
    private const string Policies = "validatingadmissionpolicies.admissionregistration.k8s.io";
    private const string Bindings = "validatingadmissionpolicybindings.admissionregistration.k8s.io";

    private sealed record Compiled(SortedEntries Policies, SortedEntries Bindings, IReadOnlyList<(AdmissionPolicy Policy, AdmissionPolicyBinding Binding)> Used);

    private volatile Compiled _compiled = new(SortedEntries.Empty, SortedEntries.Empty, []);

    /// <summary>Whether any could be about this.</summary>
    public bool Concerns(string operation, ResourceKind kind, string subresource)
    {
        foreach (var (policy, binding) in Current())
            if (policy.Match.Concerns(operation, kind, subresource) && binding.Match.Concerns(operation, kind, subresource)) return true;
        return false;
    }

    /// <summary>Checks a request. Throws the refusal of the first policy that denies it; what others warn about is added to <paramref name="warnings"/>.</summary>
    public async ValueTask CheckAsync(AdmissionAttributes request, List<string> warnings, CancellationToken cancel)
    {
        ApiStatus? refused = null;
        foreach (var (policy, binding) in Current())
        {
            if (policy.Match.Find(request, catalog.OtherVersions(request.Resource), scopes.NamespaceLabels) is not { } target) continue;
            if (binding.Match.Find(request, catalog.OtherVersions(request.Resource), scopes.NamespaceLabels) is null) continue;
            foreach (var violation in Violations(policy, binding, request, await scopes.OfAsync(request, target, cancel)))
            {
                if (binding.Actions.Contains("Warn")) warnings.Add($"Validation failed for ValidatingAdmissionPolicy '{policy.Name}' with binding '{binding.Name}': {violation.Message}");
                if (binding.Actions.Contains("Deny")) refused ??= Refusal(policy, binding, request, violation);
            }
        }
        if (refused is not null) throw refused.AsException();
    }

    private IReadOnlyList<(AdmissionPolicy Policy, AdmissionPolicyBinding Binding)> Current()
    {
        var (compiled, policies, bindings) = (_compiled, cache.List(Policies), cache.List(Bindings));
        // Snapshots are immutable: the same references are the same content.
        if (ReferenceEquals(compiled.Policies, policies) && ReferenceEquals(compiled.Bindings, bindings)) return compiled.Used;
        var byName = policies.ToDictionary(p => p.Name, p => new AdmissionPolicy(p.ToJsonObject()), StringComparer.Ordinal);
        var used = bindings.Select(b => new AdmissionPolicyBinding(b.ToJsonObject())).Where(b => byName.ContainsKey(b.Policy)).Select(b => (byName[b.Policy], b)).ToList();
        _compiled = new Compiled(policies, bindings, used);
        return used;
    }

    private IEnumerable<PolicyViolation> Violations(AdmissionPolicy policy, AdmissionPolicyBinding binding, AdmissionAttributes request, AdmissionScope scope)
    {
        if (policy.ParameterKind is not { } kind) return policy.Check(scope);
        if (binding.Parameters is not { } reference) return policy.Check(scope.With(null));
        if (catalog.FindByApiVersion(kind.ApiVersion, kind.Kind) is not { } parameterKind)
            return [new PolicyViolation($"failed to configure policy: failed to find resource referenced by paramKind: '{kind.ApiVersion}, Kind={kind.Kind}'", "Invalid")];
        var found = Parameters(parameterKind, reference, request).ToList();
        if (found.Count > 0) return found.SelectMany(p => policy.Check(scope.With(p)));
        return (string?)reference["parameterNotFoundAction"] == "Allow"
            ? []
            : [new PolicyViolation("failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction", "Invalid")];
    }

    private IEnumerable<JsonObject> Parameters(ResourceKind kind, JsonObject reference, AdmissionAttributes request)
    {
        var ns = !kind.Namespaced ? "" : (string?)reference["namespace"] is { Length: > 0 } given ? given : request.Namespace;
        if (kind.Namespaced && ns.Length == 0) return [];
        if ((string?)reference["name"] is { Length: > 0 } name) return cache.Get(kind.Key(ns, name)) is { } entry ? [entry.ToJsonObject()] : [];
        var selector = LabelSelector.FromJson(reference["selector"]);
        return (kind.Namespaced ? cache.List(kind.StoredAs, ns) : cache.List(kind.StoredAs)).Select(e => e.ToJsonObject()).Where(p => selector.Matches(p["metadata"]?["labels"] as JsonObject));
    }

    private static ApiStatus Refusal(AdmissionPolicy policy, AdmissionPolicyBinding binding, AdmissionAttributes request, PolicyViolation violation)
    {
        var message = $"ValidatingAdmissionPolicy '{policy.Name}' with binding '{binding.Name}' denied request: {violation.Message}";
        var code = violation.Reason switch { "Unauthorized" => 401, "Forbidden" => 403, "RequestEntityTooLarge" => 413, _ => 422 };
        return ApiStatus.Forbidden(request.Resource.GroupResource, request.Name, message) with { Reason = violation.Reason, Code = code, Causes = [new StatusCause("", message, "")] };
    }
}
