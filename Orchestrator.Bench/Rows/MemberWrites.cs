using System.Net;
using System.Text;
using Orchestrator.Bench.Cluster;
using Orchestrator.Bench.Report;

namespace Orchestrator.Bench.Rows;

/// <summary>
/// Creates of API objects per second through three members on one PostgreSQL server, over HTTPS, every client waiting for its commit; beside as many clients on a bare group commit to
/// the same server (<see cref="RawPostgres"/>). Members, server and clients share this machine.
/// </summary>
internal static class MemberWrites
{
    private const int Connections = 6;
    // Three processes that have just started: until their code is compiled for good, the compiler is most of what there would be to measure.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(5);

    public static async Task<IEnumerable<BenchRow>> MeasureAsync(BenchCluster cluster)
    {
        using var database = new RawPostgres(cluster.DatabaseConnection);
        await using var floor = new RawGroupCommit(database.Append);
        var clients = Enumerable.Range(0, Connections).Select(i => Client(cluster, i)).ToList();
        var rows = new List<BenchRow>();
        long next = 0;
        foreach (var count in (IEnumerable<int>)[1, 64])
        {
            var raw = await Throughput.MeasureAsync(count, WarmUp, Duration, _ => floor.WriteAsync(Row(Interlocked.Increment(ref next))));
            var product = await Throughput.MeasureAsync(count, WarmUp, Duration, client => CreateAsync(clients[client % Connections], Interlocked.Increment(ref next)));
            rows.Add(new BenchRow($"creates through three members, {count} client{(count == 1 ? "" : "s")}", product, raw, "/s", "raw PostgreSQL group commit"));
        }
        foreach (var client in clients) client.Dispose();
        return rows;
    }

    /// <summary>Straight to one of the members, in turn.</summary>
    private static HttpClient Client(BenchCluster cluster, int number)
    {
        var client = cluster.NewClient();
        client.BaseAddress = cluster.Members[number % cluster.Members.Count].Address;
        return client;
    }

    private static async Task CreateAsync(HttpClient client, long number)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/namespaces/default/configmaps")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new StringContent(Object(number), Encoding.UTF8, "application/json"),
        };
        using var answer = await client.SendAsync(request);
        answer.EnsureSuccessStatusCode();
    }

    private static RawRow Row(long n) => new($"configmaps/default/w{n}", 1, Encoding.UTF8.GetBytes(Object(n)));

    private static string Object(long n) =>
        $$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"w{{n}}","namespace":"default"},"data":{"key":"{{new string('x', 200)}}"} }""";
}
