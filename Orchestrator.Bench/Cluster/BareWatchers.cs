using Microsoft.AspNetCore.Http;

namespace Orchestrator.Bench.Cluster;

/// <summary>The floor of a watch's fan-out: open responses, each of which is sent the same bytes.</summary>
internal sealed class BareWatchers
{
    private readonly List<HttpResponse> _open = [];

    /// <summary>Keeps the response open until the client goes.</summary>
    public async Task StayAsync(HttpContext context)
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var _ = context.RequestAborted.Register(gone.SetResult);
        context.Response.ContentType = "application/json";
        await context.Response.StartAsync();
        lock (_open) _open.Add(context.Response);
        await context.Response.BodyWriter.FlushAsync();
        await gone.Task;
        lock (_open) _open.Remove(context.Response);
    }

    /// <summary>Sends the bytes to all.</summary>
    public async Task PublishAsync(byte[] frame)
    {
        HttpResponse[] open;
        lock (_open) open = [.. _open];
        foreach (var response in open) await response.BodyWriter.WriteAsync(frame);
    }
}
