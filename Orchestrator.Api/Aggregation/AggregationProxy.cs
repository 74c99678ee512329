using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Orchestrator.Api.Outbound;
using Orchestrator.Api.Proxying;
using Orchestrator.Api.Security;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Aggregation;

/// <summary>
/// Passes requests on to aggregated API servers (kube-aggregator's proxy handler). They know this server by its front-proxy certificate, and believe it who the user is.
/// </summary>
internal sealed class AggregationProxy(OutboundClients clients, ClusterPki pki, CancellationToken stopping)
{
    /// <summary>Passes one authorised request on. Throws 503 where the server is not there.</summary>
    public async Task HandleAsync(HttpContext context, UserInfo user, AggregatedApi api)
    {
        if (!api.IsAvailable) throw ApiStatus.ServiceUnavailable("service unavailable").AsException();
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), At(api, context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget));
        Passage.Copy(context, request, "X-Remote-");
        Identify(request, user);
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", context.Connection.RemoteIpAddress?.ToString());
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        try
        {
            using var response = await SendAsync(api, request, stop.Token);
            Passage.Copy(response, context.Response);
            await context.Response.StartAsync(stop.Token);
            await using var body = await response.Content.ReadAsStreamAsync(stop.Token);
            await Passage.CopyAsync(body, context.Response, stop.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // A watch ends where this server does.
        }
    }

    /// <summary>Asks an aggregated server itself, as this server. Throws <see cref="IOException"/> where it does not answer with success.</summary>
    public async Task<byte[]> GetAsync(AggregatedApi api, string path, string accept, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, At(api, path));
        Identify(request, new UserInfo("system:kube-aggregator", [UserInfo.Masters, UserInfo.Authenticated]));
        request.Headers.TryAddWithoutValidation("Accept", accept);
        try
        {
            using var response = await SendAsync(api, request, cancel);
            if (!response.IsSuccessStatusCode) throw new IOException($"bad status from {request.RequestUri}: {(int)response.StatusCode}");
            return await response.Content.ReadAsByteArrayAsync(cancel);
        }
        catch (StatusException refusal)
        {
            throw new IOException(refusal.Status.Message);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(AggregatedApi api, HttpRequestMessage request, CancellationToken cancel)
    {
        try
        {
            return await clients.For(api.Server, api.Insecure, pki.FrontProxyClient).SendAsync(request, cancel);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw ApiStatus.ServiceUnavailable($"error trying to reach service: {e.InnerException?.Message ?? e.Message}").AsException();
        }
    }

    private static Uri At(AggregatedApi api, string target) =>
        new($"https://{api.Server.Url.Authority}{target}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });

    private static void Identify(HttpRequestMessage request, UserInfo user)
    {
        request.Version = HttpVersion.Version11;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        request.Headers.TryAddWithoutValidation("X-Remote-User", user.Name);
        if (user.Groups.Count > 0) request.Headers.TryAddWithoutValidation("X-Remote-Group", HeaderLines.Join(user.Groups));
        if (user.Uid.Length > 0) request.Headers.TryAddWithoutValidation("X-Remote-Uid", user.Uid);
        foreach (var (key, values) in user.Extra) request.Headers.TryAddWithoutValidation($"X-Remote-Extra-{Uri.EscapeDataString(key.ToLowerInvariant())}", HeaderLines.Join(values));
    }
}
