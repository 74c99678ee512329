using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orchestrator.Api.Admission;
using Orchestrator.Api.Hosting;
using Orchestrator.Api.Requests;
using Orchestrator.Api.Responses;
using Orchestrator.Api.Security;
using Orchestrator.Resources;
using Orchestrator.Resources.Admission;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Api.Subresources;

/// <summary><c>serviceaccounts/token</c>: answers a TokenRequest with a signed token, bound to a pod or secret where that is asked for.</summary>
internal static class TokenEndpoint
{
    private const string Schema = "io.k8s.api.authentication.v1.TokenRequest";

    private const long Shortest = 10 * 60;
    private const long Longest = 1L << 32;
    private const long Default = 60 * 60;

    /// <summary>Serves a create.</summary>
    public static async Task HandleAsync(ApiCall call)
    {
        if (call.Request.Verb != "create") throw ApiStatus.MethodNotSupported(call.Kind.GroupResource, call.Request.Verb).AsException();
        var options = WriteOptions.Parse(call.Http.Request, "CreateOptions.meta.k8s.io");
        var warnings = new List<string>();
        var body = await BodyDecoder.ReadAsync(call.Http.Request, Schema, options.FieldValidation, warnings, call.Cancel);
        var account = call.Existing();
        body = await call.AdmitAsync(AdmissionAttributes.Create, "token", new AdmissionKind("authentication.k8s.io", "v1", "TokenRequest"), body, call.Request.Name, options.DryRun);
        var spec = body["spec"] as JsonObject ?? [];
        var seconds = (long?)spec["expirationSeconds"] ?? Default;
        var errors = new FieldErrors();
        if (seconds < Shortest) errors.Invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes");
        if (seconds > Longest) errors.Invalid("spec.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds");
        if (errors.Any) throw ApiStatus.Invalid("TokenRequest.authentication.k8s.io", call.Request.Name, errors.Causes).AsException();
        IReadOnlyList<string> audiences = [.. (spec["audiences"] as JsonArray ?? []).Select(a => (string?)a ?? "")];
        if (audiences.Count == 0) audiences = [call.Services.Tokens.Issuer];

        var request = new TokenRequest(call.Key.Namespace, call.Key.Name, account.Uid, audiences, TimeSpan.FromSeconds(seconds));
        if (spec["boundObjectRef"] is JsonObject reference) request = Bind(call, request, reference);
        var issued = call.Services.Tokens.Issue(request);
        spec["audiences"] = new JsonArray([.. audiences.Select(a => (JsonNode)a)]);
        spec["expirationSeconds"] = seconds;
        body["spec"] = spec;
        ObjectMeta.Of(body)["name"] = call.Key.Name;
        ObjectMeta.Of(body)["namespace"] = call.Key.Namespace;
        ObjectMeta.Of(body)["creationTimestamp"] = ObjectMeta.Timestamp(call.Services.Time.GetUtcNow());
        body["status"] = new JsonObject { ["token"] = issued.Token, ["expirationTimestamp"] = ObjectMeta.Timestamp(issued.Expires) };
        ObjectResponse.AddWarnings(call.Http, warnings);
        await ResponseWriter.ObjectAsync(call.Http, StatusCodes.Status201Created, body, Schema);
    }

    private static TokenRequest Bind(ApiCall call, TokenRequest request, JsonObject reference)
    {
        var (kind, name, uid) = ((string?)reference["kind"] ?? "", (string?)reference["name"] ?? "", (string?)reference["uid"] ?? "");
        var resource = kind switch
        {
            "Pod" => "pods",
            "Secret" => "secrets",
            "Node" => "nodes",
            _ => throw ApiStatus.BadRequest($"cannot bind token to object of type {(string?)reference["apiVersion"]}, Kind={kind}").AsException(),
        };
        var bound = call.Cache.Get(new ResourceKey(resource, kind == "Node" ? "" : request.Namespace, name)) ?? throw ApiStatus.NotFound(resource, name).AsException();
        if (uid.Length > 0 && uid != bound.Uid)
            throw ApiStatus.Conflict(resource, name, $"the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated").AsException();
        if (kind == "Pod" && ((string?)bound.ToJsonObject()["spec"]?["serviceAccountName"] ?? "default") != request.ServiceAccount)
            throw ApiStatus.BadRequest($"cannot bind token for serviceaccount \"{request.ServiceAccount}\" to pod running with different serviceaccount name.").AsException();
        var node = kind == "Pod" ? bound.Header.NodeName : "";
        return request with
        {
            Bound = new BoundObject(kind, name, bound.Uid),
            NodeName = node,
            NodeUid = node.Length > 0 ? call.Cache.Get(new ResourceKey("nodes", "", node))?.Uid ?? "" : "",
        };
    }
}
