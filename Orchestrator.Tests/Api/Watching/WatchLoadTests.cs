using System.Diagnostics;
using System.Globalization;
using System.Net;
using Orchestrator.Resources.Selectors;
using Orchestrator.Tests.Api.Http;
using Shouldly;
using Xunit.Abstractions;

namespace Orchestrator.Tests.Api.Watching;

/// <summary>A thousand watchers of config maps that are written two thousand times a second, as far as the machine can: each sees every change of its own once and in order.</summary>
[Collection("api")]
public sealed class WatchLoadTests(ApiFixture api, ITestOutputHelper output)
{
    private const int Watchers = 1_000;
    private const int Groups = 100;
    private const int Objects = 500;
    private const int Rounds = 8;
    private const int WritesPerSecond = 2_000;

    [Fact]
    public async Task No_event_is_lost_or_doubled_for_a_thousand_watchers()
    {
        using var history = await WatchHistory.BeginAsync(api.Journal, api.NamespaceAsync);
        var path = $"/api/v1/namespaces/{history.Namespace}/configmaps";
        using var client = new HttpClient(new SocketsHttpHandler { SslOptions = api.Tls(api.Pki.Admin), EnableMultipleHttp2Connections = true }) { BaseAddress = api.Address, DefaultRequestVersion = HttpVersion.Version20 };
        var start = long.Parse((await api.GetAsync(path)).Version, CultureInfo.InvariantCulture);

        // Most watch a hundredth each; every hundredth watches everything.
        var watchers = new List<Task<(string Selector, List<SeenEvent> Events)>>();
        for (var i = 0; i < Watchers; i++)
        {
            var selector = i % Groups == 0 ? "load" : $"group=g{i % Groups}";
            var reader = await WatchReader.OpenAsync(client, $"{path}?watch=true&resourceVersion={start}&labelSelector={selector}");
            watchers.Add(Task.Run(() => ReadAsync(reader, selector)));
        }

        var clock = Stopwatch.StartNew();
        var written = 0;
        for (var round = 0; round < Rounds; round++)
            await Parallel.ForEachAsync(Enumerable.Range(0, Objects), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, cancel) =>
            {
                var ahead = TimeSpan.FromSeconds((double)Interlocked.Increment(ref written) / WritesPerSecond) - clock.Elapsed;
                if (ahead > TimeSpan.Zero) await Task.Delay(ahead, TimeProvider.System, cancel);
                var body = $$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"o{{i}}","labels":{"load":"yes","group":"g{{i % Groups}}"} },"data":{"round":"{{round}}"} }""";
                var answer = round == 0 ? await api.SendAsync(HttpMethod.Post, path, body, client: client) : await api.SendAsync(HttpMethod.Put, $"{path}/o{i}", body, client: client);
                answer.Code.ShouldBe(round == 0 ? 201 : 200, answer.Text);
            });
        var seconds = clock.Elapsed.TotalSeconds;
        // What every watcher sees last.
        for (var group = 0; group < Groups; group++)
            (await api.SendAsync(HttpMethod.Post, path, $$"""{"metadata":{"name":"end{{group}}","labels":{"load":"yes","group":"g{{group}}"} } }""", client: client)).Code.ShouldBe(201);

        var events = 0;
        foreach (var (selector, seen) in await Task.WhenAll(watchers))
        {
            seen.ShouldBe(history.After(start, LabelSelector.Parse(selector)), selector);
            events += seen.Count;
        }
        output.WriteLine($"{Objects * Rounds / seconds:F0} writes a second, {events} events to {Watchers} watchers");
        events.ShouldBe(Watchers / Groups * (Objects * Rounds + Groups) + (Watchers - Watchers / Groups) * (Objects * Rounds / Groups + 1));
    }

    private static async Task<(string Selector, List<SeenEvent> Events)> ReadAsync(WatchReader reader, string selector)
    {
        using (reader)
        {
            var (seen, ends) = (new List<SeenEvent>(), selector == "load" ? Groups : 1);
            while (ends > 0)
            {
                var (next, _) = await reader.NextAsync();
                seen.Add(next);
                if (next.Name.StartsWith("end", StringComparison.Ordinal)) ends--;
            }
            return (selector, seen);
        }
    }
}
