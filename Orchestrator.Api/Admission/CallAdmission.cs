using System.Text.Json.Nodes;
using Orchestrator.Actors.Admission;
using Orchestrator.Actors.Resources;
using Orchestrator.Api.Hosting;
using Orchestrator.Api.Requests;
using Orchestrator.Api.Responses;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources.Admission;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Api.Admission;

/// <summary>How an endpoint writes: the short way, or past webhooks and policies where any may be concerned.</summary>
internal static class CallAdmission
{
    /// <summary>Sends a command that changes or deletes an object. What webhooks warn about goes into the response's headers.</summary>
    public static async Task<ResourceReply> SendAsync(this ApiCall call, ResourceCommand command)
    {
        if (!AdmittedWrites.Needs(call.Services.Client.Services, command))
        {
            var reply = await call.Services.Client.SendAsync(command, call.Cancel);
            // The object's version has changed on the way: it takes a webhook now.
            if (reply is not ResourceRefused { Status.Reason: StoreDecided.Outdated }) return reply;
        }
        return await WarningAsync(call, warnings => AdmittedWrites.SendAsync(call.Services.Client, command, call.User.ToJson(), warnings, call.Cancel));
    }

    /// <summary>Creates an object of the called kind, which belongs to the command afterwards.</summary>
    public static Task<ResourceReply> CreateAsync(this ApiCall call, string ns, JsonObject obj, WriteContext context)
    {
        var services = call.Services.Client.Services;
        return AdmittedWrites.Needs(services, call.Kind, obj)
            ? WarningAsync(call, warnings => AdmittedWrites.CreateAsync(call.Services.Client, call.Kind, ns, obj, context, call.User.ToJson(), warnings, call.Cancel))
            : call.Services.Client.SendAsync(ResourceWriter.PrepareCreate(services, call.Kind, ns, obj, context), call.Cancel);
    }

    /// <summary>
    /// Admits what a subresource of the called object takes, which is no change of the object itself: Binding, Eviction, TokenRequest, PodExecOptions. The object is the same one, or
    /// what webhooks have made of it. Throws the refusal.
    /// </summary>
    public static ValueTask<JsonObject> AdmitAsync(this ApiCall call, string operation, string subresource, AdmissionKind kind, JsonObject obj, string name, bool dryRun = false)
    {
        var admission = call.Services.Client.Services.Admission;
        if (!admission.Concerns(operation, call.Kind, subresource)) return ValueTask.FromResult(obj);
        return new ValueTask<JsonObject>(WarningAsync(call, async warnings =>
        {
            var request = new AdmissionAttributes
            {
                Operation = operation,
                Resource = call.Kind,
                Subresource = subresource,
                Kind = kind,
                Name = name,
                Namespace = call.Request.Namespace,
                Object = obj,
                Options = operation == AdmissionAttributes.Create ? new JsonObject { ["kind"] = "CreateOptions", ["apiVersion"] = "meta.k8s.io/v1" } : null,
                DryRun = dryRun,
                UserInfo = call.User.ToJson(),
            };
            await admission.MutateAsync(request, warnings, call.Cancel);
            await admission.ValidateAsync(request, warnings, call.Cancel);
            return request.Object!;
        }));
    }

    /// <summary>Admits a connection: its options as the query has them.</summary>
    public static async ValueTask ConnectAsync(this ApiCall call, string optionsKind)
    {
        if (!call.Services.Client.Services.Admission.Concerns(AdmissionAttributes.Connect, call.Kind, call.Request.Subresource)) return;
        var options = new JsonObject { ["kind"] = optionsKind, ["apiVersion"] = "v1" };
        foreach (var (name, values) in call.Query)
            options[name] = name switch
            {
                "command" or "ports" => new JsonArray([.. values.Select(v => (JsonNode?)v)]),
                "stdin" or "stdout" or "stderr" or "tty" => call.Query.Flag(name),
                _ => call.Query.Text(name),
            };
        await call.AdmitAsync(AdmissionAttributes.Connect, call.Request.Subresource, new AdmissionKind("", "v1", optionsKind), options, call.Request.Name);
    }

    private static async Task<T> WarningAsync<T>(ApiCall call, Func<List<string>, Task<T>> write)
    {
        var warnings = new List<string>();
        try
        {
            return await write(warnings);
        }
        finally
        {
            if (!call.Http.Response.HasStarted) ObjectResponse.AddWarnings(call.Http, warnings);
        }
    }
}
