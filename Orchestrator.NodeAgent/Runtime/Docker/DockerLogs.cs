using System.Globalization;
using Orchestrator.Protocol.Streams;

namespace Orchestrator.NodeAgent.Runtime.Docker;

/// <summary>
/// Log lines of a container, running or not, both outputs as the container wrote them, as stdout frames. Lines can be led by the engine's time (RFC 3339 with nine
/// digits of fraction, UTC), as the kubelet writes it. The stream's output is left open.
/// </summary>
internal sealed class DockerLogs(DockerClient client)
{
    private const int ReadSize = 32 * 1024;

    public async Task StreamAsync(string containerId, LogOptions options, INodeStream stream, CancellationToken cancel)
    {
        var container = await client.GetAsync($"/containers/{containerId}/json", DockerJson.Default.ContainerInspection, cancel).ConfigureAwait(false);
        if (options.LimitBytes == 0)
        {
            return;
        }

        using var logs = await client.StreamAsync(HttpMethod.Get, $"/containers/{containerId}/logs?{Query(options)}", null, null, cancel).ConfigureAwait(false);
        var output = new MultiplexedOutput(container.Config.Tty);
        var left = options.LimitBytes ?? long.MaxValue;
        var buffer = new byte[ReadSize];
        while (left > 0)
        {
            int read;
            try
            {
                read = await logs.Body.ReadAsync(buffer, cancel).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or HttpRequestException)
            {
                throw client.Unavailable(e);
            }

            if (read == 0)
            {
                return;
            }

            foreach (var (_, data) in output.Split(buffer.AsMemory(0, read)))
            {
                var part = data[..(int)Math.Min(data.Length, left)];
                left -= part.Length;
                await stream.Output.WriteAsync(new StreamFrame(StreamFrame.Stdout, part.ToArray()), cancel).ConfigureAwait(false);
                if (left == 0)
                {
                    return;
                }
            }
        }
    }

    internal static string Query(LogOptions options)
    {
        var query = $"stdout=1&stderr=1&follow={(options.Follow ? 1 : 0)}&timestamps={(options.Timestamps ? 1 : 0)}";
        if (options.TailLines is { } tail)
        {
            query += string.Create(CultureInfo.InvariantCulture, $"&tail={tail}");
        }

        if (options.Since is { } since)
        {
            var ticks = Math.Max(0, since.Subtract(DateTimeOffset.UnixEpoch).Ticks);
            query += string.Create(CultureInfo.InvariantCulture, $"&since={ticks / TimeSpan.TicksPerSecond}.{ticks % TimeSpan.TicksPerSecond * 100:D9}");
        }

        return query;
    }
}
