using System.Text;
using Orchestrator.Bench.Cluster;
using Orchestrator.Bench.Report;

namespace Orchestrator.Bench.Rows;

/// <summary>GET of a pod and LIST of 1,000 and 10,000 pods over HTTPS, beside bare Kestrel that sends the same bytes.</summary>
internal static class Reads
{
    private const int Few = 1000;
    private const int Many = 10_000;
    private const int Clients = 8;
    // Until the product's code, of which there is more than the floor's, has been compiled for good; a shorter one measures the compiler.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(12);

    /// <summary>Stores 1,000 pods that no scheduler takes.</summary>
    public static Task StorePodsAsync(HttpClient client) => StorePodsAsync(client, 0, Few);

    public static async Task<IEnumerable<BenchRow>> MeasureAsync(BenchCluster cluster)
    {
        using var client = cluster.NewClient();
        var rows = new List<BenchRow>
        {
            await RowAsync(cluster, client, "GET one pod", "/api/v1/namespaces/default/pods/stored-7", Budget.RatioAtLeast(0.8)),
            await RowAsync(cluster, client, "LIST 1,000 pods", "/api/v1/namespaces/default/pods?labelSelector=app%3Dstored", Budget.RatioAtLeast(0.7)),
        };
        await StorePodsAsync(client, Few, Many - Few);
        rows.Add(await RowAsync(cluster, client, "LIST 10,000 pods", "/api/v1/namespaces/default/pods?labelSelector=app%3Dstored", Budget.RatioAtLeast(0.8)));
        return rows;
    }

    private static async Task StorePodsAsync(HttpClient client, int first, int count)
    {
        await Parallel.ForEachAsync(Enumerable.Range(first, count), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, cancel) =>
        {
            var pod = $$"""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"stored-{{i}}","labels":{"app":"stored"} },"spec":{"schedulerName":"nobody","containers":[{"name":"main","image":"busybox","resources":{"requests":{"cpu":"10m","memory":"16Mi"} } }]} }""";
            using var response = await client.PostAsync("/api/v1/namespaces/default/pods", new StringContent(pod, Encoding.UTF8, "application/json"), cancel);
            response.EnsureSuccessStatusCode();
        });
    }

    private static async Task<BenchRow> RowAsync(BenchCluster cluster, HttpClient client, string name, string path, Budget budget)
    {
        var body = await client.GetByteArrayAsync(path);
        await using var bare = await BareKestrel.StartAsync(body);
        using var bareClient = cluster.NewClient(bare.Server);
        var (floor, value) = await Throughput.CompareAsync(Clients, WarmUp, Duration, _ => GetAsync(bareClient, path), _ => GetAsync(client, path));
        return new BenchRow(name, value, floor, "/s", "bare Kestrel sending the same bytes", budget);
    }

    private static async Task GetAsync(HttpClient client, string path)
    {
        using var response = await client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        await (await response.Content.ReadAsStreamAsync()).CopyToAsync(Stream.Null);
    }
}
