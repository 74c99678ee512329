using System.Text.Json.Nodes;
using Shouldly;

namespace Orchestrator.Tests.Api.Http;

[Collection("api")]
public sealed class ListAndWatchTests(ApiFixture api)
{
    private const string Table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

    private async Task<string> ConfigMapsAsync(params string[] names)
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}/configmaps";
        // The root certificate is published to every namespace by its control loop, at a moment of its own.
        foreach (var name in names) (await api.SendAsync(HttpMethod.Post, path, ApiFixture.ConfigMap(name, labels: """{"own":"yes"}"""))).Code.ShouldBe(201);
        return path;
    }

    [Fact]
    public async Task Pages_come_from_one_snapshot()
    {
        var path = await ConfigMapsAsync("a", "b", "c", "d", "e");
        var first = await api.GetAsync($"{path}?limit=2&labelSelector=own");
        first.Names.ShouldBe(["a", "b"]);
        var token = (string)first.Json["metadata"]!["continue"]!;
        await api.SendAsync(HttpMethod.Delete, $"{path}/c");
        await api.SendAsync(HttpMethod.Post, path, ApiFixture.ConfigMap("cc", labels: """{"own":"yes"}"""));
        var second = await api.GetAsync($"{path}?limit=2&labelSelector=own&continue={token}");
        second.Names.ShouldBe(["c", "d"]);
        second.Version.ShouldBe(first.Version);
        var third = await api.GetAsync($"{path}?limit=2&labelSelector=own&continue={(string)second.Json["metadata"]!["continue"]!}");
        third.Names.ShouldBe(["e"]);
        third.Json["metadata"]!["continue"].ShouldBeNull();
    }

    [Fact]
    public async Task Remaining_items_are_counted_without_selectors()
    {
        var path = await ConfigMapsAsync("a", "b", "c");
        var total = (await api.GetAsync(path)).Names.Count;
        var page = await api.GetAsync($"{path}?limit=1");
        ((int)page.Json["metadata"]!["remainingItemCount"]!).ShouldBeInRange(total - 1, total);
        (await api.GetAsync($"{path}?limit=1&labelSelector=own")).Json["metadata"]!["remainingItemCount"].ShouldBeNull();
    }

    [Fact]
    public async Task A_token_that_was_not_made_here_is_refused()
    {
        var path = await ConfigMapsAsync();
        foreach (var token in (string[])["garbage", "%00", "eyJ2IjoieCJ9"]) (await api.GetAsync($"{path}?limit=1&continue={token}")).Code.ShouldBe(400, token);
    }

    [Fact]
    public async Task Selectors_and_their_errors()
    {
        var path = await ConfigMapsAsync("a", "b");
        (await api.GetAsync($"{path}?fieldSelector=metadata.name%3Db")).Names.ShouldBe(["b"]);
        var unsupported = await api.GetAsync($"{path}?fieldSelector=spec.colour%3Dred");
        (unsupported.Code, unsupported.Message).ShouldBe((400, "field label not supported: spec.colour"));
        (await api.GetAsync($"{path}?labelSelector=a%20b%20c")).Code.ShouldBe(400);
        (await api.GetAsync($"{path}?limit=many")).Code.ShouldBe(400);
        (await api.GetAsync($"{path}?resourceVersion=x")).Code.ShouldBe(400);
        (await api.GetAsync($"{path}?resourceVersionMatch=Exact")).Code.ShouldBe(422);
    }

    [Fact]
    public async Task A_resource_version_of_the_future_times_out()
    {
        var path = await ConfigMapsAsync();
        var answer = await api.GetAsync($"{path}?resourceVersion=999999999&resourceVersionMatch=NotOlderThan");
        (answer.Code, answer.Reason).ShouldBe((504, "Timeout"));
        answer.Message.ShouldStartWith("Too large resource version: 999999999, current: ");
    }

    [Fact]
    public async Task Tables_and_metadata_are_negotiated()
    {
        var path = await ConfigMapsAsync("a", "b");
        var table = (await api.GetAsync($"{path}?labelSelector=own", Table)).Json;
        ((string?)table["kind"], (string?)table["apiVersion"]).ShouldBe(("Table", "meta.k8s.io/v1"));
        table["columnDefinitions"]!.AsArray().Select(c => (string?)c!["name"]).ShouldBe(["Name", "Data", "Age"]);
        table["rows"]!.AsArray().Select(r => (string?)r!["cells"]![0]).ShouldBe(["a", "b"]);
        ((string?)table["rows"]![0]!["object"]!["kind"]).ShouldBe("PartialObjectMetadata");
        var one = (await api.GetAsync($"{path}/a", Table)).Json;
        one["rows"]!.AsArray().Count.ShouldBe(1);
        var metadata = (await api.GetAsync($"{path}?labelSelector=own", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")).Json;
        ((string?)metadata["kind"]).ShouldBe("PartialObjectMetadataList");
        metadata["items"]![0]!.AsObject().ContainsKey("data").ShouldBeFalse();
        var yaml = await api.GetAsync($"{path}/a", "application/yaml");
        yaml.ContentType.ShouldBe("application/yaml");
        yaml.Text.ShouldStartWith("apiVersion: v1\ndata:\n  key: \"1\"\nkind: ConfigMap\n");
        yaml.Text.ShouldContain("data:\n  key: \"1\"\n");
        (await api.GetAsync($"{path}/a", "image/png")).Code.ShouldBe(406);
    }

    [Fact]
    public async Task A_watch_from_a_list_sees_every_later_change_once_and_in_order()
    {
        var path = await ConfigMapsAsync("before");
        var list = await api.GetAsync($"{path}?labelSelector=own");
        await using var watch = await WatchStream.OpenAsync(api, $"{path}?watch=true&labelSelector=own&resourceVersion={list.Version}");
        await api.SendAsync(HttpMethod.Post, path, ApiFixture.ConfigMap("x", labels: """{"own":"yes"}"""));
        await api.SendAsync(HttpMethod.Patch, $"{path}/x", """{"data":{"key":"2"}}""", "application/merge-patch+json");
        await api.SendAsync(HttpMethod.Delete, $"{path}/x");
        (await watch.TakeAsync(3)).ShouldBe(["ADDED x", "MODIFIED x", "DELETED x"]);
    }

    [Fact]
    public async Task A_watch_without_a_version_begins_with_what_is_there()
    {
        var path = await ConfigMapsAsync("a", "b");
        await using var watch = await WatchStream.OpenAsync(api, $"{path}?watch=true&labelSelector=own");
        (await watch.TakeAsync(2)).ShouldBe(["ADDED a", "ADDED b"]);
    }

    [Fact]
    public async Task Leaving_and_entering_the_selection_are_deletion_and_addition()
    {
        var path = await ConfigMapsAsync("a");
        var version = (await api.GetAsync(path)).Version;
        await using var watch = await WatchStream.OpenAsync(api, $"{path}?watch=true&labelSelector=own%3Dyes&resourceVersion={version}");
        var left = await api.SendAsync(HttpMethod.Patch, $"{path}/a", """{"metadata":{"labels":{"own":"no"}}}""", "application/merge-patch+json");
        await api.SendAsync(HttpMethod.Patch, $"{path}/a", """{"data":{"key":"unseen"}}""", "application/merge-patch+json");
        await api.SendAsync(HttpMethod.Patch, $"{path}/a", """{"metadata":{"labels":{"own":"yes"}}}""", "application/merge-patch+json");
        var events = await watch.TakeObjectsAsync(2);
        events.Select(e => (string?)e["type"]).ShouldBe(["DELETED", "ADDED"]);
        var gone = events[0]["object"]!["metadata"]!;
        ((string?)gone["resourceVersion"]).ShouldBe(left.Version);
        ((string?)gone["labels"]!["own"]).ShouldBe("yes", "the last state that was selected");
    }

    [Fact]
    public async Task Initial_events_end_with_a_marked_bookmark()
    {
        var path = await ConfigMapsAsync("a");
        await using var watch = await WatchStream.OpenAsync(api, $"{path}?watch=true&labelSelector=own&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
        var events = await watch.TakeObjectsAsync(2);
        events.Select(e => (string?)e["type"]).ShouldBe(["ADDED", "BOOKMARK"]);
        ((string?)events[1]["object"]!["metadata"]!["annotations"]!["k8s.io/initial-events-end"]).ShouldBe("true");
        (await api.GetAsync($"{path}?watch=true&sendInitialEvents=true")).Code.ShouldBe(422);
    }

    [Fact]
    public async Task A_watch_ends_after_its_timeout()
    {
        var path = await ConfigMapsAsync("a");
        var answer = await api.GetAsync($"{path}?watch=true&labelSelector=own&timeoutSeconds=1");
        answer.Code.ShouldBe(200);
        answer.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(1);
    }

    [Fact]
    public async Task A_table_watch_sends_the_columns_once()
    {
        var path = await ConfigMapsAsync("a", "b");
        await using var watch = await WatchStream.OpenAsync(api, $"{path}?watch=true&labelSelector=own", Table);
        var events = await watch.TakeObjectsAsync(2);
        events.Select(e => (string?)e["object"]!["kind"]).ShouldBe(["Table", "Table"]);
        events.Select(e => e["object"]!["columnDefinitions"]!.AsArray().Count).ShouldBe([3, 0]);
    }

    private sealed class WatchStream(HttpResponseMessage response, StreamReader reader) : IAsyncDisposable
    {
        private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

        public static async Task<WatchStream> OpenAsync(ApiFixture api, string path, string? accept = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Version = System.Net.HttpVersion.Version20 };
            if (accept is not null) request.Headers.TryAddWithoutValidation("Accept", accept);
            var response = await api.Admin.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            ((int)response.StatusCode).ShouldBe(200);
            return new WatchStream(response, new StreamReader(await response.Content.ReadAsStreamAsync()));
        }

        public async Task<IReadOnlyList<JsonObject>> TakeObjectsAsync(int count)
        {
            var events = new List<JsonObject>();
            while (events.Count < count)
            {
                var line = await reader.ReadLineAsync().WaitAsync(Deadline, TimeProvider.System);
                events.Add(JsonNode.Parse(line.ShouldNotBeNull("the watch has ended"))!.AsObject());
            }
            return events;
        }

        public async Task<IReadOnlyList<string>> TakeAsync(int count) =>
            [.. (await TakeObjectsAsync(count)).Select(e => $"{(string?)e["type"]} {(string?)e["object"]!["metadata"]!["name"]}")];

        public ValueTask DisposeAsync()
        {
            reader.Dispose();
            response.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
