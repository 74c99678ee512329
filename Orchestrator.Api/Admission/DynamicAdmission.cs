using Microsoft.Extensions.Logging;
using Orchestrator.Actors.Admission;
using Orchestrator.Actors.Resources;
using Orchestrator.Api.Security;
using Orchestrator.Resources.Admission;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Api.Admission;

/// <summary>
/// Admission that asks who is asking, and everything that objects of the cluster configure about it, in upstream's order: mutating webhooks; policies; validating webhooks. The configuration
/// of the latter is exempt from them, so that a bad one can always be taken away.
/// </summary>
internal sealed class DynamicAdmission : IDynamicAdmission
{
    private const string Group = "admissionregistration.k8s.io";

    private readonly WebhookAdmission _webhooks;
    private readonly PolicyAdmission _policies;
    private readonly RoleEscalation _roles;
    private readonly SignerAccess _signers;
    private readonly TimeProvider _time;

    public DynamicAdmission(ControlPlaneServices services, IAuthorizer authorizer, Func<RbacPolicy> roles, WebhookCaller caller, ILoggerFactory logging)
    {
        var (catalog, cache) = (services.Catalog, services.Cache);
        var scopes = new AdmissionScopes(cache, services, authorizer);
        _webhooks = new WebhookAdmission(catalog, cache, scopes, caller, logging.CreateLogger<WebhookAdmission>());
        _policies = new PolicyAdmission(catalog, cache, scopes);
        _roles = new RoleEscalation(authorizer, roles);
        _signers = new SignerAccess(authorizer);
        _time = services.Time;
    }

    /// <inheritdoc/>
    public bool Concerns(string operation, ResourceKind kind, string subresource) =>
        kind.Group != Group && (RoleEscalation.Concerns(operation, kind.Group, subresource) || SignerAccess.Concerns(operation, kind.Group, subresource)
            || _webhooks.Concerns(operation, kind, subresource) || _policies.Concerns(operation, kind, subresource));

    /// <inheritdoc/>
    public async Task<bool> MutateAsync(AdmissionAttributes request, List<string> warnings, CancellationToken cancel)
    {
        if (request.Resource.Group == Group) return false;
        var stamped = SignerAccess.Concerns(request.Operation, request.Resource.Group, request.Subresource) && SignerAccess.Stamp(request, _time.GetUtcNow());
        return await _webhooks.MutateAsync(request, warnings, cancel) || stamped;
    }

    /// <inheritdoc/>
    public async Task ValidateAsync(AdmissionAttributes request, List<string> warnings, CancellationToken cancel)
    {
        if (request.Resource.Group == Group) return;
        if (RoleEscalation.Concerns(request.Operation, request.Resource.Group, request.Subresource)) _roles.Check(request, AdmissionScopes.UserOf(request.UserInfo));
        if (SignerAccess.Concerns(request.Operation, request.Resource.Group, request.Subresource)) _signers.Check(request, AdmissionScopes.UserOf(request.UserInfo));
        await _policies.CheckAsync(request, warnings, cancel);
        await _webhooks.ValidateAsync(request, warnings, cancel);
    }
}
