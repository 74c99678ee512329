using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Orchestrator.Api.Commands;
using Orchestrator.Api.Security;

namespace Orchestrator.Api.LocalCluster;

/// <summary>Waits for nodes through the API, as a process that has no control plane of its own does.</summary>
internal sealed class NodesReady(Uri api, ClusterPki pki, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    /// <summary>Returns when all of them are Ready. Throws <see cref="CommandFailure"/> where they are not in time.</summary>
    public async Task WaitAsync(IReadOnlyList<string> nodes, CancellationToken cancel)
    {
        using var client = new HttpClient(new SocketsHttpHandler { SslOptions = ClusterTls.Trusting(pki.Authority.Certificate, pki.Admin) }) { Timeout = TimeSpan.FromSeconds(5) };
        var waiting = nodes.ToHashSet();
        var started = time.GetTimestamp();
        while (true)
        {
            foreach (var node in nodes)
                if (waiting.Contains(node) && await IsReadyAsync(client, node, cancel)) waiting.Remove(node);
            if (waiting.Count == 0) return;
            if (time.GetElapsedTime(started) > Patience)
                throw new CommandFailure($"node {string.Join(", ", waiting)} is not ready after {Patience.TotalSeconds:0} s; 'kubectl describe node' tells more.");
            await Task.Delay(Look, time, cancel);
        }
    }

    private async Task<bool> IsReadyAsync(HttpClient client, string node, CancellationToken cancel)
    {
        try
        {
            using var answer = await client.GetAsync(new Uri(api, $"/api/v1/nodes/{node}"), cancel);
            if (answer.StatusCode != HttpStatusCode.OK) return false;
            var found = await answer.Content.ReadFromJsonAsync<JsonObject>(cancel);
            return found?["status"]?["conditions"]?.AsArray().Any(c => (string?)c!["type"] == "Ready" && (string?)c["status"] == "True") == true;
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return false;
        }
    }
}
