using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Orchestrator.Bench.Rows;

/// <summary>The floor of pod starts: a sandbox on Docker's own bridge and a container that joins it, with the fewest Docker API calls there are.</summary>
internal sealed class RawDocker : IAsyncDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancel) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint("/var/run/docker.sock"), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    { BaseAddress = new Uri("http://docker/v1.41/") };

    /// <summary>Time to create and start the pair; removing it is not counted.</summary>
    public async Task<TimeSpan> RunPairAsync(string image)
    {
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        var sandbox = await CreateAsync($$"""{"Image":"{{image}}","Cmd":["sleep","3600"],"HostConfig":{"IpcMode":"shareable"} }""");
        await PostAsync($"containers/{sandbox}/start", "");
        var container = await CreateAsync($$"""{"Image":"{{image}}","Cmd":["sleep","3600"],"HostConfig":{"NetworkMode":"container:{{sandbox}}","IpcMode":"container:{{sandbox}}"} }""");
        await PostAsync($"containers/{container}/start", "");
        var elapsed = time.GetElapsedTime(start);
        foreach (var id in (IEnumerable<string>)[container, sandbox])
            using (var response = await _http.DeleteAsync($"containers/{id}?force=true")) response.EnsureSuccessStatusCode();
        return elapsed;
    }

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<string> CreateAsync(string body) => (string)JsonNode.Parse(await PostAsync("containers/create", body))!["Id"]!;

    private async Task<string> PostAsync(string path, string body)
    {
        using var response = await _http.PostAsync(path, body.Length == 0 ? null : new StringContent(body, Encoding.UTF8, "application/json"));
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadAsStringAsync();
    }
}
