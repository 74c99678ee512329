using Microsoft.Extensions.Logging;
using Orchestrator.Actors.Admission;
using Orchestrator.Actors.Resources;
using Orchestrator.Api.Security;
using Orchestrator.Resources.Admission;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Api.Admission;

/// <summary>Everything that objects of the cluster configure about admission, in upstream's order: mutating webhooks; policies; validating webhooks. Its own configuration is exempt, so that a bad one can always be taken away.</summary>
internal sealed class DynamicAdmission : IDynamicAdmission
{
    private const string Group = "admissionregistration.k8s.io";

    private readonly WebhookAdmission _webhooks;
    private readonly PolicyAdmission _policies;

    public DynamicAdmission(ControlPlaneServices services, IAuthorizer authorizer, WebhookCaller caller, ILoggerFactory logging)
    {
        var (catalog, cache) = (services.Catalog, services.Cache);
        var scopes = new AdmissionScopes(cache, services, authorizer);
        _webhooks = new WebhookAdmission(catalog, cache, scopes, caller, logging.CreateLogger<WebhookAdmission>());
        _policies = new PolicyAdmission(catalog, cache, scopes);
    }

    /// <inheritdoc/>
    public bool Concerns(string operation, ResourceKind kind, string subresource) =>
        (_webhooks.Concerns(operation, kind, subresource) || _policies.Concerns(operation, kind, subresource)) && kind.Group != Group;

    /// <inheritdoc/>
    public Task<bool> MutateAsync(AdmissionAttributes request, List<string> warnings, CancellationToken cancel) =>
        request.Resource.Group == Group ? Task.FromResult(false) : _webhooks.MutateAsync(request, warnings, cancel);

    /// <inheritdoc/>
    public async Task ValidateAsync(AdmissionAttributes request, List<string> warnings, CancellationToken cancel)
    {
        if (request.Resource.Group == Group) return;
        await _policies.CheckAsync(request, warnings, cancel);
        await _webhooks.ValidateAsync(request, warnings, cancel);
    }
}
