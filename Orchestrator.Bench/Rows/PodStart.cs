using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Bench.Cluster;
using Orchestrator.Bench.Report;

namespace Orchestrator.Bench.Rows;

/// <summary>From the POST of a pod until a watcher reads that it is Ready. Floor: creating and starting the same two containers with the Docker API alone.</summary>
internal static class PodStart
{
    private const int Rounds = 30;
    private const string Image = "orchestrator-bench/busybox:1";

    public static async Task<IEnumerable<BenchRow>> MeasureAsync(BenchCluster cluster)
    {
        await ImportAsync();
        var floor = new Samples();
        var product = new Samples();
        await using var docker = new RawDocker();
        using var client = cluster.NewClient();
        // Alternating, so that what else the machine does meets both.
        for (var i = -3; i < Rounds; i++)
        {
            var raw = await docker.RunPairAsync(Image);
            var pod = await RunPodAsync(client, $"bench-{i + 3}");
            if (i < 0) continue; // warm-up
            floor.Add(raw);
            product.Add(pod);
        }
        return
        [
            new BenchRow("pod create→Ready p50", product.Percentile(50), floor.Percentile(50), "ms", "raw Docker calls for the two containers", Budget.RatioAtMost(1.5)),
            new BenchRow("pod create→Ready p99", product.Percentile(99), floor.Percentile(99), "ms", "raw Docker calls for the two containers"),
        ];
    }

    private static async Task<TimeSpan> RunPodAsync(HttpClient client, string name)
    {
        var time = TimeProvider.System;
        using var watch = await client.GetAsync($"/api/v1/namespaces/default/pods?watch=true&fieldSelector=metadata.name%3D{name}", HttpCompletionOption.ResponseHeadersRead);
        watch.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await watch.Content.ReadAsStreamAsync());
        var pod = $$"""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{name}}"},"spec":{"terminationGracePeriodSeconds":0,"automountServiceAccountToken":false,"containers":[{"name":"main","image":"{{Image}}","imagePullPolicy":"IfNotPresent","command":["sleep","3600"]}]} }""";
        var start = time.GetTimestamp();
        using (var created = await client.PostAsync("/api/v1/namespaces/default/pods", new StringContent(pod, Encoding.UTF8, "application/json"))) created.EnsureSuccessStatusCode();
        await WaitAsync(reader, p => (p["object"]?["status"]?["conditions"] as JsonArray ?? []).Any(c => (string?)c!["type"] == "Ready" && (string?)c["status"] == "True"));
        var elapsed = time.GetElapsedTime(start);
        using (var deleted = await client.DeleteAsync($"/api/v1/namespaces/default/pods/{name}?gracePeriodSeconds=1")) deleted.EnsureSuccessStatusCode();
        await WaitAsync(reader, p => (string?)p["type"] == "DELETED");
        return elapsed;
    }

    private static async Task WaitAsync(StreamReader reader, Func<JsonNode, bool> condition)
    {
        while (await reader.ReadLineAsync() is { } line)
            if (condition(JsonNode.Parse(line)!)) return;
        throw new EndOfStreamException("the watch ended");
    }

    private static async Task ImportAsync()
    {
        const string script = "set -e; d=$(mktemp -d); mkdir $d/bin; cp /bin/busybox $d/bin/; ln -s busybox $d/bin/sleep; ln -s busybox $d/bin/sh; tar -C $d -c . | docker import -c 'ENV PATH=/bin' - " + Image + "; rm -rf $d";
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", script]) { RedirectStandardOutput = true })!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException("the benchmark's image could not be imported (is busybox-static installed?)");
    }
}
