using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orchestrator.Api.Hosting;
using Orchestrator.Api.Negotiation;
using Orchestrator.Api.Requests;
using Orchestrator.Api.Responses;
using Orchestrator.Api.Security;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Api.Reviews;

/// <summary>The kinds that are answered and never stored: token and access reviews. The posted object comes back with its status filled in.</summary>
internal static class ReviewEndpoints
{
    /// <summary>Answers a posted review of a virtual kind.</summary>
    public static async Task HandleAsync(HttpContext context, ApiRequest request, UserInfo user, VirtualKind kind, ApiServices services)
    {
        ResponseForm.Choose(context.Request.Headers.Accept.ToString(), protobuf: true, wholeOnly: true);
        var options = WriteOptions.Parse(context.Request, "CreateOptions.meta.k8s.io");
        var warnings = new List<string>();
        var review = await BodyDecoder.ReadAsync(context.Request, kind.SchemaName, options.FieldValidation, warnings, context.RequestAborted);
        BodyIdentity.CheckNamespace(review, kind.Namespaced ? request.Namespace : "");
        var spec = review["spec"] as JsonObject ?? [];
        review["status"] = kind.Kind switch
        {
            "TokenReview" => Token(spec, services),
            "SelfSubjectReview" => new JsonObject { ["userInfo"] = user.ToJson() },
            "SelfSubjectAccessReview" => Access(spec, user, kind, services, ""),
            "SubjectAccessReview" => Access(spec, UserInfo.FromReviewSpec(spec), kind, services, ""),
            "LocalSubjectAccessReview" => Access(spec, UserInfo.FromReviewSpec(spec), kind, services, request.Namespace),
            "SelfSubjectRulesReview" => Rules(spec, user, services),
            _ => throw ApiStatus.MethodNotSupported(kind.Plural, request.Verb).AsException(),
        };
        ObjectResponse.AddWarnings(context, warnings);
        await ResponseWriter.ObjectAsync(context, StatusCodes.Status201Created, review, kind.SchemaName);
    }

    private static JsonObject Token(JsonObject spec, ApiServices services)
    {
        if ((string?)spec["token"] is not { Length: > 0 } token) throw ApiStatus.BadRequest("token is required for TokenReview in authentication").AsException();
        IReadOnlyList<string> audiences = [.. (spec["audiences"] as JsonArray ?? []).Select(a => (string?)a ?? "")];
        if (services.Authenticator.VerifyToken(token, audiences) is not { } claims)
            return new JsonObject { ["user"] = new JsonObject(), ["error"] = "[invalid bearer token, Token has been invalidated or was not issued by this cluster]" };
        return new JsonObject { ["authenticated"] = true, ["user"] = claims.ToUser().ToJson(), ["audiences"] = new JsonArray([.. claims.Audiences.Select(a => (JsonNode)a)]) };
    }

    private static JsonObject Access(JsonObject spec, UserInfo user, VirtualKind kind, ApiServices services, string ns)
    {
        var resource = spec["resourceAttributes"] as JsonObject;
        var path = spec["nonResourceAttributes"] as JsonObject;
        var errors = new FieldErrors();
        if (resource is null == path is null)
            errors.Invalid("spec.resourceAttributes", resource is null ? "null" : "set", "exactly one of nonResourceAttributes or resourceAttributes must be specified");
        if (kind.Kind != "SelfSubjectAccessReview" && user.Name.Length == 0 && user.Groups.Count == 0) errors.Invalid("spec.user", "", "at least one of user or group must be specified");
        if (ns.Length > 0 && resource is not null && (string?)resource["namespace"] != ns) errors.Invalid("spec.resourceAttributes.namespace", (string?)resource["namespace"] ?? "", $"must match metadata.namespace: {ns}");
        if (errors.Any) throw ApiStatus.Invalid($"{kind.Kind}.{kind.Group}", "", errors.Causes).AsException();
        var wanted = resource is not null
            ? new AccessAttributes(Text(resource, "verb"))
            {
                IsResource = true,
                Group = Text(resource, "group"),
                Resource = Text(resource, "resource"),
                Subresource = Text(resource, "subresource"),
                Namespace = Text(resource, "namespace"),
                Name = Text(resource, "name"),
            }
            : new AccessAttributes(Text(path!, "verb")) { Path = Text(path!, "path") };
        var decision = services.Authorizer.Authorize(user, wanted);
        var status = new JsonObject { ["allowed"] = decision.Allowed };
        if (decision.Reason.Length > 0) status["reason"] = decision.Reason;
        return status;
    }

    private static JsonObject Rules(JsonObject spec, UserInfo user, ApiServices services)
    {
        if ((string?)spec["namespace"] is not { Length: > 0 } ns) throw ApiStatus.BadRequest("no namespace on request").AsException();
        var (resource, paths) = services.Authorizer.RulesFor(user, ns);
        return new JsonObject { ["resourceRules"] = new JsonArray([.. resource]), ["nonResourceRules"] = new JsonArray([.. paths]), ["incomplete"] = false };
    }

    private static string Text(JsonObject obj, string field) => (string?)obj[field] ?? "";
}
