using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orchestrator.Api.Admission;
using Orchestrator.Api.Hosting;
using Orchestrator.Api.Requests;
using Orchestrator.Api.Responses;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources.Admission;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Api.Subresources;

/// <summary><c>pods/binding</c> (also posted to <c>bindings</c>) and <c>pods/eviction</c>.</summary>
internal static class PodPlacementEndpoints
{
    /// <summary>Assigns a pod to a node.</summary>
    public static async Task BindAsync(ApiCall call)
    {
        var options = WriteOptions.Parse(call.Http.Request, "CreateOptions.meta.k8s.io");
        var warnings = new List<string>();
        var binding = await BodyDecoder.ReadAsync(call.Http.Request, "io.k8s.api.core.v1.Binding", options.FieldValidation, warnings, call.Cancel);
        // Posted to the collection, the binding itself names the pod.
        var name = call.Request.Name.Length > 0 ? call.Request.Name : ObjectMeta.Get(binding, "name");
        BodyIdentity.Check(binding, call.Request.Namespace, name);
        binding = await call.AdmitAsync(AdmissionAttributes.Create, "binding", new AdmissionKind("", "v1", "Binding"), binding, name, options.DryRun);
        var target = binding["target"];
        var errors = new FieldErrors();
        if ((string?)target?["kind"] is { Length: > 0 } kind and not ("Node" or "Minion")) errors.NotSupported("target.kind", kind, ["Node", "<empty>"]);
        if ((string?)target?["name"] is not { Length: > 0 }) errors.Required("target.name");
        if (errors.Any) throw ApiStatus.Invalid("Binding", name, errors.Causes).AsException();
        var command = new BindPod(call.Kind.Key(call.Request.Namespace, name), call.Kind.ApiVersion, options.ToContext(call.User), ObjectMeta.Get(binding, "uid"), (string)target!["name"]!);
        await AnswerAsync(call, await call.Services.Client.SendAsync(command, call.Cancel), warnings);
    }

    /// <summary>Evicts a pod where its disruption budgets allow it.</summary>
    public static async Task EvictAsync(ApiCall call)
    {
        var options = WriteOptions.Parse(call.Http.Request, "CreateOptions.meta.k8s.io");
        var warnings = new List<string>();
        var body = await BodyDecoder.ReadAsync(call.Http.Request, "io.k8s.api.policy.v1.Eviction", options.FieldValidation, warnings, call.Cancel);
        BodyIdentity.Check(body, call.Key.Namespace, call.Request.Name);
        body = await call.AdmitAsync(AdmissionAttributes.Create, "eviction", new AdmissionKind("policy", "v1", "Eviction"), body, call.Request.Name, options.DryRun);
        var delete = DeleteOptions.Parse(body["deleteOptions"] as JsonObject, call.Query);
        var context = (options with { DryRun = options.DryRun || delete.DryRun }).ToContext(call.User);
        var command = new EvictPod(call.Key, call.Kind.ApiVersion, context, delete.GracePeriodSeconds, delete.Uid);
        await AnswerAsync(call, await call.Services.Client.SendAsync(command, call.Cancel), warnings);
    }

    private static Task AnswerAsync(ApiCall call, ResourceReply reply, IReadOnlyList<string> warnings)
    {
        if (reply is ResourceRefused refused) throw refused.Status.AsException();
        ObjectResponse.AddWarnings(call.Http, [.. warnings, .. ((ResourceWritten)reply).Warnings]);
        return ResponseWriter.StatusAsync(call.Http, StatusCodes.Status201Created, new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Success",
            ["code"] = StatusCodes.Status201Created,
        });
    }
}
