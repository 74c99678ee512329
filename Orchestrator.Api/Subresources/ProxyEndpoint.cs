using System.IO.Compression;
using System.Net;
using System.Net.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Orchestrator.Api.Admission;
using Orchestrator.Api.Hosting;
using Orchestrator.Api.Proxying;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Subresources;

/// <summary><c>pods/proxy</c> and <c>services/proxy</c>: passes an HTTP request on to a pod through its node, links and redirects in the answer adjusted.</summary>
internal static class ProxyEndpoint
{
    private const int MaxRewrittenPage = 8 * 1024 * 1024;

    // /api/v1/namespaces/{namespace}/{pods|services}/{name}/proxy
    private const int PrefixSegments = 7;

    /// <summary>Proxies one request.</summary>
    public static async Task HandleAsync(ApiCall call)
    {
        var (prefix, path, query) = Split(call.Http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);
        if (path.Length == 0)
        {
            // Relative links of the page would lose their last segment.
            call.Http.Response.StatusCode = StatusCodes.Status301MovedPermanently;
            call.Http.Response.Headers.Location = $"{prefix}/{query}";
            return;
        }
        var target = ProxyTarget.Resolve(call);
        await call.ConnectAsync($"{call.Kind.Kind}ProxyOptions");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(call.Cancel, call.Services.Stopping);
        using var client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            // A pod's certificate is its own affair, as upstream has it; what is behind the tunnel is the pod named in the URL.
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true },
            ConnectCallback = async (_, cancel) => new NodeConnectionStream(await call.Services.Streams.OpenAsync(target.Node, target.Connection, stop.Token)),
        });
        using var request = Request(call.Http, target, path + query, prefix + path);
        using var response = await SendAsync(client, request, stop.Token);
        await AnswerAsync(call.Http, response, new LinkRewriter(prefix, call.Http.Request.Host.Value ?? ""), stop.Token);
    }

    /// <summary>Cuts a request target into the proxy's own path, what is asked of what is behind it (empty or with its leading slash), and the query with its question mark.</summary>
    internal static (string Prefix, string Path, string Query) Split(string target, int prefixSegments = PrefixSegments)
    {
        var mark = target.IndexOf('?');
        var (path, query) = mark < 0 ? (target, "") : (target[..mark], target[mark..]);
        var end = 0;
        for (var segment = 0; segment < prefixSegments && end >= 0; segment++) end = path.IndexOf('/', end + 1);
        return end < 0 ? (path, "", query) : (path[..end], path[end..], query);
    }

    private static HttpRequestMessage Request(HttpContext context, ProxyTarget target, string pathAndQuery, string forwarded)
    {
        var incoming = context.Request;
        var authority = $"{target.Connection.Pod.Name}:{target.Connection.Port}";
        var request = new HttpRequestMessage(new HttpMethod(incoming.Method), new Uri($"{(target.Tls ? "https" : "http")}://{authority}{pathAndQuery}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }))
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        Passage.Copy(context, request);
        request.Headers.Host = incoming.Host.Value;
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", context.Connection.RemoteIpAddress?.ToString());
        request.Headers.Remove("X-Forwarded-Uri");
        request.Headers.TryAddWithoutValidation("X-Forwarded-Uri", forwarded);
        return request;
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpMessageInvoker client, HttpRequestMessage request, CancellationToken cancel)
    {
        try
        {
            return await client.SendAsync(request, cancel);
        }
        catch (HttpRequestException e)
        {
            var why = (e.InnerException as StatusException)?.Status.Message ?? e.Message;
            throw ApiStatus.ServiceUnavailable($"error trying to reach service: {why}").AsException();
        }
    }

    private static async Task AnswerAsync(HttpContext context, HttpResponseMessage response, LinkRewriter links, CancellationToken cancel)
    {
        var answer = context.Response;
        Passage.Copy(response, answer);
        var redirect = answer.Headers.Location.ToString();
        if (redirect.Length > 0) answer.Headers.Location = links.Url(redirect);
        await using var body = await response.Content.ReadAsStreamAsync(cancel);
        if (redirect.Length == 0 && IsPage(response) && !HttpMethods.IsHead(context.Request.Method))
        {
            await PageAsync(answer, body, response.Content.Headers.ContentEncoding.Contains("gzip"), links, cancel);
            return;
        }
        await Passage.CopyAsync(body, answer, cancel);
    }

    private static bool IsPage(HttpResponseMessage response) =>
        response.Content.Headers.ContentType?.MediaType == "text/html"
        && response.Content.Headers.ContentLength is null or <= MaxRewrittenPage
        && (response.Content.Headers.ContentEncoding.Count == 0 || response.Content.Headers.ContentEncoding.SequenceEqual(["gzip"]));

    private static async Task PageAsync(HttpResponse answer, Stream body, bool zipped, LinkRewriter links, CancellationToken cancel)
    {
        using var page = new MemoryStream();
        await using (var plain = zipped ? new GZipStream(body, CompressionMode.Decompress) : body)
        {
            var buffer = new byte[32 * 1024];
            while (await plain.ReadAsync(buffer, cancel) is > 0 and var count)
            {
                page.Write(buffer, 0, count);
                if (page.Length > MaxRewrittenPage) throw new ApiStatus(502, "InternalError", $"the page is larger than {MaxRewrittenPage} bytes").AsException();
            }
        }
        var rewritten = links.Page(page.GetBuffer().AsSpan(0, (int)page.Length));
        answer.Headers.Remove("Content-Encoding");
        answer.ContentLength = rewritten.Length;
        await answer.BodyWriter.WriteAsync(rewritten, cancel);
    }
}
