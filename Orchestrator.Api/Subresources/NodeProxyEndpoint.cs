using System.Globalization;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Orchestrator.Api.Admission;
using Orchestrator.Api.Hosting;
using Orchestrator.Api.Proxying;
using Orchestrator.Protocol.Streams;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Subresources;

/// <summary><c>nodes/proxy</c>: passes an HTTP request on to the node's agent, which answers it as a kubelet's server would.</summary>
internal static class NodeProxyEndpoint
{
    // /api/v1/nodes/{name}/proxy
    private const int PrefixSegments = 5;
    private const int KubeletPort = 10250;

    /// <summary>Serves one request. Throws 400 for a name that is none, 404 for a node that there is not, 503 for one that cannot be reached.</summary>
    public static async Task HandleAsync(ApiCall call)
    {
        var (http, method) = (call.Http, call.Http.Request.Method);
        var (prefix, path, query) = ProxyEndpoint.Split(http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget, PrefixSegments);
        if (path.Length == 0 && (HttpMethods.IsGet(method) || HttpMethods.IsHead(method)))
        {
            http.Response.StatusCode = StatusCodes.Status301MovedPermanently;
            http.Response.Headers.Location = $"{prefix}/{query}";
            return;
        }
        var node = Resolve(call);
        await call.ConnectAsync("NodeProxyOptions");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(call.Cancel, call.Services.Stopping);
        await using var stream = await OpenAsync(call, node, new KubeletRequest(method, path.Length == 0 ? "/" : path, query.TrimStart('?')), stop.Token);
        var head = await HeadAsync(stream, stop.Token);
        http.Response.StatusCode = head.Code;
        foreach (var (name, value) in head.Headers) http.Response.Headers[name] = value;
        if (head.Headers.TryGetValue("Location", out var location)) http.Response.Headers.Location = new LinkRewriter(prefix, http.Request.Host.Value ?? "").Url(location);
        if (HttpMethods.IsHead(method)) return;
        // A log that is followed may be silent for long; the client is told at once that it is open.
        await http.Response.StartAsync(stop.Token);
        try
        {
            await foreach (var frame in stream.Input.ReadAllAsync(stop.Token)) await http.Response.BodyWriter.WriteAsync(frame.Data, stop.Token);
        }
        catch (IOException)
        {
            // The node is gone in the middle of its answer: all that can be told is that this is not the end of it.
            http.Abort();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The client has gone or the server stops: nobody is left to tell.
        }
    }

    /// <summary>The node's name. Another port than the agent's there is nobody to reach at: agents dial out, and nothing else of the node is connected.</summary>
    private static string Resolve(ApiCall call)
    {
        var id = ProxyName.Parse(call.Request.Name) ?? throw ApiStatus.BadRequest($"invalid node request \"{call.Request.Name}\"").AsException();
        var node = (call.Cache.Get(call.Kind.Key("", id.Name)) ?? throw ApiStatus.NotFound("nodes", id.Name).AsException()).ToJsonObject();
        var port = (int?)node["status"]?["daemonEndpoints"]?["kubeletEndpoint"]?["Port"] is > 0 and var published ? published : KubeletPort;
        if (id.Port.Length > 0 && id.Port != port.ToString(CultureInfo.InvariantCulture)) throw Unreachable($"node {id.Name} is connected by its agent's port {port} only, not by {id.Port}");
        return id.Name;
    }

    private static async Task<INodeStream> OpenAsync(ApiCall call, string node, KubeletRequest request, CancellationToken cancel)
    {
        try
        {
            return await call.Services.Streams.OpenAsync(node, request, cancel);
        }
        catch (StatusException away)
        {
            throw Unreachable(away.Status.Message);
        }
    }

    private static async Task<KubeletAnswer> HeadAsync(INodeStream stream, CancellationToken cancel)
    {
        try
        {
            return KubeletAnswer.FromFrame(await stream.Input.ReadAsync(cancel));
        }
        catch (Exception broken) when (broken is IOException or StatusException or ChannelClosedException)
        {
            throw Unreachable(((broken as ChannelClosedException)?.InnerException ?? broken).Message);
        }
    }

    private static StatusException Unreachable(string why) => ApiStatus.ServiceUnavailable($"error trying to reach service: {why}").AsException();
}
