using Microsoft.AspNetCore.Http;
using Orchestrator.Engine.Persistence.Sql;

namespace Orchestrator.Api.Backups;

/// <summary>
/// Streams the journal as of one moment, for who may <c>get</c> the non-resource URL: by default the cluster's administrators alone. Secrets are in it as they are in the journal:
/// encrypted, and the keys are never sent.
/// </summary>
internal static class BackupEndpoint
{
    /// <summary>Where the API serves it.</summary>
    public const string Path = "/orchestrator/v1/backup";

    /// <summary>Sends it. What goes wrong after the beginning breaks the response off, and a backup without its end is none.</summary>
    public static async Task HandleAsync(HttpContext context, Func<Stream, CancellationToken, ValueTask<ArchiveSummary>> backup)
    {
        context.Response.ContentType = "application/gzip";
        context.Response.Headers.CacheControl = "no-store";
        if (HttpMethods.IsHead(context.Request.Method)) return;
        await backup(context.Response.Body, context.RequestAborted);
    }
}
