using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orchestrator.Api.Admission;
using Orchestrator.Api.Hosting;
using Orchestrator.Api.Requests;
using Orchestrator.Api.Responses;
using Orchestrator.Api.Verbs;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Api.Subresources;

/// <summary><c>scale</c>: an object's replica count as autoscaling/v1 Scale; get, update and patch.</summary>
internal static class ScaleEndpoint
{
    private const string Schema = "io.k8s.api.autoscaling.v1.Scale";

    /// <summary>Serves one call.</summary>
    public static async Task HandleAsync(ApiCall call)
    {
        switch (call.Request.Verb)
        {
            case "get":
                var entry = await call.Existing().AsAsync(call.Kind, call.Converter, call.Cancel);
                await ResponseWriter.ObjectAsync(call.Http, StatusCodes.Status200OK, ScaleRules.View(call.Kind, entry.ToJsonObject(), entry.ResourceVersion), Schema);
                break;
            case "update":
                await UpdateAsync(call);
                break;
            case "patch":
                await AnswerAsync(call, await WriteEndpoints.SendPatchAsync(call), []);
                break;
            default:
                throw ApiStatus.MethodNotSupported(call.Kind.GroupResource, call.Request.Verb).AsException();
        }
    }

    private static async Task UpdateAsync(ApiCall call)
    {
        var options = WriteOptions.Parse(call.Http.Request, "UpdateOptions.meta.k8s.io");
        var warnings = new List<string>();
        var scale = await BodyDecoder.ReadAsync(call.Http.Request, Schema, options.FieldValidation, warnings, call.Cancel);
        BodyIdentity.Check(scale, call.Key.Namespace, call.Request.Name);
        if ((int?)scale["spec"]?["replicas"] < 0)
        {
            var errors = new FieldErrors();
            errors.Invalid("spec.replicas", (int?)scale["spec"]?["replicas"], "must be greater than or equal to 0");
            throw ApiStatus.Invalid("Scale.autoscaling", call.Request.Name, errors.Causes).AsException();
        }
        var command = new UpdateResource(call.Key, call.Kind.ApiVersion, options.ToContext(call.User), scale, "scale");
        await AnswerAsync(call, await call.SendAsync(command), warnings);
    }

    private static async Task AnswerAsync(ApiCall call, ResourceReply reply, IReadOnlyList<string> warnings)
    {
        if (reply is ResourceRefused refused) throw refused.Status.AsException();
        var written = (ResourceWritten)reply;
        ObjectResponse.AddWarnings(call.Http, [.. warnings, .. written.Warnings]);
        var shown = await call.Kind.PresentAsync((written.Json ?? written.Deleted)!.Value, call.Converter, call.Cancel);
        var obj = JsonNode.Parse(shown.Span)!.AsObject();
        await ResponseWriter.ObjectAsync(call.Http, StatusCodes.Status200OK, ScaleRules.View(call.Kind, obj, written.ResourceVersion), Schema);
    }
}
