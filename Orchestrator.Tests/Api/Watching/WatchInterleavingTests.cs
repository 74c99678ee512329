using System.Globalization;
using Orchestrator.Resources.Selectors;
using Orchestrator.Tests.Api.Http;
using Shouldly;
using Xunit.Abstractions;

namespace Orchestrator.Tests.Api.Watching;

/// <summary>
/// Clients that list in pages, watch, stop and go on at random while others write, held to the journal: a list is the state at its version, whatever is written between its
/// pages; a watch from any version sees every later change once and in order, as its selector shows it; bookmarks never lie.
/// </summary>
[Collection("api")]
public sealed class WatchInterleavingTests(ApiFixture api, ITestOutputHelper output)
{
    private const int Writers = 4;
    private const int WritesEach = 120;
    private const int Clients = 24;

    private static readonly string[] Names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    private static readonly string[] Colours = ["red", "green", "blue", ""];

    // Each shows at least one of the three objects that are written last.
    private static readonly string[] Selectors = ["", "colour=red", "colour!=red", "colour in (red,blue)", "!colour", "colour", "colour notin (green),colour", "colour=green"];
    private static readonly (string Name, string Colour)[] Finish = [("z1", "red"), ("z2", "green"), ("z3", "")];

    [Fact]
    public async Task Lists_and_watches_agree_with_the_journal_however_they_interleave_with_writes()
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        using var history = await WatchHistory.BeginAsync(api.Journal, api.NamespaceAsync);
        var path = $"/api/v1/namespaces/{history.Namespace}/configmaps";
        using var finished = new CancellationTokenSource();
        var clients = Enumerable.Range(0, Clients).Select(i => Task.Run(() => FollowAsync(path, new Random(seed + i), finished.Token))).ToList();
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(i => Task.Run(() => WriteAsync(path, new Random(seed - 1 - i)))));
        foreach (var (name, colour) in Finish) await WriteAsync(path, name, colour, new Random(seed));
        await finished.CancelAsync();
        foreach (var followed in await Task.WhenAll(clients)) Check(history, followed, $"seed {seed}, {followed.Selector}");
        history.Count.ShouldBeGreaterThan(Writers * WritesEach / 2);
    }

    private async Task WriteAsync(string path, Random random)
    {
        for (var i = 0; i < WritesEach; i++)
        {
            var name = Names[random.Next(Names.Length)];
            if (random.Next(5) == 0) (await api.SendAsync(HttpMethod.Delete, $"{path}/{name}")).Code.ShouldBeOneOf(200, 404);
            else await WriteAsync(path, name, Colours[random.Next(Colours.Length)], random);
        }
    }

    /// <summary>Makes or changes an object, by server-side apply: a single request, whether it is there or not.</summary>
    private async Task WriteAsync(string path, string name, string colour, Random random)
    {
        var labels = colour.Length == 0 ? "{}" : $$"""{"colour":"{{colour}}"}""";
        var body = $$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{name}}","labels":{{labels}} },"data":{"x":"{{random.Next()}}"} }""";
        (await api.SendAsync(HttpMethod.Patch, $"{path}/{name}?fieldManager=w&force=true", body, "application/apply-patch+yaml")).Code.ShouldBeOneOf(200, 201, 404, 409);
    }

    /// <summary>Where a client began, what its lists held, and what its watches, one after the other, showed from there.</summary>
    private sealed record Followed(string Selector, List<(long Version, List<(string Name, long Version)> Items)> Lists, List<(long From, List<SeenEvent> Events)> Watches);

    /// <summary>Lists, watches, breaks off, goes on, until a watch has shown the last write that its selector shows.</summary>
    private async Task<Followed> FollowAsync(string path, Random random, CancellationToken finished)
    {
        var selector = Selectors[random.Next(Selectors.Length)];
        var last = Finish.Last(f => Matches(selector, f.Colour)).Name;
        var followed = new Followed(selector, [], []);
        long? version = null;
        while (true)
        {
            var bookmarks = random.Next(2) == 0 ? "&allowWatchBookmarks=true" : "";
            var query = $"{path}?watch=true&labelSelector={Uri.EscapeDataString(selector)}{bookmarks}";
            var initial = version is null && random.Next(3) == 0;
            if (initial) query += $"&sendInitialEvents=true&resourceVersionMatch=NotOlderThan{(bookmarks.Length == 0 ? "&allowWatchBookmarks=true" : "")}";
            else
            {
                if (version is null)
                {
                    var list = await ListAsync(path, selector, random);
                    followed.Lists.Add(list);
                    version = list.Version;
                }
                query += $"&resourceVersion={version}";
            }
            using var watch = await WatchReader.OpenAsync(api.Admin, query);
            var events = new List<SeenEvent>();
            if (initial)
            {
                (version, var items) = await InitialAsync(watch);
                followed.Lists.Add((version.Value, items));
            }
            followed.Watches.Add((version!.Value, events));
            var limit = finished.IsCancellationRequested ? int.MaxValue : random.Next(1, 40);
            while (events.Count < limit)
            {
                var (seen, endsInitial) = await watch.NextAsync();
                endsInitial.ShouldBeFalse();
                seen.Version.ShouldBeGreaterThanOrEqualTo(version.Value);
                version = seen.Version;
                if (seen.Type == "BOOKMARK") continue;
                events.Add(seen);
                if (seen.Name == last) return followed;
            }
            // Now and then a client forgets where it was.
            if (random.Next(4) == 0) version = null;
        }
    }

    private static async Task<(long Version, List<(string Name, long Version)> Items)> InitialAsync(WatchReader watch)
    {
        var items = new List<(string Name, long Version)>();
        while (true)
        {
            var (seen, ends) = await watch.NextAsync();
            if (ends) return (seen.Version, [.. items.OrderBy(i => i.Name, StringComparer.Ordinal)]);
            seen.Type.ShouldBe("ADDED");
            items.Add((seen.Name, seen.Version));
        }
    }

    private async Task<(long Version, List<(string Name, long Version)> Items)> ListAsync(string path, string selector, Random random)
    {
        var items = new List<(string Name, long Version)>();
        var limit = random.Next(2) == 0 ? random.Next(1, 5) : 0;
        var (token, version) = ("", "");
        do
        {
            var page = await api.GetAsync($"{path}?labelSelector={Uri.EscapeDataString(selector)}&limit={limit}&continue={token}");
            page.Code.ShouldBe(200, page.Text);
            if (version.Length > 0) page.Version.ShouldBe(version, "pages are of one snapshot");
            version = page.Version;
            foreach (var item in page.Json["items"]!.AsArray()) items.Add(((string)item!["metadata"]!["name"]!, long.Parse((string)item["metadata"]!["resourceVersion"]!, CultureInfo.InvariantCulture)));
            token = (string?)page.Json["metadata"]!["continue"] ?? "";
        } while (token.Length > 0);
        return (long.Parse(version, CultureInfo.InvariantCulture), items);
    }

    private static void Check(WatchHistory history, Followed followed, string what)
    {
        var selector = LabelSelector.Parse(followed.Selector);
        foreach (var (version, items) in followed.Lists) items.ShouldBe(history.State(version, selector), $"{what}: the list at {version}");
        foreach (var (from, events) in followed.Watches) events.ShouldBe(history.After(from, selector).Take(events.Count), $"{what}: the watch from {from}");
    }

    private static bool Matches(string selector, string colour) =>
        LabelSelector.Parse(selector).Matches(colour.Length == 0 ? [] : new System.Text.Json.Nodes.JsonObject { ["colour"] = colour });
}
