using System.Net.WebSockets;
using Orchestrator.Api.Admission;
using Orchestrator.Api.Hosting;
using Orchestrator.Api.Spdy;
using Orchestrator.Api.Streaming;
using Orchestrator.Protocol.Streams;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Subresources;

/// <summary>
/// <c>pods/portforward</c>: SPDY streams, directly or inside a WebSocket's binary messages (kubectl from 1.31 on); or the channels of a WebSocket, for ports that the query names.
/// </summary>
internal static class PortForwardEndpoint
{
    private const string Protocol = "portforward.k8s.io";
    private const string Tunnelled = $"SPDY/3.1+{Protocol}";

    /// <summary>Forwards connections until the client closes.</summary>
    public static async Task HandleAsync(ApiCall call)
    {
        var pod = call.Existing().ToJsonObject();
        var node = PodStreamRequests.NodeOf(pod, call.Request.Name);
        var uid = PodStreamRequests.Uid(pod);
        if ((string?)pod["status"]?["phase"] != "Running")
            throw ApiStatus.BadRequest($"unable to forward port because pod is not running. Current status={(string?)pod["status"]?["phase"]}").AsException();

        await call.ConnectAsync("PodPortForwardOptions");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(call.Cancel, call.Services.Stopping);
        var target = $"pod {call.Request.Name}, uid {uid}";
        if (WebSocketUpgrade.IsRequested(call.Http) && !WebSocketUpgrade.Offered(call.Http.Request).Contains(Tunnelled))
        {
            await ChannelsAsync(call, target, ConnectAsync, stop.Token);
            return;
        }
        await using var transport = await AcceptAsync(call);
        using var connection = new SpdyConnection(transport);
        var session = new PortForwardSession(connection, target, ConnectAsync, call.Services.Time);
        try
        {
            await session.RunAsync(stop.Token);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // The client has gone, and with it all that it forwarded.
        }

        Task<INodeStream> ConnectAsync(int port, CancellationToken cancel) => call.Services.Streams.OpenAsync(node, new PortRequest(call.Key, uid, port), cancel);
    }

    private static async Task<Stream> AcceptAsync(ApiCall call)
    {
        if (!WebSocketUpgrade.IsRequested(call.Http)) return await SpdyUpgrade.AcceptAsync(call.Http, SpdyUpgrade.Negotiate(call.Http, [Protocol]));
        return WebSocketStream.Create(await WebSocketUpgrade.AcceptAsync(call.Http, Tunnelled), WebSocketMessageType.Binary, WebSocketUpgrade.CloseWait);
    }

    private static async Task ChannelsAsync(ApiCall call, string target, Func<int, CancellationToken, Task<INodeStream>> connect, CancellationToken cancel)
    {
        var ports = PortForwardSocket.Ports(call.Query["ports"]);
        var offered = WebSocketUpgrade.Offered(call.Http.Request);
        var protocol = PortForwardSocket.Protocols.FirstOrDefault(p => offered.Count == 0 ? p.Name.Length == 0 : offered.Contains(p.Name))
            ?? throw new ApiStatus(403, "Forbidden", $"unable to upgrade: the server accepts [{Tunnelled}, {string.Join(", ", PortForwardSocket.Protocols.Select(p => p.Name).Where(n => n.Length > 0))}] over WebSockets").AsException();
        using var socket = await WebSocketUpgrade.AcceptAsync(call.Http, protocol.Name);
        using var forward = new PortForwardSocket(socket, protocol, ports, target, connect);
        try
        {
            await forward.RunAsync(cancel);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // The client has gone, and with it all that it forwarded.
        }
    }
}
