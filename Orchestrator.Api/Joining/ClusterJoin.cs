using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Actors.Certificates;
using Orchestrator.Api.Security;

namespace Orchestrator.Api.Joining;

/// <summary>
/// The first contact of a node with its cluster: the authority's certificate over a connection that is not trusted yet, held against its hash; then everything else over a verified one,
/// with the bootstrap token: what there is to know, and a certificate of the node's own through a CertificateSigningRequest.
/// </summary>
/// <param name="address"><c>HOST:PORT</c> of a member's API.</param>
/// <param name="token">The bootstrap token.</param>
/// <param name="authorityHash"><c>sha256:…</c> of the authority's public key info.</param>
/// <param name="time">The clock.</param>
public sealed class ClusterJoin(string address, string token, string authorityHash, TimeProvider time)
{
    private const string Requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    private static readonly TimeSpan RequestDeadline = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SigningDeadline = TimeSpan.FromSeconds(60);

    /// <summary>Joins as a node and keeps everything in the directory. Throws <see cref="JoinRefusedException"/>.</summary>
    public Task RunAsync(AgentDirectory directory, string nodeName, CancellationToken cancel) => AskAsync(async (http, authority) =>
    {
        var cluster = JoinDocument.Parse(await SendAsync(http, HttpMethod.Get, JoinDocument.Path, null, cancel));
        if (cluster.Endpoints.Count == 0) throw new JoinRefusedException($"{address} does not listen for agents (akka.remote.dot-netty.tcp.port is off).");
        using var request = new NodeCertificateRequest(nodeName);
        var certificate = await RequestCertificateAsync(http, nodeName, request, cancel);
        directory.WriteCluster(nodeName, cluster, authority);
        directory.WriteCertificate(certificate, request.Key).Dispose();
        return true;
    }, cancel);

