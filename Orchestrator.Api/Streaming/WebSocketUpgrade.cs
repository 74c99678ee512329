using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Streaming;

/// <summary>Accepts WebSocket connections (RFC 6455) without a middleware in every request's way.</summary>
internal static class WebSocketUpgrade
{
    /// <summary>How long a client has to answer the server's close with its own before the connection is cut.</summary>
    public static readonly TimeSpan CloseWait = TimeSpan.FromSeconds(2);

    private const string Guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    /// <summary>Whether the request asks for a WebSocket.</summary>
    public static bool IsRequested(HttpContext context) =>
        context.Request.Headers.Upgrade.ToString().Equals("websocket", StringComparison.OrdinalIgnoreCase)
        && context.Features.Get<IHttpUpgradeFeature>()?.IsUpgradableRequest == true;

    /// <summary>The subprotocols offered, in order.</summary>
    public static IReadOnlyList<string> Offered(HttpRequest request) =>
        [.. request.Headers.SecWebSocketProtocol.SelectMany(h => (h ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];

    /// <summary>The first of <paramref name="supported"/> that the client offers; empty where it offers none at all; null where none of its offers is supported.</summary>
    public static string? Choose(HttpRequest request, params ReadOnlySpan<string> supported)
    {
        var offered = Offered(request);
        if (offered.Count == 0) return "";
        foreach (var protocol in supported)
            if (offered.Contains(protocol)) return protocol;
        return null;
    }

    /// <summary>Answers 101 and returns the socket. Throws 400 for a handshake that is none.</summary>
    public static async Task<WebSocket> AcceptAsync(HttpContext context, string protocol)
    {
        var headers = context.Request.Headers;
        var key = headers["Sec-WebSocket-Key"].ToString();
        if (headers.SecWebSocketVersion != "13" || key.Length == 0) throw ApiStatus.BadRequest("the WebSocket handshake needs version 13 and a key").AsException();
        var response = context.Response.Headers;
        response.Connection = "Upgrade";
        response.Upgrade = "websocket";
        // RFC 6455 fixes SHA-1 here; it protects nothing.
        response["Sec-WebSocket-Accept"] = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + Guid)));
        if (protocol.Length > 0) response.SecWebSocketProtocol = protocol;
        var upgrade = context.Features.Get<IHttpUpgradeFeature>() ?? throw ApiStatus.BadRequest("this connection cannot be upgraded").AsException();
        var stream = await upgrade.UpgradeAsync();
        return WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = TimeSpan.FromSeconds(30) });
    }
}
