using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace Orchestrator.Tests.Nemesis;

/// <summary>Clients that create, patch, delete and read a few objects through any member, and watchers that follow them from member to member; everything they are told is recorded.</summary>
public sealed class NemesisWorkload(NemesisCluster cluster, History history, int seed) : IAsyncDisposable
{
    private const string Path = "/api/v1/namespaces/default/configmaps";
    private const string Selector = "?labelSelector=nemesis%3Dyes";
    private const int Objects = 12;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _stopWatching = new();
    private readonly List<Task> _clients = [];
    private readonly List<Task> _watchers = [];
    private long _values;

    public async Task StartAsync(int clients, int watchers)
    {
        for (var i = 0; i < watchers; i++)
        {
            var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var first = i;
            _watchers.Add(Task.Run(() => WatchAsync(first, ready)));
            await ready.Task;
        }
        for (var i = 0; i < clients; i++)
        {
            var random = new Random(seed * 1000 + i);
            _clients.Add(Task.Run(() => CallAsync(random)));
        }
    }

    /// <summary>Ends the clients, waits until every watcher has seen everything, and ends them.</summary>
    public async Task StopAsync(TimeSpan deadline)
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_clients);
        using var client = cluster.NewClient(Patience);
        var list = (await client.GetFromJsonAsync<JsonObject>(new Uri(cluster.Apis[0], Path + Selector)))!;
        var last = list["items"]!.AsArray().Select(Version).Concat(history.Calls.Where(c => c.Operation != Operation.Get).Select(c => c.Version)).Max();
        var started = TimeProvider.System.GetTimestamp();
        while (history.Watches.Any(w => LastOf(w) < last))
        {
            if (TimeProvider.System.GetElapsedTime(started) > deadline)
                throw new InvalidOperationException($"watchers are at {string.Join(", ", history.Watches.Select(LastOf))} and never reach {last}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
        await _stopWatching.CancelAsync();
        await Task.WhenAll(_watchers);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _stopWatching.CancelAsync();
        await Task.WhenAll([.. _clients, .. _watchers]);
        _stop.Dispose();
        _stopWatching.Dispose();
    }

    private static long LastOf(Watched watch)
    {
        lock (watch) return watch.Events.Count == 0 ? watch.From : watch.Events[^1].Version;
    }

    private async Task CallAsync(Random random)
    {
        using var client = cluster.NewClient(Patience);
        while (!_stop.IsCancellationRequested)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"n-{random.Next(Objects)}");
            var value = string.Create(CultureInfo.InvariantCulture, $"v{Interlocked.Increment(ref _values)}");
            var operation = random.Next(10) switch { < 3 => Operation.Create, < 6 => Operation.Patch, < 7 => Operation.Delete, _ => Operation.Get };
            history.Calls.Enqueue(await CallAsync(client, cluster.Apis[random.Next(cluster.Apis.Count)], operation, name, value));
        }
    }

    private static async Task<Call> CallAsync(HttpClient client, Uri api, Operation operation, string name, string value)
    {
        var began = TimeProvider.System.GetTimestamp();
        var (outcome, version, read) = (Outcome.Unknown, 0L, value);
        try
        {
            using var request = Request(api, operation, name, value);
            using var answer = await client.SendAsync(request);
            var body = await answer.Content.ReadAsStringAsync();
            if (answer.IsSuccessStatusCode)
            {
                var obj = JsonNode.Parse(body)!.AsObject();
                (outcome, version) = (Outcome.Done, Version(obj));
                read = operation == Operation.Delete ? "" : (string?)obj["data"]?["v"] ?? "";
            }
            else if (answer.StatusCode == (operation == Operation.Create ? HttpStatusCode.Conflict : HttpStatusCode.NotFound))
            {
                outcome = Outcome.Refused;
            }
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or IOException or System.Text.Json.JsonException)
        {
            // It may have happened, or may yet.
        }
        return new Call(operation, name, operation == Operation.Get ? read : value, began, TimeProvider.System.GetTimestamp(), outcome, version);
    }

    private static HttpRequestMessage Request(Uri api, Operation operation, string name, string value)
    {
        var one = new Uri(api, $"{Path}/{name}");
        return operation switch
        {
            Operation.Create => new(HttpMethod.Post, new Uri(api, Path))
            {
                Content = Json($$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{name}}","labels":{"nemesis":"yes"} },"data":{"v":"{{value}}"} }""", "application/json"),
            },
            Operation.Patch => new(HttpMethod.Patch, one) { Content = Json($$"""{"data":{"v":"{{value}}"} }""", "application/merge-patch+json") },
            Operation.Delete => new(HttpMethod.Delete, one),
            _ => new(HttpMethod.Get, one),
        };
    }

    private static StringContent Json(string text, string type) => new(text, Encoding.UTF8, type);

    private async Task WatchAsync(int first, TaskCompletionSource ready)
    {
        // The watch itself may be silent for long; connecting may not take long.
        using var client = cluster.NewClient(Timeout.InfiniteTimeSpan);
        var member = first;
        Watched? watch = null;
        while (!_stopWatching.IsCancellationRequested)
        {
            var api = cluster.Apis[member++ % cluster.Apis.Count];
            try
            {
                watch ??= await ListAsync(client, api, ready);
                await FollowAsync(client, api, watch);
                watch.Reconnects++;
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException or IOException or System.Text.Json.JsonException)
            {
                if (watch is not null) watch.Reconnects++;
            }
        }
    }

    private async Task<Watched> ListAsync(HttpClient client, Uri api, TaskCompletionSource ready)
    {
        using var limit = Limit();
        var list = (await client.GetFromJsonAsync<JsonObject>(new Uri(api, Path + Selector), limit.Token))!;
        var watch = new Watched(Version(list), list["items"]!.AsArray().ToDictionary(i => (string)i!["metadata"]!["name"]!, i => Event("ADDED", i!.AsObject())));
        lock (history.Watches) history.Watches.Add(watch);
        ready.TrySetResult();
        return watch;
    }

    private async Task FollowAsync(HttpClient client, Uri api, Watched watch)
    {
        // A watch ends by itself now and then, so that moving to another member is tried also where nothing fails.
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(api, $"{Path}{Selector}&watch=1&timeoutSeconds=7&resourceVersion={LastOf(watch).ToString(CultureInfo.InvariantCulture)}"));
        using var limit = Limit();
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        if (!answer.IsSuccessStatusCode) throw new HttpRequestException($"{api} answers a watch with {answer.StatusCode}: {await answer.Content.ReadAsStringAsync(limit.Token)}");
        using var whole = CancellationTokenSource.CreateLinkedTokenSource(_stopWatching.Token);
        whole.CancelAfter(TimeSpan.FromSeconds(12)); // a member that is stopped or cut off says nothing at all
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(whole.Token));
        while (await reader.ReadLineAsync(whole.Token) is { } line)
        {
            var frame = JsonNode.Parse(line)!.AsObject();
            var type = (string)frame["type"]!;
            if (type is "ADDED" or "MODIFIED" or "DELETED")
                lock (watch) watch.Events.Add(Event(type, frame["object"]!.AsObject()));
            else if (type == "ERROR")
                throw new InvalidOperationException($"a watch was refused: {line}");
        }
    }

    private CancellationTokenSource Limit()
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(_stopWatching.Token);
        limit.CancelAfter(Patience);
        return limit;
    }

    private static Seen Event(string type, JsonObject obj) => new(Version(obj), type, (string)obj["metadata"]!["name"]!, (string?)obj["data"]?["v"] ?? "");

    /// <summary>0 where the answer has none: a Status, which is what an immediate deletion is answered with.</summary>
    private static long Version(JsonNode? obj) => (string?)obj!["metadata"]?["resourceVersion"] is { Length: > 0 } version ? long.Parse(version, CultureInfo.InvariantCulture) : 0;
}
