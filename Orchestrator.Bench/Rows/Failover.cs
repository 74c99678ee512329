using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Orchestrator.Bench.Cluster;
using Orchestrator.Bench.Report;

namespace Orchestrator.Bench.Rows;

/// <summary>
/// How long writes fail or wait when a member of three goes. Every object is written again and again through the one address in front of the members; a sample is the longest time that one
/// object's write took, failed attempts included, around the end of a member. Each member goes in turn, first with kill -9, then in order.
/// </summary>
internal static class Failover
{
    private const int Objects = 150;
    private const int Connections = 6;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AttemptDeadline = TimeSpan.FromSeconds(30);

    public static async Task<IEnumerable<BenchRow>> MeasureAsync(BenchCluster cluster)
    {
        await WithClientsAsync(cluster, clients => Task.WhenAll(Enumerable.Range(0, Objects).Select(async i =>
        {
            using var answer = await clients[i % Connections].PostAsync("/api/v1/namespaces/default/configmaps", Json($$"""{"metadata":{"name":"{{Name(i)}}"} }"""));
            answer.EnsureSuccessStatusCode();
        })));
        var (killed, stopped, calm) = (new Samples(), new Samples(), new Samples());
        await OutageAsync(cluster, calm, () => Task.CompletedTask);
        foreach (var (samples, signal) in new[] { (killed, "-9"), (stopped, "-15") })
            foreach (var id in cluster.Members.Select(m => m.Id).ToList())
            {
                await OutageAsync(cluster, samples, () => EndAsync(cluster.Members.Single(m => m.Id == id).Pid, signal));
                await cluster.EnsureMembersAsync();
            }
        const string Floor = "the same while no member goes";
        return
        [
            new BenchRow("write outage, a member killed (kill -9), p50", killed.Percentile(50), calm.Percentile(50), "ms", Floor),
            new BenchRow("write outage, a member killed (kill -9), p99", killed.Percentile(99), calm.Percentile(99), "ms", Floor, Budget.AtMostValue(5000, "ms")),
            new BenchRow("write outage, a member killed (kill -9), max", killed.Percentile(100), calm.Percentile(100), "ms", Floor),
            new BenchRow("write outage, a member stopped, p50", stopped.Percentile(50), calm.Percentile(50), "ms", Floor),
            new BenchRow("write outage, a member stopped, p99", stopped.Percentile(99), calm.Percentile(99), "ms", Floor, Budget.AtMostValue(300, "ms")),
            new BenchRow("write outage, a member stopped, max", stopped.Percentile(100), calm.Percentile(100), "ms", Floor),
        ];
    }

    /// <summary>Ends a process and returns when it has ended.</summary>
    private static async Task EndAsync(int pid, string signal)
    {
        using var process = Process.GetProcessById(pid);
        using var kill = Process.Start("kill", [signal, pid.ToString(CultureInfo.InvariantCulture)]);
        await process.WaitForExitAsync();
    }

    private static Task OutageAsync(BenchCluster cluster, Samples samples, Func<Task> happening) => WithClientsAsync(cluster, async clients =>
    {
        var time = TimeProvider.System;
        var (counting, over) = (false, false);
        var writers = Enumerable.Range(0, Objects).Select(i => Task.Run(async () =>
        {
            var longest = TimeSpan.Zero;
            await Task.Delay(Pause * i / Objects, time); // spread, as clients are
            while (true)
            {
                var last = Volatile.Read(ref over); // one write that began afterwards has to succeed
                var start = time.GetTimestamp();
                while (!await WriteAsync(clients[i % Connections], i)) await Task.Delay(TimeSpan.FromMilliseconds(10), time);
                var took = time.GetElapsedTime(start);
                if (Volatile.Read(ref counting) && took > longest) longest = took;
                if (last) break;
                await Task.Delay(Pause, time);
            }
            samples.Add(longest);
        })).ToList();
        await Task.Delay(WarmUp, time);
        Volatile.Write(ref counting, true);
        await happening();
        await Task.Delay(Calm, time);
        Volatile.Write(ref over, true);
        await Task.WhenAll(writers);
    });

    private static async Task WithClientsAsync(BenchCluster cluster, Func<IReadOnlyList<HttpClient>, Task> use)
    {
        var clients = Enumerable.Range(0, Connections).Select(_ => cluster.NewClient()).ToList();
        foreach (var client in clients) client.Timeout = AttemptDeadline;
        await use(clients);
        foreach (var client in clients) client.Dispose();
    }

    private static async Task<bool> WriteAsync(HttpClient client, int number)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"/api/v1/namespaces/default/configmaps/{Name(number)}")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new StringContent($$"""{"data":{"at":"{{Stopwatch.GetTimestamp()}}"} }""", Encoding.UTF8, "application/merge-patch+json"),
        };
        try
        {
            using var answer = await client.SendAsync(request);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return false; // the member that had the request, or the connection, has gone
        }
    }

    private static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"failover-{number}");

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
}
