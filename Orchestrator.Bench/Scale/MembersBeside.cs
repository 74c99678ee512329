using System.Globalization;
using System.Text;
using System.Text.Json;
using Orchestrator.Bench.Cluster;
using Orchestrator.Bench.Report;

namespace Orchestrator.Bench.Scale;

/// <summary>
/// <c>bench scale --members 3</c>: the same simulated nodes and pods on several members with a PostgreSQL server, and beside them on one process with SQLite. Both are the published product in
/// processes of their own, looked at from outside: a watch counts the pods that are Running.
/// </summary>
internal sealed class MembersBeside(ScaleOptions options, BenchTable table)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    public async Task RunAsync()
    {
        var single = await MeasureAsync(1);
        var several = await MeasureAsync(options.Members);
        const string Floor = "one process on SQLite";
        table.Add(new BenchRow($"{options.Members} members: {options.Pods:N0} pods on {options.Nodes:N0} nodes from create to Running", several.PodsPerSecond, single.PodsPerSecond, "pods/s", Floor));
        table.Add(new BenchRow($"{options.Members} members: the machine's processor time per pod", several.Processor, single.Processor, "µs", Floor));
    }

    private async Task<(double PodsPerSecond, double Processor)> MeasureAsync(int members)
    {
        await using var cluster = await BenchCluster.StartSimulatedAsync(options.Nodes, members);
        using var client = cluster.NewClient();
        // What is measured afterwards runs compiled code, as far as a tenth of the pods brings it.
        await FillAsync(client, "warm", options.Pods / 10, 1);
        var (start, processor) = (TimeProvider.System.GetTimestamp(), MachineProcessor());
        await FillAsync(client, "app", options.Pods, options.Deployments);
        return (options.Pods / TimeProvider.System.GetElapsedTime(start).TotalSeconds, (MachineProcessor() - processor).TotalMicroseconds / options.Pods);
    }

    private static async Task FillAsync(HttpClient client, string prefix, int pods, int deployments)
    {
        using var timeout = new CancellationTokenSource(Patience);
        using var watch = await client.GetAsync($"/api/v1/namespaces/default/pods?watch=1", HttpCompletionOption.ResponseHeadersRead, timeout.Token);
        watch.EnsureSuccessStatusCode();
        for (var i = 0; i < deployments; i++)
        {
            using var content = new StringContent(ScaleWorkload.Deployment($"{prefix}-{i}", ScaleWorkload.Replicas(pods, deployments, i)), Encoding.UTF8, "application/json");
            using var answer = await client.PostAsync("/apis/apps/v1/namespaces/default/deployments", content, timeout.Token);
            answer.EnsureSuccessStatusCode();
        }
        var running = new HashSet<string>(StringComparer.Ordinal);
        using var lines = new StreamReader(await watch.Content.ReadAsStreamAsync(timeout.Token));
        while (running.Count < pods)
        {
            var line = await lines.ReadLineAsync(timeout.Token) ?? throw new InvalidOperationException($"the watch ended with {running.Count} of {pods} pods Running");
            using var document = JsonDocument.Parse(line);
            var pod = document.RootElement.GetProperty("object");
            var name = pod.GetProperty("metadata").GetProperty("name").GetString()!;
            if (name.StartsWith(prefix, StringComparison.Ordinal) && pod.TryGetProperty("status", out var status) && status.TryGetProperty("phase", out var phase) && phase.ValueEquals("Running")) running.Add(name);
        }
    }

    /// <summary>What the whole machine has used, this process aside; nothing else should run on it.</summary>
    private static TimeSpan MachineProcessor()
    {
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(f => long.Parse(f, CultureInfo.InvariantCulture)).ToArray();
        // user, nice, system, idle, iowait, irq, softirq: ticks of 10 ms
        var busy = fields[0] + fields[1] + fields[2] + fields[5] + fields[6];
        return TimeSpan.FromMilliseconds(busy * 10) - Environment.CpuUsage.TotalTime;
    }
}
