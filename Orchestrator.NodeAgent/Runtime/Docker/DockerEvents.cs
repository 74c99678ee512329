using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace Orchestrator.NodeAgent.Runtime.Docker;

/// <summary>
/// The engine's events of this node's containers. Each watch resumes where the last one ended, so a broken connection loses nothing; the engine itself
/// remembers only its last 256 events and forgets them when it restarts, so after <see cref="RuntimeUnavailableException"/> list again too.
/// </summary>
internal sealed class DockerEvents(DockerClient client, DockerOptions options, TimeProvider time)
{
    private static readonly string[] Actions = ["start", "die", "oom", "destroy"];
    private readonly HashSet<(string Id, string Action)> _seenAtLast = [];
    private long _lastNanoseconds = time.GetUtcNow().Subtract(DateTimeOffset.UnixEpoch).Ticks * 100;

    public async IAsyncEnumerable<RuntimeEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        var filter = DockerClient.Filters(("type", ["container"]), ("event", Actions),
            ("label", [$"{DockerLabels.Cluster}={options.ClusterId}", $"{DockerLabels.Node}={options.NodeName}"]));
        var since = string.Create(CultureInfo.InvariantCulture, $"{_lastNanoseconds / 1_000_000_000}.{_lastNanoseconds % 1_000_000_000:D9}");
        using var events = await client.StreamAsync(HttpMethod.Get, $"/events?since={since}&filters={filter}", null, null, cancel).ConfigureAwait(false);
        using var reader = new StreamReader(events.Body, Encoding.UTF8);
        while (await NextLineAsync(reader, cancel).ConfigureAwait(false) is { } line)
        {
            if (JsonSerializer.Deserialize(line, DockerJson.Default.DockerEvent) is { Actor.ID: { } id, Action: { } action } happened && IsNew(happened.TimeNano, id, action))
            {
                yield return new RuntimeEvent(id, action, happened.Actor.Attributes ?? new Dictionary<string, string>(), DateTimeOffset.UnixEpoch.AddTicks(happened.TimeNano / 100));
            }
        }

        throw new RuntimeUnavailableException("Docker Engine ended the event stream");
    }

    // "since" includes its own instant, so the events of the last instant come twice.
    private bool IsNew(long nanoseconds, string id, string action)
    {
        if (nanoseconds > _lastNanoseconds)
        {
            _lastNanoseconds = nanoseconds;
            _seenAtLast.Clear();
        }

        return nanoseconds != _lastNanoseconds || _seenAtLast.Add((id, action));
    }

    private async Task<string?> NextLineAsync(StreamReader reader, CancellationToken cancel)
    {
        try
        {
            return await reader.ReadLineAsync(cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw client.Unavailable(e);
        }
    }
}
