using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Orchestrator.Api.Proxying;

/// <summary>What a request and its answer keep when they pass through this server to another one.</summary>
internal static class Passage
{
    // Those of one connection (RFC 9110, 7.6.1), and those that speak to this server alone.
    private static readonly HashSet<string> NotPassedOn = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Authorization", "Host",
    };

    /// <summary>Copies a request's body and headers, but those whose names <paramref name="without"/> begin.</summary>
    public static void Copy(HttpContext from, HttpRequestMessage to, params ReadOnlySpan<string> without)
    {
        if (from.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true) to.Content = new StreamContent(from.Request.Body);
        foreach (var (name, values) in from.Request.Headers)
        {
            if (NotPassedOn.Contains(name) || name.StartsWith(':') || name.StartsWith("Impersonate-", StringComparison.OrdinalIgnoreCase) || Begins(name, without)) continue;
            if (!to.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values)) to.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }
    }

    /// <summary>Copies an answer's code and headers.</summary>
    public static void Copy(HttpResponseMessage from, HttpResponse to)
    {
        to.StatusCode = (int)from.StatusCode;
        foreach (var (name, values) in from.Headers.NonValidated.Concat(from.Content.Headers.NonValidated))
            if (!NotPassedOn.Contains(name)) to.Headers[name] = values.ToArray();
    }

    /// <summary>Passes a body on piece by piece, since the other side may stream.</summary>
    public static async Task CopyAsync(Stream body, HttpResponse to, CancellationToken cancel)
    {
        var buffer = new byte[32 * 1024];
        while (await body.ReadAsync(buffer, cancel) is > 0 and var count) await to.BodyWriter.WriteAsync(buffer.AsMemory(0, count), cancel);
    }

    private static bool Begins(string name, ReadOnlySpan<string> prefixes)
    {
        foreach (var prefix in prefixes)
            if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }
}