    /// <summary>What a control-plane member has to know and to have; <paramref name="serverKey"/> opens the keys. Throws <see cref="JoinRefusedException"/>.</summary>
    internal Task<(JoinDocument Cluster, ServerKeys Keys)> FetchServerKeysAsync(string serverKey, CancellationToken cancel) => AskAsync(async (http, authority) =>
    {
        var cluster = JoinDocument.Parse(await SendAsync(http, HttpMethod.Get, JoinDocument.Path, null, cancel));
        var keys = ServerKeys.Open(await SendAsync(http, HttpMethod.Get, ServerKeys.Path, null, content => content.ReadAsByteArrayAsync(cancel), cancel), serverKey, BootstrapToken.Parse(token)?.Id ?? "");
        using var sealedAuthority = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(keys.Files["ca.crt"]));
        if (!sealedAuthority.RawDataMemory.Span.SequenceEqual(authority.RawDataMemory.Span)) throw new JoinRefusedException("the keys that are kept for this token are another cluster's.");
        return (cluster, keys);
    }, cancel);

    /// <summary>Runs with a verified connection, and says in one sentence why there is none.</summary>
    private async Task<T> AskAsync<T>(Func<HttpClient, X509Certificate2, Task<T>> ask, CancellationToken cancel)
    {
        try
        {
            using var authority = await FetchAuthorityAsync(cancel);
            using var http = Client(authority);
            return await ask(http, authority);
        }
        catch (HttpRequestException e)
        {
            throw new JoinRefusedException(e.InnerException is AuthenticationException tls
                ? $"{address} shows a certificate that is not of the cluster's authority or does not name it: {tls.Message}"
                : $"{address} cannot be reached: {e.InnerException?.Message ?? e.Message}.", e);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new JoinRefusedException($"{address} does not answer.", e);
        }
        catch (FormatException e)
        {
            throw new JoinRefusedException($"{address} does not answer as a cluster of this version: {e.Message}.", e);
        }
    }

    private async Task<X509Certificate2> FetchAuthorityAsync(CancellationToken cancel)
    {
        // Nothing is known yet that could verify the connection: what comes over it is public, and worth nothing until its hash is right.
        using var http = new HttpClient(new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, _, _, _) => true } })
        {
            BaseAddress = new Uri($"https://{address}"),
            Timeout = RequestDeadline,
        };
        var answer = await http.GetAsync(JoinDocument.AuthorityPath, cancel);
        if (!answer.IsSuccessStatusCode) throw new JoinRefusedException($"{address} tells no certificate authority (HTTP {(int)answer.StatusCode}): it is no member of an Orchestrator cluster.");
        X509Certificate2 authority;
        try
        {
            authority = X509Certificate2.CreateFromPem(await answer.Content.ReadAsStringAsync(cancel));
        }
        catch (CryptographicException e)
        {
            throw new JoinRefusedException($"{address} tells no usable certificate authority: {e.Message}", e);
        }
        var hash = CertificateAuthority.HashOf(authority);
        if (string.Equals(hash, authorityHash, StringComparison.OrdinalIgnoreCase)) return authority;
        authority.Dispose();
        throw new JoinRefusedException($"the certificate authority of {address} has the hash {hash}, not {authorityHash}: this is another cluster, or somebody stands between.");
    }

    private HttpClient Client(X509Certificate2 authority)
    {
        var http = new HttpClient(new SocketsHttpHandler { SslOptions = ClusterTls.Trusting(authority) }) { BaseAddress = new Uri($"https://{address}"), Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return http;
    }

    private async Task<string> RequestCertificateAsync(HttpClient http, string nodeName, NodeCertificateRequest request, CancellationToken cancel)
    {
        var created = await SendAsync(http, HttpMethod.Post, Requests, new JsonObject
        {
            ["apiVersion"] = "certificates.k8s.io/v1",
            ["kind"] = "CertificateSigningRequest",
            ["metadata"] = new JsonObject { ["generateName"] = "node-csr-" },
            ["spec"] = new JsonObject
            {
                ["request"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(request.Pem)),
                ["signerName"] = SignerNames.KubeletClient,
                ["usages"] = new JsonArray("digital signature", "client auth"),
            },
        }, cancel);
        var (name, version) = ((string)created["metadata"]!["name"]!, (string)created["metadata"]!["resourceVersion"]!);
        using var deadline = new CancellationTokenSource(SigningDeadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, deadline.Token);
        try
        {
            using var response = await http.GetAsync($"{Requests}?watch=1&fieldSelector=metadata.name%3D{name}&resourceVersion={version}", HttpCompletionOption.ResponseHeadersRead, either.Token);
            response.EnsureSuccessStatusCode();
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(either.Token));
            while (await reader.ReadLineAsync(either.Token) is { } line)
                if (Certificate(JsonNode.Parse(line)?["object"]?["status"] as JsonObject) is { } pem) return pem;
            throw new JoinRefusedException($"{address} ended the watch of request {name} before it was signed; try again.");
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            throw new JoinRefusedException($"request {name} for node {nodeName} was not signed within {SigningDeadline.TotalSeconds:0} s; 'kubectl describe csr {name}' tells more.");
        }
    }

    private static string? Certificate(JsonObject? status)
    {
        if (status is null) return null;
        foreach (var condition in (status["conditions"] as JsonArray ?? []).OfType<JsonObject>())
        {
            if ((string?)condition["type"] is not ("Denied" or "Failed")) continue;
            var message = (string?)condition["message"];
            throw new JoinRefusedException((string?)condition["reason"] switch
            {
                "NodeNameTaken" => $"{message}: choose another name with --node-name, or stop that agent and wait until its node is not ready.",
                "NodeNameReserved" => $"{message}: choose another name with --node-name. If it was this machine that tried before, try again in a minute.",
                _ => $"the cluster refuses a certificate: {message}",
            });
        }
        return (string?)status["certificate"] is { Length: > 0 } certificate ? Encoding.ASCII.GetString(Convert.FromBase64String(certificate)) : null;
    }

    private Task<JsonObject> SendAsync(HttpClient http, HttpMethod method, string path, JsonObject? body, CancellationToken cancel) => SendAsync(http, method, path, body,
        async content => JsonNode.Parse(await content.ReadAsStringAsync(cancel)) as JsonObject ?? throw new FormatException("the answer is no object"), cancel);

    private async Task<T> SendAsync<T>(HttpClient http, HttpMethod method, string path, JsonObject? body, Func<HttpContent, Task<T>> read, CancellationToken cancel)
    {
        using var deadline = new CancellationTokenSource(RequestDeadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, deadline.Token);
        using var request = new HttpRequestMessage(method, path);
        if (body is not null) request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await http.SendAsync(request, either.Token);
        if (response.IsSuccessStatusCode) return await read(response.Content);
        if (response.StatusCode == HttpStatusCode.Unauthorized) throw new JoinRefusedException("the token is unknown or has expired; 'orchestrator token create' on a member makes another one.");
        var text = (await response.Content.ReadAsStringAsync(either.Token)).Trim();
        if (text.StartsWith('{') && (string?)JsonNode.Parse(text)?["message"] is { } message) throw new JoinRefusedException($"{address} refuses: {message}.");
        if (response.StatusCode == HttpStatusCode.NotFound) throw new JoinRefusedException($"{address} takes nobody: it does not listen for agents and members.");
        throw new JoinRefusedException($"{address} refuses (HTTP {(int)response.StatusCode}): {text}");
    }
}
