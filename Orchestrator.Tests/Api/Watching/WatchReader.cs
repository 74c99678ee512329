using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Shouldly;

namespace Orchestrator.Tests.Api.Watching;

/// <summary>One watch request's stream of events.</summary>
internal sealed class WatchReader(HttpResponseMessage response, StreamReader reader) : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    public static async Task<WatchReader> OpenAsync(HttpClient client, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Version = HttpVersion.Version20 };
        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        ((int)response.StatusCode).ShouldBe(200, path);
        return new WatchReader(response, new StreamReader(await response.Content.ReadAsStreamAsync()));
    }

    /// <summary>The next event; the second part is whether a bookmark ends the initial events.</summary>
    public async Task<(SeenEvent Event, bool EndsInitial)> NextAsync()
    {
        var line = await reader.ReadLineAsync().WaitAsync(Deadline, TimeProvider.System);
        var json = JsonNode.Parse(line.ShouldNotBeNull("the watch has ended"))!;
        var metadata = json["object"]!["metadata"].ShouldNotBeNull(line);
        return (new SeenEvent((string)json["type"]!, (string?)metadata["name"] ?? "", long.Parse((string)metadata["resourceVersion"]!, CultureInfo.InvariantCulture)), (string?)metadata["annotations"]?["k8s.io/initial-events-end"] == "true");
    }

    public void Dispose()
    {
        reader.Dispose();
        response.Dispose();
    }
}
