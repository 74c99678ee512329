using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orchestrator.Actors.Caching;
using Orchestrator.Api.Responses;
using Orchestrator.Resources.Admission;
using Orchestrator.Resources.Cel;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Patches;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Api.Admission;

/// <summary>
/// Admission webhooks: mutating ones one after the other, in order, those that ask for it once more where a later one has changed the object; validating ones at once, on the object as it
/// will be stored (k8s.io/apiserver plugin/webhook/mutating and validating).
/// </summary>
internal sealed partial class WebhookAdmission(KindCatalog catalog, ResourceCache cache, AdmissionScopes scopes, WebhookCaller caller, ILogger<WebhookAdmission> log)
{
    private const string Group = "admissionregistration.k8s.io";

    private readonly WebhookSet _mutating = new(cache, $"mutatingwebhookconfigurations.{Group}", mutating: true);
    private readonly WebhookSet _validating = new(cache, $"validatingwebhookconfigurations.{Group}", mutating: false);

    /// <summary>Whether any could be about this.</summary>
    public bool Concerns(string operation, ResourceKind kind, string subresource) =>
        _mutating.Concerns(operation, kind, subresource) || _validating.Concerns(operation, kind, subresource);

    /// <summary>As <see cref="DynamicAdmission.MutateAsync"/>.</summary>
    public async Task<bool> MutateAsync(AdmissionAttributes request, List<string> warnings, CancellationToken cancel)
    {
        var (webhooks, changed) = (_mutating.Current(), false);
        var (asked, again) = (new List<Webhook>(), new HashSet<Webhook>());
        foreach (var webhook in webhooks)
        {
            if (await TargetAsync(webhook, request, cancel) is not { } target) continue;
            if (await MutateByAsync(webhook, target, request, warnings, cancel))
            {
                changed = true;
                // Those before it have not seen this.
                again.UnionWith(asked);
            }
            if (webhook.IsReinvoked) asked.Add(webhook);
        }
        foreach (var webhook in webhooks.Where(again.Contains))
            if (await TargetAsync(webhook, request, cancel) is { } target) changed |= await MutateByAsync(webhook, target, request, warnings, cancel);
        return changed;
    }

    /// <summary>As <see cref="DynamicAdmission.ValidateAsync"/>.</summary>
    public async Task ValidateAsync(AdmissionAttributes request, List<string> warnings, CancellationToken cancel)
    {
        var calls = new List<Task<AdmissionAnswer?>>();
        foreach (var webhook in _validating.Current())
            if (await TargetAsync(webhook, request, cancel) is { } target) calls.Add(AskAsync(webhook, target, request, cancel));
        ApiStatus? refused = null;
        foreach (var call in calls)
        {
            try
            {
                if (await call is { } answer) warnings.AddRange(answer.Warnings);
            }
            catch (StatusException refusal)
            {
                refused ??= refusal.Status;
                if (refusal is AdmissionRefusal { Warnings: var told }) warnings.AddRange(told);
            }
        }
        if (refused is not null) throw refused.AsException();
    }

    private async Task<bool> MutateByAsync(Webhook webhook, ResourceKind target, AdmissionAttributes request, List<string> warnings, CancellationToken cancel)
    {
        if (await AskAsync(webhook, target, request, cancel) is not { } answer) return false;
        warnings.AddRange(answer.Warnings);
        if (answer.Patch.IsEmpty) return false;
        if (request.Object is null) throw ApiStatus.InternalError($"admission webhook \"{webhook.Name}\" attempted to modify the object, which is not supported for this operation").AsException();
        var seen = (await scopes.ShownAsync(request, target, request.Object, cancel))!;
        JsonObject patched;
        try
        {
            if (JsonPatch.Apply(seen.DeepClone(), answer.Patch.Span) is not JsonObject obj) throw ApiStatus.InternalError($"the patch of admission webhook \"{webhook.Name}\" leaves no object").AsException();
            patched = Decoded(request, target, obj);
        }
        catch (StatusException unusable) when (unusable.Status.Code < 500)
        {
            // Upstream, too, blames itself for what a webhook's patch makes of an object.
            throw ApiStatus.InternalError(unusable.Status.Message).AsException();
        }
        if (JsonNode.DeepEquals(seen, patched)) return false;
        request.Object = await scopes.BackAsync(request, target, patched, cancel);
        return true;
    }

    /// <summary>The answer of a webhook that allows the request, or null for one that could not be asked and may be ignored. Throws the refusal.</summary>
    private async Task<AdmissionAnswer?> AskAsync(Webhook webhook, ResourceKind target, AdmissionAttributes request, CancellationToken cancel)
    {
        var (obj, old) = (await scopes.ShownAsync(request, target, request.Object, cancel), await scopes.ShownAsync(request, target, request.OldObject, cancel));
        AdmissionAnswer answer;
        try
        {
            answer = await caller.AskAsync(webhook, request, (version, uid) => AdmissionReview.Request(version, uid, request, target, obj, old), cancel);
        }
        catch (WebhookCallException failure)
        {
            if (!webhook.IgnoresFailure) throw ApiStatus.InternalError(failure.Message).AsException();
            LogIgnored(log, failure.Message);
            return null;
        }
        return answer.Allowed ? answer : throw new AdmissionRefusal(WebhookRefusal.Of(webhook.Name, answer.Result), answer.Warnings);
    }

    /// <summary>The version of the resource that a webhook wants to be asked about, or null. Throws 403 where its conditions cannot be evaluated and that counts as a refusal.</summary>
    private async ValueTask<ResourceKind?> TargetAsync(Webhook webhook, AdmissionAttributes request, CancellationToken cancel)
    {
        if (webhook.Match.Find(request, catalog.OtherVersions(request.Resource), scopes.NamespaceLabels) is not { } target) return null;
        if (webhook.Conditions.IsEmpty) return target;
        try
        {
            return webhook.Conditions.Hold(await scopes.OfAsync(request, target, cancel)) ? target : null;
        }
        catch (CelEvaluationException e)
        {
            if (!webhook.IgnoresFailure) throw ApiStatus.Forbidden(request.Resource.GroupResource, request.Name, e.Message).AsException();
            LogIgnored(log, $"match conditions of webhook \"{webhook.Name}\": {e.Message}");
            return null;
        }
    }

    /// <summary>What a patch has left must be an object of the kind, as everything else that comes from outside.</summary>
    private static JsonObject Decoded(AdmissionAttributes request, ResourceKind target, JsonObject obj)
    {
        var kind = request.IsWholeObject ? AdmissionKind.Of(target) : request.Kind;
        var schema = request.IsWholeObject ? target.SchemaName : VirtualKinds.All.FirstOrDefault(v => v.Group == kind.Group && v.Kind == kind.Kind)?.SchemaName;
        if (schema is null) return obj; // options of a connection
        var decoded = ObjectDecoder.Decode(RelaxedJson.Bytes(obj), SchemaCatalog.Default.Find(schema), FieldValidation.Ignore, []);
        if (request.IsWholeObject) target.Strategy.Default(decoded);
        return decoded;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Failure}; its failurePolicy is Ignore")]
    private static partial void LogIgnored(ILogger log, string failure);
}
