using Microsoft.AspNetCore.Http;
using Orchestrator.Actors.Caching;
using Orchestrator.Api.Hosting;
using Orchestrator.Api.Lists;
using Orchestrator.Api.Negotiation;
using Orchestrator.Api.Requests;
using Orchestrator.Api.Responses;
using Orchestrator.Api.Streaming;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Watching;

/// <summary>
/// watch: follows a resource's chain of changes. There is no queue per watcher: a slow client is only a position in the chain, and one that
/// takes nothing for <see cref="WriteDeadline"/> is cut so that it cannot hold the chain in memory.
/// </summary>
internal static class WatchEndpoint
{
    private static readonly TimeSpan WriteDeadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BookmarkInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(30);

    /// <summary>Serves a watch until its time is over, the client goes or the server stops.</summary>
    public static async Task RunAsync(ApiCall call)
    {
        var form = call.ChooseForm();
        // Messages of a WebSocket are text here.
        if (form.Encoding == Encoding.Protobuf && WebSocketUpgrade.IsRequested(call.Http)) form = form with { Encoding = Encoding.Json };
        if (form.Encoding == Encoding.Yaml) throw new ApiStatus(406, "NotAcceptable", "only the following media types are accepted: application/json, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch").AsException();
        var options = ListOptions.Parse(call.Query, call.Kind, watch: true);
        var events = new WatchEvents(call.Kind, call.Request.Namespace, options, form, TableWriter.ParseInclude(call.Query.Text("includeObject")), call.Services.Time);
        // As upstream: spread over twice the minimum, so that clients that came together do not come again together.
        var timeout = options.Timeout ?? DefaultTimeout * (1 + Random.Shared.NextDouble());
        using var ended = new CancellationTokenSource(timeout, call.Services.Time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(call.Cancel, call.Services.Stopping, ended.Token);
        if (WebSocketUpgrade.IsRequested(call.Http))
        {
            using var socket = await WebSocketUpgrade.AcceptAsync(call.Http, "");
            await OneWaySocket.RunAsync(socket, over => ServeAsync(call, options, events, new WebSocketWatchSink(socket), over), stop.Token);
            return;
        }
        call.Http.Response.ContentType = form.Encoding == Encoding.Protobuf ? $"{form.ContentType};stream=watch" : form.ContentType;
        call.Http.Response.Headers.CacheControl = "no-cache, private";
        await call.Http.Response.StartAsync(call.Cancel);
        await ServeAsync(call, options, events, new PipeWatchSink(call.Http.Response.BodyWriter), stop.Token);
    }

    private static async Task ServeAsync(ApiCall call, ListOptions options, WatchEvents events, IWatchSink sink, CancellationToken stop)
    {
        using var deadline = new WriteDeadlineSource(call.Services.Time, WriteDeadline, stop);
        try
        {
            await FollowAsync(call, options, events, sink, deadline, stop);
        }
        catch (StatusException refusal)
        {
            // The response has begun: errors are events, as upstream sends them.
            await sink.WriteAsync(events.Error(refusal.Status), stop);
            await sink.FlushAsync(stop);
        }
        catch (OperationCanceledException) when (deadline.Exceeded)
        {
            call.Http.Abort();
        }
        catch (OperationCanceledException)
        {
            // Time over, client gone or server stopping: the response simply ends.
        }
    }

    private static async Task FollowAsync(ApiCall call, ListOptions options, WatchEvents events, IWatchSink sink, WriteDeadlineSource deadline, CancellationToken stop)
    {
        var resource = call.Kind.StoredAs;
        // Without a version, and with the special 0, a watch begins with the present objects; sendInitialEvents overrides that either way.
        var initial = options.SendInitialEvents ?? options.ResourceVersion == 0;
        var start = options.ResourceVersion;
        if (initial || start == 0)
        {
            await ReadBarrier.WaitAsync(call.Services, options.HasResourceVersion ? options.ResourceVersion == 0 ? Freshness.Any : Freshness.NotOlderThan : Freshness.MostRecent, start, stop);
            var (entries, version) = call.Cache.Snapshot(resource);
            start = version;
            foreach (var entry in entries)
                if (entry.ResourceVersion > start) start = entry.ResourceVersion;
            if (initial) await SendInitialAsync(call, options, events, sink, deadline, entries, start);
        }
        var served = new ServedKind(call);
        var watch = call.Cache.Watch(resource, start);
        var bookmarked = start;
        var nextBookmark = call.Services.Time.GetUtcNow() + BookmarkInterval;
        await deadline.RunAsync(sink.FlushAsync);
        while (true)
        {
            var wrote = false;
            // Asked first: what comes before the end of the kind is still sent.
            var gone = served.IsGone;
            while (watch.TryNext(out var change))
            {
                if (change.ResourceVersion <= start || events.Of(await change.AsAsync(call.Kind, call.Converter, stop)) is not { } frame) continue;
                await deadline.RunAsync(token => sink.WriteAsync(frame, token));
                wrote = true;
            }
            if (options.AllowWatchBookmarks && call.Services.Time.GetUtcNow() >= nextBookmark)
            {
                nextBookmark = call.Services.Time.GetUtcNow() + BookmarkInterval;
                if (watch.ResourceVersion > bookmarked)
                {
                    bookmarked = watch.ResourceVersion;
                    await deadline.RunAsync(token => sink.WriteAsync(events.Bookmark(bookmarked, initialEnd: false), token));
                    wrote = true;
                }
            }
            if (wrote) await deadline.RunAsync(sink.FlushAsync);
            if (gone) return;
            await WaitAsync(watch, served, options.AllowWatchBookmarks ? nextBookmark - call.Services.Time.GetUtcNow() : null, call.Services.Time, stop);
        }
    }

    private static async Task SendInitialAsync(ApiCall call, ListOptions options, WatchEvents events, IWatchSink sink, WriteDeadlineSource deadline, SortedEntries entries, long version)
    {
        var scope = call.Request.Namespace.Length == 0 ? entries : entries.InNamespace(call.Request.Namespace);
        foreach (var entry in call.Kind.IsElsewhere() ? await scope.ToList().AsAsync(call.Kind, call.Converter, call.Cancel) : scope.Select(e => e.As(call.Kind)))
        {
            if (!ListPage.Selects(options, entry)) continue;
            var frame = events.Initial(entry);
            await deadline.RunAsync(token => sink.WriteAsync(frame, token));
        }
        if (options is { SendInitialEvents: true, AllowWatchBookmarks: true })
            await deadline.RunAsync(token => sink.WriteAsync(events.Bookmark(version, initialEnd: true), token));
    }

    private static Task WaitAsync(ResourceWatch watch, ServedKind served, TimeSpan? atMost, TimeProvider time, CancellationToken stop)
    {
        var moved = served.OrChangedAsync(watch.WaitAsync(stop), stop);
        return atMost is { } limit ? AtMostAsync(moved, limit, time, stop) : moved;
    }

    private static async Task AtMostAsync(Task moved, TimeSpan limit, TimeProvider time, CancellationToken stop)
    {
        if (limit <= TimeSpan.Zero) return;
        try
        {
            await moved.WaitAsync(limit, time, stop);
        }
        catch (TimeoutException)
        {
            // A bookmark is due.
        }
    }
}
