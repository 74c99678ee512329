using System.Net.Http.Headers;
using System.Text;
using Orchestrator.Bench.Cluster;
using Orchestrator.Bench.Report;

namespace Orchestrator.Bench.Rows;

/// <summary>
/// Server-side applies per second over HTTPS, each a change of one field of a Deployment that its client owns; beside bare Kestrel that takes and sends as many bytes and commits them
/// in a raw SQLite group commit.
/// </summary>
internal static class ApplyPatches
{
    private const int Clients = 16;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(6); // much code, which the compiler is long at
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(6);

    public static async Task<IEnumerable<BenchRow>> MeasureAsync(BenchCluster cluster)
    {
        using var client = cluster.NewClient();
        await using var bare = await BareKestrel.StartAsync([]);
        using var bareClient = cluster.NewClient(bare.Server);
        long next = 0;
        // Paused and without replicas: its control loop has nothing to do.
        string Deployment(int owner, long n) =>
            $$"""{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"applied-{{owner}}","labels":{"n":"{{n}}"} },"spec":{"replicas":0,"paused":true,"selector":{"matchLabels":{"app":"applied"} },"template":{"metadata":{"labels":{"app":"applied"} },"spec":{"containers":[{"name":"main","image":"busybox","command":["sleep","3600"],"env":[{"name":"A","value":"b"}],"resources":{"requests":{"cpu":"10m","memory":"16Mi"} } }]} } } }""";
        Task ApplyAsync(HttpClient to, int owner) => PatchAsync(to, $"/apis/apps/v1/namespaces/default/deployments/applied-{owner}?fieldManager=bench", Deployment(owner, Interlocked.Increment(ref next)));
        var (floor, value) = await Throughput.CompareAsync(Clients, WarmUp, Duration, owner => ApplyAsync(bareClient, owner), owner => ApplyAsync(client, owner));
        return [new BenchRow($"apply patches, {Clients} clients", value, floor, "/s", "bare Kestrel and a raw SQLite group commit")];
    }

    private static async Task PatchAsync(HttpClient client, string path, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, path) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/apply-patch+yaml");
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        await (await response.Content.ReadAsStreamAsync()).CopyToAsync(Stream.Null);
    }
}
