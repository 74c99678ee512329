using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Spdy;

/// <summary>Turns an HTTP/1.1 request into a SPDY connection (apimachinery's httpstream handshake).</summary>
internal static class SpdyUpgrade
{
    private const string Spdy = "SPDY/3.1";
    private const string Version = "X-Stream-Protocol-Version";
    private const string Accepted = "X-Accepted-Stream-Protocol-Versions";

    /// <summary>
    /// The first protocol of the client's that is among <paramref name="supported"/>. Throws 400 for a request that does not ask for SPDY or names no protocol, 403 where
    /// none is supported.
    /// </summary>
    public static string Negotiate(HttpContext context, IReadOnlyList<string> supported)
    {
        var request = context.Request;
        if (!request.Headers.Upgrade.ToString().Contains(Spdy, StringComparison.OrdinalIgnoreCase) || context.Features.Get<IHttpUpgradeFeature>()?.IsUpgradableRequest != true)
            throw ApiStatus.BadRequest("unable to upgrade: missing upgrade headers in request").AsException();
        IReadOnlyList<string> offered = [.. request.Headers[Version].SelectMany(v => (v ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];
        if (offered.Count == 0) throw ApiStatus.BadRequest($"unable to upgrade: {Version} is required").AsException();
        if (offered.FirstOrDefault(supported.Contains) is { } protocol) return protocol;
        context.Response.Headers[Accepted] = supported.ToArray();
        throw new ApiStatus(403, "Forbidden",
            $"unable to upgrade: unable to negotiate protocol: client supports [{string.Join(' ', offered)}], server accepts [{string.Join(' ', supported)}]").AsException();
    }

    /// <summary>Answers 101 and returns the connection's bytes.</summary>
    public static async Task<Stream> AcceptAsync(HttpContext context, string protocol)
    {
        var response = context.Response.Headers;
        response.Connection = "Upgrade";
        response.Upgrade = Spdy;
        response[Version] = protocol;
        var upgrade = context.Features.Get<IHttpUpgradeFeature>() ?? throw ApiStatus.BadRequest("this connection cannot be upgraded").AsException();
        return await upgrade.UpgradeAsync();
    }
}
