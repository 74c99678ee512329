using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Orchestrator.Api.Admission;
using Orchestrator.Api.Hosting;
using Orchestrator.Api.Requests;
using Orchestrator.Api.Spdy;
using Orchestrator.Api.Streaming;
using Orchestrator.Protocol.Streams;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Subresources;

/// <summary><c>pods/log</c>, <c>pods/exec</c> and <c>pods/attach</c>: bridges between a client and a stream to the pod's node.</summary>
internal static class PodStreamEndpoints
{
    /// <summary>Log bytes as they come; followed logs are flushed piece by piece.</summary>
    public static async Task LogAsync(ApiCall call)
    {
        if (call.Request.Verb != "get") throw ApiStatus.MethodNotSupported("pods/log", call.Request.Verb).AsException();
        var pod = call.Existing().ToJsonObject();
        var request = PodStreamRequests.Log(call.Key, pod, call.Query, call.Services.Time.GetUtcNow());
        var response = call.Http.Response;
        // A pod that is not placed yet has written nothing.
        if ((string?)pod["spec"]?["nodeName"] is not { Length: > 0 } node)
        {
            response.ContentType = "text/plain";
            response.ContentLength = 0;
            return;
        }
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(call.Cancel, call.Services.Stopping);
        await using var stream = await call.Services.Streams.OpenAsync(node, request, stop.Token);
        if (WebSocketUpgrade.IsRequested(call.Http))
        {
            await LogSocket.RunAsync(call.Http, stream, stop.Token);
            return;
        }
        response.ContentType = "text/plain";
        // The first line may be long in coming; the client is told at once that the log is open.
        if (request.Follow) await response.StartAsync(stop.Token);
        try
        {
            await foreach (var frame in stream.Input.ReadAllAsync(stop.Token))
            {
                await response.BodyWriter.WriteAsync(frame.Data, stop.Token);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The client has gone or the server stops: nobody is left to tell.
        }
    }

    /// <summary>exec and attach, over a WebSocket or SPDY.</summary>
    public static async Task CommandAsync(ApiCall call)
    {
        var pod = call.Existing().ToJsonObject();
        var node = PodStreamRequests.NodeOf(pod, call.Request.Name);
        NodeStreamRequest request = call.Request.Subresource == "exec" ? PodStreamRequests.Exec(call.Key, pod, call.Query) : PodStreamRequests.Attach(call.Key, pod, call.Query);
        await call.ConnectAsync(call.Request.Subresource == "exec" ? "PodExecOptions" : "PodAttachOptions");
        var streams = CommandStreams.Of(request);
        Func<Task<IClientChannels>> accept;
        if (WebSocketUpgrade.IsRequested(call.Http))
        {
            var name = WebSocketUpgrade.Choose(call.Http.Request, [.. ChannelProtocol.All.Select(p => p.Name).Where(n => n.Length > 0)])
                ?? throw new ApiStatus(403, "Forbidden", "unable to upgrade: none of the offered subprotocols is supported").AsException();
            var first = streams.Stdout ? StreamFrame.Stdout : streams.Stderr ? StreamFrame.Stderr : StreamFrame.Error;
            accept = async () => new WebSocketChannels(await WebSocketUpgrade.AcceptAsync(call.Http, name), ChannelProtocol.All.First(p => p.Name == name), first);
        }
        else
        {
            var protocol = SpdyUpgrade.Negotiate(call.Http, SpdyChannels.Protocols);
            accept = async () => new SpdyChannels(await SpdyUpgrade.AcceptAsync(call.Http, protocol), protocol, streams, call.Services.Time);
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(call.Cancel, call.Services.Stopping);
        // The node is asked first: its refusal is then a Status, not a broken connection.
        await using var stream = await call.Services.Streams.OpenAsync(node, request, stop.Token);
        await using var channels = await accept();
        try
        {
            await new CommandSession(channels, stream).RunAsync(stop.Token);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // The client has gone; disposing the stream tells the node.
        }
    }
}
