using System.Text;
using Orchestrator.Bench.Cluster;
using Orchestrator.Bench.Report;

namespace Orchestrator.Bench.Rows;

/// <summary>GET of a pod and LIST of 1,000 pods over HTTPS, beside bare Kestrel that sends the same bytes.</summary>
internal static class Reads
{
    private const int Pods = 1000;
    private const int Clients = 8;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(4);

    /// <summary>Stores 1,000 pods that no scheduler takes.</summary>
    public static async Task StorePodsAsync(HttpClient client)
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, Pods), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, cancel) =>
        {
            var pod = $$"""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"stored-{{i}}","labels":{"app":"stored"} },"spec":{"schedulerName":"nobody","containers":[{"name":"main","image":"busybox","resources":{"requests":{"cpu":"10m","memory":"16Mi"} } }]} }""";
            using var response = await client.PostAsync("/api/v1/namespaces/default/pods", new StringContent(pod, Encoding.UTF8, "application/json"), cancel);
            response.EnsureSuccessStatusCode();
        });
    }

    public static async Task<IEnumerable<BenchRow>> MeasureAsync(BenchCluster cluster)
    {
        using var client = cluster.NewClient();
        return
        [
            await RowAsync(cluster, client, "GET one pod", "/api/v1/namespaces/default/pods/stored-7", Budget.RatioAtLeast(0.5)),
            await RowAsync(cluster, client, "LIST 1,000 pods", "/api/v1/namespaces/default/pods?labelSelector=app%3Dstored", Budget.RatioAtLeast(0.7)),
        ];
    }

    private static async Task<BenchRow> RowAsync(BenchCluster cluster, HttpClient client, string name, string path, Budget budget)
    {
        var body = await client.GetByteArrayAsync(path);
        await using var bare = await BareKestrel.StartAsync(body);
        using var bareClient = cluster.NewClient();
        bareClient.BaseAddress = bare.Server;
        var floor = await RateAsync(bareClient, path);
        var value = await RateAsync(client, path);
        return new BenchRow(name, value, floor, "/s", "bare Kestrel sending the same bytes", budget);
    }

    private static Task<double> RateAsync(HttpClient client, string path) => Throughput.MeasureAsync(Clients, WarmUp, Duration, async _ =>
    {
        using var response = await client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        await (await response.Content.ReadAsStreamAsync()).CopyToAsync(Stream.Null);
    });
}
