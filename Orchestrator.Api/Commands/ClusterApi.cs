using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Api.Security;

namespace Orchestrator.Api.Commands;

/// <summary>A running cluster's API, as the user of a kubeconfig. Every failure is a <see cref="CommandFailure"/>.</summary>
internal sealed class ClusterApi : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);

    private readonly KubeconfigFile _config;
    private readonly HttpClient _http;

    private ClusterApi(KubeconfigFile config)
    {
        _config = config;
        _http = new HttpClient(new SocketsHttpHandler { SslOptions = ClusterTls.Trusting(config.Authority, config.Client), ConnectTimeout = Deadline }) { BaseAddress = config.Server, Timeout = Timeout.InfiniteTimeSpan };
        if (config.Token is { } token) _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>Where it is.</summary>
    public Uri Server => _config.Server;

    /// <summary>Whose cluster it is.</summary>
    public X509Certificate2 Authority => _config.Authority;

    /// <summary>The cluster of a directory, as its administrator.</summary>
    public static ClusterApi Of(ClusterDirectory directory) =>
        File.Exists(directory.Kubeconfig) ? Of(directory.Kubeconfig) : throw new CommandFailure($"there is no cluster in {directory.Path}; 'orchestrator up' starts one.");

    /// <summary>The cluster of a kubeconfig's current context.</summary>
    public static ClusterApi Of(string kubeconfig) => new(KubeconfigFile.Read(kubeconfig));

    /// <summary>One request; the answer is an object.</summary>
    public async Task<JsonObject> SendAsync(HttpMethod method, string path, JsonObject? body, CancellationToken cancel)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, deadline.Token);
        using var request = new HttpRequestMessage(method, path);
        if (body is not null) request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        return await AskAsync(request, HttpCompletionOption.ResponseContentRead, async response => JsonNode.Parse(await response.Content.ReadAsStringAsync(either.Token)) as JsonObject ?? [], cancel, either.Token);
    }

    /// <summary>Copies what is at a path, however long that takes.</summary>
    public async Task DownloadAsync(string path, Stream to, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        await AskAsync(request, HttpCompletionOption.ResponseHeadersRead, async response =>
        {
            await response.Content.CopyToAsync(to, cancel);
            return true;
        }, cancel, cancel);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        _config.Dispose();
    }

    private async Task<T> AskAsync<T>(HttpRequestMessage request, HttpCompletionOption completion, Func<HttpResponseMessage, Task<T>> read, CancellationToken cancel, CancellationToken limit)
    {
        try
        {
            using var response = await _http.SendAsync(request, completion, limit);
            if (response.IsSuccessStatusCode) return await read(response);
            throw new CommandFailure($"{await MessageAsync(response, limit)}.");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new CommandFailure($"the cluster at {Server.Authority} does not answer within {Deadline.TotalSeconds:0} s.");
        }
        catch (HttpRequestException e)
        {
            throw new CommandFailure($"the cluster at {Server.Authority} does not answer ({e.InnerException?.Message ?? e.Message}); 'orchestrator up' starts it.");
        }
        catch (IOException e)
        {
            throw new CommandFailure($"the connection with the cluster at {Server.Authority} broke off ({e.Message}).");
        }
    }

    private static async Task<string> MessageAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        var text = await response.Content.ReadAsStringAsync(cancel);
        try
        {
            if ((string?)(JsonNode.Parse(text) as JsonObject)?["message"] is { Length: > 0 } message) return message;
        }
        catch (JsonException)
        {
            // Not every answer of a proxy in between is a Status.
        }
        return $"the API answers {(int)response.StatusCode}: {text.Trim()}";
    }
}
