using System.Diagnostics;
using System.Text;
using Orchestrator.Bench.Cluster;
using Orchestrator.Bench.Report;

namespace Orchestrator.Bench.Rows;

/// <summary>
/// Events to 1,000 watchers, each on a connection of its own, per second of the server's processor time; one change after the other, each when all have seen the one before. The
/// floor is bare Kestrel that sends the bytes of such an event to as many open responses.
/// </summary>
internal static class WatchFanOut
{
    private const int Watchers = 1000;
    // Long enough for the compiler to be done: it works on the server's processor time.
    private const int WarmUp = 100;
    private const int Changes = 100;
    private const string Name = "fanned-out";
    private const string Path = "/api/v1/namespaces/default/configmaps";

    public static async Task<IEnumerable<BenchRow>> MeasureAsync(BenchCluster cluster)
    {
        using var client = cluster.NewClient();
        await SendAsync(client, HttpMethod.Post, Path, $$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{Name}}"},"data":{"text":"{{new string('x', 500)}}"} }""", "application/json");
        var changes = 0;
        var (value, frame) = await EventsPerCoreAsync(client, cluster.ProcessId, $"{Path}?watch=true&fieldSelector=metadata.name%3D{Name}", initial: 1,
            () => SendAsync(client, HttpMethod.Patch, $"{Path}/{Name}", $$"""{"data":{"n":"{{++changes:00000}}"} }""", "application/merge-patch+json"));

        await using var bare = await BareKestrel.StartAsync([]);
        using var bareClient = cluster.NewClient(bare.Server);
        var (floor, _) = await EventsPerCoreAsync(bareClient, bare.ProcessId, BareKestrel.WatchPath, initial: 0,
            () => SendAsync(bareClient, HttpMethod.Post, BareKestrel.WatchPath, frame, "application/json"));
        return [new BenchRow($"watch events, {Watchers:N0} watchers, per core", value, floor, "/s", "bare Kestrel sending the same bytes to as many")];
    }

    /// <summary>Opens the watches, makes changes, and divides what all have seen by the server's processor time. Also gives the newest event as one of them saw it.</summary>
    private static async Task<(double PerSecond, string Frame)> EventsPerCoreAsync(HttpClient client, int server, string path, int initial, Func<Task> change)
    {
        using var stop = new CancellationTokenSource();
        var watchers = new List<Watcher>();
        var readers = new List<Task>();
        for (var i = 0; i < Watchers; i++)
        {
            var response = await client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
            response.EnsureSuccessStatusCode();
            var watcher = new Watcher();
            watchers.Add(watcher);
            readers.Add(watcher.ReadAsync(await response.Content.ReadAsStreamAsync(), stop.Token));
        }
        for (var i = 0; i < initial; i++) await SeenAsync();
        for (var i = 0; i < WarmUp; i++) await StepAsync();
        var before = ProcessorTime(server);
        for (var i = 0; i < Changes; i++) await StepAsync();
        var used = ProcessorTime(server) - before;
        await stop.CancelAsync();
        await Task.WhenAll(readers);
        return (Watchers * Changes / used.TotalSeconds, watchers[0].Newest);

        async Task StepAsync()
        {
            await change();
            await SeenAsync();
        }

        async Task SeenAsync()
        {
            foreach (var watcher in watchers) await watcher.Lines.WaitAsync();
        }
    }

    private static TimeSpan ProcessorTime(int process)
    {
        using var server = Process.GetProcessById(process);
        return server.TotalProcessorTime;
    }

    private static async Task SendAsync(HttpClient client, HttpMethod method, string path, string body, string type)
    {
        using var request = new HttpRequestMessage(method, path) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        request.Content.Headers.ContentType = new(type);
        using var response = await client.SendAsync(request);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>Counts lines.</summary>
    private sealed class Watcher
    {
        public SemaphoreSlim Lines { get; } = new(0);

        public string Newest { get; private set; } = "";

        public async Task ReadAsync(Stream stream, CancellationToken cancel)
        {
            using var reader = new StreamReader(stream);
            try
            {
                while (await reader.ReadLineAsync(cancel) is { } line)
                {
                    Newest = line + "\n";
                    Lines.Release();
                }
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                // The measurement is over.
            }
        }
    }
}
