using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Api.Security;
using Orchestrator.Resources;
using Orchestrator.Resources.Admission;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Api.Admission;

/// <summary>Makes what admission's expressions see: the request with its namespace, and the authorizer.</summary>
internal sealed class AdmissionScopes(ResourceCache cache, IAuthorizer authorizer)
{
    /// <summary>Labels of a namespace, null where there are none.</summary>
    public JsonObject? NamespaceLabels(string name) => (Namespace(name)?["metadata"] as JsonObject)?["labels"] as JsonObject;

    /// <summary>What expressions see of a request for the version of the resource that they are about.</summary>
    public AdmissionScope Of(AdmissionAttributes request, ResourceKind target)
    {
        var review = AdmissionReview.Request("v1", "", request, target, null, null)["request"]!.AsObject();
        foreach (var hidden in (ReadOnlySpan<string>)["uid", "object", "oldObject"]) review.Remove(hidden);
        var user = UserOf(request.UserInfo);
        return AdmissionScope.Of(request, request.Object is null ? null : Shown(request, target, request.Object), request.OldObject is null ? null : Shown(request, target, request.OldObject), review,
            request.Namespace.Length == 0 ? null : Namespace(request.Namespace), access =>
            {
                var wanted = access.Path.Length > 0
                    ? new AccessAttributes(access.Verb) { Path = access.Path }
                    : new AccessAttributes(access.Verb) { IsResource = true, Group = access.Group, Resource = access.Resource, Subresource = access.Subresource, Namespace = access.Namespace, Name = access.Name };
                var decision = authorizer.Authorize(user, wanted);
                return (decision.Allowed, decision.Reason);
            });
    }

    /// <summary>An object in the version that a webhook or policy is about.</summary>
    public static JsonObject Shown(AdmissionAttributes request, ResourceKind target, JsonObject obj) =>
        ReferenceEquals(target, request.Resource) || !request.IsWholeObject ? obj : KindConversion.Convert(obj.DeepClone().AsObject(), request.Resource, target);

    private JsonObject? Namespace(string name) => cache.Get(new ResourceKey("namespaces", "", name))?.ToJsonObject();

    private static UserInfo UserOf(JsonObject json)
    {
        var spec = json.DeepClone().AsObject();
        spec["user"] = (string?)json["username"] ?? "";
        return UserInfo.FromReviewSpec(spec);
    }
}
