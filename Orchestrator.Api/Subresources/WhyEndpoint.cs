using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Orchestrator.Actors.Scheduling;
using Orchestrator.Api.Hosting;
using Orchestrator.Engine.Actor;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Subresources;

/// <summary>
/// <c>pods/NAME/why</c>: why a pod is where it is, or nowhere, node by node, as the scheduler sees the cluster now. Ours, so discovery does not name it; RBAC knows it as
/// <c>get pods/why</c>.
/// </summary>
internal static class WhyEndpoint
{
    /// <summary>The subresource's name.</summary>
    public const string Name = "why";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    /// <summary>Answers with a <see cref="PlacementReport"/> as JSON. Throws 404 for a missing pod, 409 for one that no profile here places, 504 where the scheduler does not answer.</summary>
    public static async Task HandleAsync(ApiCall call)
    {
        if (call.Request.Verb != "get") throw ApiStatus.MethodNotSupported(call.Kind.GroupResource, call.Request.Verb).AsException();
        _ = call.Existing();
        var report = await AskAsync(call)
            ?? throw ApiStatus.Conflict(call.Kind.GroupResource, call.Request.Name, "its schedulerName is none of this cluster's profiles, so another scheduler knows").AsException();
        await call.Http.Response.WriteAsJsonAsync(report, JsonSerializerOptions.Web, call.Cancel);
    }

    private static async Task<PlacementReport?> AskAsync(ApiCall call)
    {
        try
        {
            return (await call.Services.Client.Services.Scheduler.Ask<PodExplained>(new ExplainPod(call.Key), Deadline, call.Cancel)).Report;
        }
        catch (AskTimeoutException)
        {
            throw new ApiStatus(504, "Timeout", "the scheduler did not answer in time").AsException();
        }
    }
}
