using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Extensions;
using Orchestrator.Actors.Resources;
using Orchestrator.Api.Security;
using Orchestrator.Resources;
using Orchestrator.Resources.Admission;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Api.Admission;

/// <summary>Makes what admission's expressions see: the request with its namespace, and the authorizer.</summary>
internal sealed class AdmissionScopes(ResourceCache cache, ControlPlaneServices services, IAuthorizer authorizer)
{
    /// <summary>Labels of a namespace, null where there are none.</summary>
    public JsonObject? NamespaceLabels(string name) => (Namespace(name)?["metadata"] as JsonObject)?["labels"] as JsonObject;

    /// <summary>What expressions see of a request for the version of the resource that they are about.</summary>
    public async ValueTask<AdmissionScope> OfAsync(AdmissionAttributes request, ResourceKind target, CancellationToken cancel)
    {
        var review = AdmissionReview.Request("v1", "", request, target, null, null)["request"]!.AsObject();
        foreach (var hidden in (ReadOnlySpan<string>)["uid", "object", "oldObject"]) review.Remove(hidden);
        var user = UserOf(request.UserInfo);
        return AdmissionScope.Of(request, await ShownAsync(request, target, request.Object, cancel), await ShownAsync(request, target, request.OldObject, cancel), review,
            request.Namespace.Length == 0 ? null : Namespace(request.Namespace), access =>
            {
                var wanted = access.Path.Length > 0
                    ? new AccessAttributes(access.Verb) { Path = access.Path }
                    : new AccessAttributes(access.Verb) { IsResource = true, Group = access.Group, Resource = access.Resource, Subresource = access.Subresource, Namespace = access.Namespace, Name = access.Name };
                var decision = authorizer.Authorize(user, wanted);
                return (decision.Allowed, decision.Reason);
            });
    }

    /// <summary>An object, or null, in the version that a webhook or policy is about.</summary>
    public async ValueTask<JsonObject?> ShownAsync(AdmissionAttributes request, ResourceKind target, JsonObject? obj, CancellationToken cancel) =>
        obj is null || ReferenceEquals(target, request.Resource) || !request.IsWholeObject ? obj : await services.Converter.ConvertAsync(obj.DeepClone().AsObject(), request.Resource, target, cancel);

    /// <summary>What a webhook has made of an object of its version, in the request's.</summary>
    public async ValueTask<JsonObject> BackAsync(AdmissionAttributes request, ResourceKind target, JsonObject obj, CancellationToken cancel) =>
        ReferenceEquals(target, request.Resource) || !request.IsWholeObject ? obj : await services.Converter.ConvertAsync(obj, target, request.Resource, cancel);

    private JsonObject? Namespace(string name) => cache.Get(new ResourceKey("namespaces", "", name))?.ToJsonObject();

    /// <summary>Reads UserInfo.</summary>
    public static UserInfo UserOf(JsonObject json)
    {
        var spec = json.DeepClone().AsObject();
        spec["user"] = (string?)json["username"] ?? "";
        return UserInfo.FromReviewSpec(spec);
    }
}
