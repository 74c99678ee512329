using Microsoft.AspNetCore.Http;
using Orchestrator.Api.Hosting;
using Orchestrator.Api.Lists;
using Orchestrator.Api.Requests;
using Orchestrator.Api.Responses;

namespace Orchestrator.Api.Verbs;

/// <summary>get and list.</summary>
internal static class ReadEndpoints
{
    /// <summary>One object; with a resourceVersion, at least that fresh.</summary>
    public static Task GetAsync(ApiCall call)
    {
        var form = call.ChooseForm();
        var version = call.Query.Text("resourceVersion");
        var number = ListOptions.ParseVersion(version);
        var freshness = version.Length == 0 ? Freshness.MostRecent : number == 0 ? Freshness.Any : Freshness.NotOlderThan;
        // Nearly every read may be answered at once.
        return ReadBarrier.IsReached(call.Services, freshness, number) ? ObjectResponse.WriteAsync(call, form, StatusCodes.Status200OK, call.Existing().Json) : GetLaterAsync();

        async Task GetLaterAsync()
        {
            await ReadBarrier.WaitAsync(call.Services, freshness, number, call.Cancel);
            await ObjectResponse.WriteAsync(call, form, StatusCodes.Status200OK, call.Existing().Json);
        }
    }

    /// <summary>The objects of a namespace, or of all.</summary>
    public static async Task ListAsync(ApiCall call)
    {
        var form = call.ChooseForm();
        var options = ListOptions.Parse(call.Query, call.Kind, watch: false);
        var page = await ListPage.ReadAsync(call.Services, call.Kind, call.Request.Namespace, options, call.Cancel);
        await ListResponse.WriteAsync(call, form, page);
    }
}
