using System.Text;
using System.Text.Json;
using Orchestrator.Bench.Cluster;
using Orchestrator.Bench.Report;

namespace Orchestrator.Bench.Rows;

/// <summary>From the answer to a write to the watcher's line, and the same for the last of 200 watchers.</summary>
internal static class Watches
{
    private const int Watchers = 200;
    private const int Changes = 100;

    public static async Task<IEnumerable<BenchRow>> MeasureAsync(BenchCluster cluster)
    {
        var one = await RunAsync(cluster, 1);
        var many = await RunAsync(cluster, Watchers);
        return
        [
            new BenchRow("watch latency p50, 1 watcher", one.Latency.Percentile(50), one.Write.Percentile(50), "ms", "the write's own round trip"),
            new BenchRow("watch latency p99, 1 watcher", one.Latency.Percentile(99), one.Write.Percentile(99), "ms", "the write's own round trip"),
            new BenchRow($"watch, last of {Watchers} watchers, p50", many.Latency.Percentile(50), many.Write.Percentile(50), "ms", "the write's own round trip"),
        ];
    }

    /// <summary>Latency: from before the write until every watcher has read the change's line.</summary>
    private static async Task<(Samples Latency, Samples Write)> RunAsync(BenchCluster cluster, int watchers)
    {
        var time = TimeProvider.System;
        using var client = cluster.NewClient();
        var name = $"watched-{watchers}";
        await SendAsync(client, HttpMethod.Post, "/api/v1/namespaces/default/configmaps", $$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{name}}"} }""", "application/json");
        using var stop = new CancellationTokenSource();
        var seen = new SemaphoreSlim(0);
        var readers = new List<Task>();
        for (var i = 0; i < watchers; i++)
        {
            var response = await client.GetAsync($"/api/v1/namespaces/default/configmaps?watch=true&fieldSelector=metadata.name%3D{name}", HttpCompletionOption.ResponseHeadersRead);
            response.EnsureSuccessStatusCode();
            readers.Add(ReadAsync(await response.Content.ReadAsStreamAsync(), seen, stop.Token));
        }
        for (var i = 0; i < watchers; i++) await seen.WaitAsync(); // the initial ADDED
        var (latency, write) = (new Samples(), new Samples());
        for (var change = 0; change < Changes; change++)
        {
            var start = time.GetTimestamp();
            await SendAsync(client, HttpMethod.Patch, $"/api/v1/namespaces/default/configmaps/{name}", $$"""{"data":{"n":"{{change}}"} }""", "application/merge-patch+json");
            write.Add(time.GetElapsedTime(start));
            for (var i = 0; i < watchers; i++) await seen.WaitAsync();
            latency.Add(time.GetElapsedTime(start));
        }
        await stop.CancelAsync();
        await Task.WhenAll(readers);
        return (latency, write);
    }

    private static async Task ReadAsync(Stream stream, SemaphoreSlim seen, CancellationToken cancel)
    {
        using var reader = new StreamReader(stream);
        try
        {
            while (await reader.ReadLineAsync(cancel) is { } line)
                if (line.StartsWith("{\"type\":\"ADDED\"", StringComparison.Ordinal) || line.StartsWith("{\"type\":\"MODIFIED\"", StringComparison.Ordinal)) seen.Release();
                else throw new JsonException($"unexpected watch line {line}");
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The measurement is over.
        }
    }

    private static async Task SendAsync(HttpClient client, HttpMethod method, string path, string body, string type)
    {
        using var request = new HttpRequestMessage(method, path) { Content = new StringContent(body, Encoding.UTF8, type) };
        using var response = await client.SendAsync(request);
        response.EnsureSuccessStatusCode();
    }
}
