using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orchestrator.Actors.Caching;
using Orchestrator.Api.Admission;
using Orchestrator.Api.Hosting;
using Orchestrator.Api.Lists;
using Orchestrator.Api.Requests;
using Orchestrator.Api.Responses;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Api.Verbs;

/// <summary>delete and deletecollection.</summary>
internal static class DeleteEndpoints
{
    private const string OptionsSchema = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";

    // Deletions of one collection in flight at a time: enough to fill a group commit, few enough not to crowd others out.
    private const int InFlight = 32;

    /// <summary>delete.</summary>
    public static async Task DeleteAsync(ApiCall call)
    {
        var form = call.ChooseForm();
        var options = await ReadOptionsAsync(call);
        var reply = await call.SendAsync(CommandFor(call, call.Key, options));
        if (reply is ResourceRefused refused) throw refused.Status.AsException();
        var written = (ResourceWritten)reply;
        if (written.Json is { } remaining)
        {
            await ObjectResponse.WriteAsync(call, form, StatusCodes.Status200OK, remaining);
            return;
        }
        if (ReturnsObject(call.Kind) && written.Deleted is { } last)
        {
            await ObjectResponse.WriteAsync(call, form, StatusCodes.Status200OK, last);
            return;
        }
        await ResponseWriter.StatusAsync(call.Http, StatusCodes.Status200OK, Success(call, written.Deleted));
    }

    /// <summary>deletecollection: answers with the list of what was deleted.</summary>
    public static async Task DeleteCollectionAsync(ApiCall call)
    {
        var form = call.ChooseForm();
        var list = ListOptions.Parse(call.Query, call.Kind, watch: false);
        var options = await ReadOptionsAsync(call);
        var page = await ListPage.ReadAsync(call.Services, call.Kind, call.Request.Namespace, list, call.Cancel);
        var refusals = new List<ApiStatus>();
        await EachAsync(page.Entries, async entry =>
        {
            var reply = await call.SendAsync(CommandFor(call, entry.Key, options with { Uid = options.Uid ?? entry.Uid }));
            if (reply is ResourceRefused { Status: var status } && status.Code != StatusCodes.Status404NotFound)
                lock (refusals) refusals.Add(status);
        });
        if (refusals.Count > 0) throw refusals[0].AsException();
        await ListResponse.WriteAsync(call, form, page);
    }

    private static Task EachAsync(IReadOnlyList<ResourceEntry> entries, Func<ResourceEntry, Task> delete) =>
        Parallel.ForEachAsync(entries, new ParallelOptions { MaxDegreeOfParallelism = InFlight }, async (entry, _) => await delete(entry));

    private static async Task<DeleteOptions> ReadOptionsAsync(ApiCall call) =>
        DeleteOptions.Parse(await BodyDecoder.ReadOptionalAsync(call.Http.Request, OptionsSchema, call.Cancel), call.Query);

    private static DeleteResource CommandFor(ApiCall call, ResourceKey key, DeleteOptions options)
    {
        var manager = WriteOptions.Parse(call.Http.Request, "DeleteOptions.meta.k8s.io");
        var context = (manager with { DryRun = options.DryRun }).ToContext(call.User);
        return new DeleteResource(key, call.Kind.ApiVersion, context, options.GracePeriodSeconds, options.Propagation, options.Uid, options.ResourceVersion);
    }

    // Upstream's registries of these kinds return what they deleted; the others a Status.
    private static bool ReturnsObject(ResourceKind kind) => kind is { Group: "", Kind: "Pod" or "Service" or "ServiceAccount" or "PersistentVolume" or "PersistentVolumeClaim" or "PodTemplate" or "ResourceQuota" };

    private static JsonObject Success(ApiCall call, ReadOnlyMemory<byte>? last)
    {
        var details = new JsonObject { ["name"] = call.Request.Name };
        if (call.Kind.Group.Length > 0) details["group"] = call.Kind.Group;
        details["kind"] = call.Kind.Plural;
        if (last is { } json && JsonNode.Parse(json.Span)?["metadata"]?["uid"] is { } uid) details["uid"] = uid.DeepClone();
        return new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["details"] = details };
    }
}
