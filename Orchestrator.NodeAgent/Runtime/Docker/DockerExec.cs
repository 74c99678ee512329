using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Orchestrator.NodeAgent.Network.Netlink;
using Orchestrator.Protocol.Streams;

namespace Orchestrator.NodeAgent.Runtime.Docker;

/// <summary>Which of a process's streams a client wants.</summary>
internal sealed record StreamChoice(bool Stdin, bool Stdout, bool Stderr, bool Tty);

/// <summary>
/// Commands inside containers, and attaching to main processes. A command whose caller gives up is killed: the engine has no call for that and would
/// let it run for ever.
/// </summary>
internal sealed partial class DockerExec(DockerClient client, TimeProvider time, ILogger log)
{
    // The engine ends an attachment on these keys. By default they are ctrl-p,ctrl-q, which holds every ctrl-p back from the shell; nobody types these.
    private const string DetachKeys = "ctrl-^,ctrl-],ctrl-^,ctrl-],ctrl-^";
    private const int Sigkill = 9;
    private const int ReadSize = 32 * 1024;
    private static readonly TimeSpan ExitPoll = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan ExitDeadline = TimeSpan.FromSeconds(10);

    /// <summary>To the end; both outputs together.</summary>
    public async Task<ExecResult> RunAsync(string containerId, IReadOnlyList<string> command, int maxOutput, CancellationToken cancel)
    {
        var exec = await CreateAsync(containerId, command, new StreamChoice(false, true, true, false), cancel).ConfigureAwait(false);
        try
        {
            var kept = new MemoryStream();
            using (var body = DockerClient.JsonBody(new StartExecRequest(false, false), DockerJson.Default.StartExecRequest))
            using (var answer = await client.StreamAsync(HttpMethod.Post, $"/exec/{exec}/start", body, null, cancel).ConfigureAwait(false))
            {
                var output = new MultiplexedOutput(raw: false);
                var buffer = new byte[ReadSize];
                int read;
                while ((read = await answer.Body.ReadAsync(buffer, cancel).ConfigureAwait(false)) > 0)
                {
                    foreach (var (_, data) in output.Split(buffer.AsMemory(0, read)))
                    {
                        kept.Write(data.Span[..(int)Math.Min(data.Length, maxOutput - kept.Length)]);
                    }
                }
            }

            return new ExecResult(await ExitCodeAsync(exec, cancel).ConfigureAwait(false), Encoding.UTF8.GetString(kept.GetBuffer(), 0, (int)kept.Length));
        }
        catch (OperationCanceledException)
        {
            await KillAsync(exec).ConfigureAwait(false);
            throw;
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw client.Unavailable(e);
        }
    }

    /// <summary>Interactively; ends with a Status frame. The stream's output is left open.</summary>
    public async Task StreamAsync(string containerId, IReadOnlyList<string> command, StreamChoice choice, INodeStream stream, CancellationToken cancel)
    {
        var exec = await CreateAsync(containerId, command, choice, cancel).ConfigureAwait(false);
        byte[] status;
        try
        {
            var start = JsonSerializer.SerializeToUtf8Bytes(new StartExecRequest(false, choice.Tty), DockerJson.Default.StartExecRequest);
            var connection = await client.HijackAsync($"/exec/{exec}/start", start, cancel).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                await JoinAsync(connection, choice, choice.Tty, $"/exec/{exec}/resize", stream, cancel).ConfigureAwait(false);
            }

            status = StreamStatus.OfExit(await ExitCodeAsync(exec, cancel).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            await KillAsync(exec).ConfigureAwait(false);
            throw;
        }
        catch (RuntimeException e)
        {
            status = StreamStatus.InternalError(e.Message);
        }

        await stream.Output.WriteAsync(new StreamFrame(StreamFrame.Error, status), cancel).ConfigureAwait(false);
    }

    /// <summary>Joins the main process until it ends or the client leaves; ends with a Status frame. The stream's output is left open.</summary>
    public async Task AttachAsync(string containerId, StreamChoice choice, INodeStream stream, CancellationToken cancel)
    {
        var container = await client.GetAsync($"/containers/{containerId}/json", DockerJson.Default.ContainerInspection, cancel).ConfigureAwait(false);
        var query = $"stream=1&stdin={Bit(choice.Stdin && container.Config.OpenStdin)}&stdout={Bit(choice.Stdout)}&stderr={Bit(choice.Stderr)}&detachKeys={Uri.EscapeDataString(DetachKeys)}";
        var connection = await client.HijackAsync($"/containers/{containerId}/attach?{query}", [], cancel).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            await JoinAsync(connection, choice, container.Config.Tty, $"/containers/{containerId}/resize", stream, cancel).ConfigureAwait(false);
        }

        await stream.Output.WriteAsync(new StreamFrame(StreamFrame.Error, StreamStatus.Success()), cancel).ConfigureAwait(false);
    }

    private async Task<string> CreateAsync(string containerId, IReadOnlyList<string> command, StreamChoice choice, CancellationToken cancel)
    {
        var request = new CreateExecRequest(choice.Stdin, choice.Stdout, choice.Stderr && !choice.Tty, choice.Tty, command, DetachKeys);
        return (await client.PostAsync($"/containers/{containerId}/exec", request, DockerJson.Default.CreateExecRequest, DockerJson.Default.CreatedId, cancel).ConfigureAwait(false)).Id;
    }

    // Ends with the process's output. The input side is a companion that ends with it.
    private async Task JoinAsync(HijackedConnection connection, StreamChoice choice, bool raw, string resizePath, INodeStream stream, CancellationToken cancel)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var input = ForwardInputAsync(connection, choice, resizePath, stream, over.Token);
        try
        {
            await ForwardOutputAsync(connection, raw, stream, cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            throw client.Unavailable(e);
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
            await input.ConfigureAwait(false);
        }
    }

    private static async Task ForwardOutputAsync(HijackedConnection connection, bool raw, INodeStream stream, CancellationToken cancel)
    {
        var output = new MultiplexedOutput(raw);
        var buffer = new byte[ReadSize];
        int read;
        while ((read = await connection.ReadAsync(buffer, cancel).ConfigureAwait(false)) > 0)
        {
            foreach (var (channel, data) in output.Split(buffer.AsMemory(0, read)))
            {
                await stream.Output.WriteAsync(new StreamFrame(channel, data.ToArray()), cancel).ConfigureAwait(false);
            }
        }
    }

    private async Task ForwardInputAsync(HijackedConnection connection, StreamChoice choice, string resizePath, INodeStream stream, CancellationToken over)
    {
        var open = choice.Stdin;
        try
        {
            await foreach (var frame in stream.Input.ReadAllAsync(over).ConfigureAwait(false))
            {
                if (frame.Channel == StreamFrame.Resize && TerminalSize.Parse(frame.Data) is { } size)
                {
                    await ResizeAsync(resizePath, size, over).ConfigureAwait(false);
                }
                else if (frame.Channel == StreamFrame.Stdin && open)
                {
                    if (frame.Data.Length > 0)
                    {
                        await connection.WriteAsync(frame.Data, over).ConfigureAwait(false);
                    }
                    else
                    {
                        connection.CloseWrite();
                        open = false;
                    }
                }
            }

            if (open)
            {
                connection.CloseWrite();
            }
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // The process has ended, or the client has left: nobody reads its input any more.
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            // The process closed its stdin; its output is still of interest.
            LogInputClosed(log, e.Message);
        }
    }

    private async Task ResizeAsync(string path, TerminalSize size, CancellationToken cancel)
    {
        try
        {
            await client.SendAsync(HttpMethod.Post, $"{path}?h={size.Height}&w={size.Width}", cancel).ConfigureAwait(false);
        }
        catch (RuntimeException e)
        {
            LogNotResized(log, e.Message); // it ends, or has not begun; the next size will do
        }
    }

    // The output can end a moment before the engine has noted the exit.
    private async Task<int> ExitCodeAsync(string exec, CancellationToken cancel)
    {
        var begun = time.GetTimestamp();
        while (true)
        {
            var state = await client.GetAsync($"/exec/{exec}/json", DockerJson.Default.ExecInspection, cancel).ConfigureAwait(false);
            if (!state.Running && state.ExitCode is { } code)
            {
                return code;
            }

            if (time.GetElapsedTime(begun) > ExitDeadline)
            {
                throw new RuntimeException("the command closed its output and still runs");
            }

            await Task.Delay(ExitPoll, time, cancel).ConfigureAwait(false);
        }
    }

    private async Task KillAsync(string exec)
    {
        try
        {
            var state = await client.FindAsync($"/exec/{exec}/json", DockerJson.Default.ExecInspection, CancellationToken.None).ConfigureAwait(false);
            if (state is { Running: true, Pid: > 0 })
            {
                _ = LinuxCalls.Kill(state.Pid, Sigkill); // it may have ended just now
            }
        }
        catch (Exception e) when (e is RuntimeException or RuntimeUnavailableException)
        {
            LogNotKilled(log, e.Message);
        }
    }

    private static int Bit(bool on) => on ? 1 : 0;

    [LoggerMessage(Level = LogLevel.Debug, Message = "Input of a command ended early: {Why}")]
    private static partial void LogInputClosed(ILogger log, string why);

    [LoggerMessage(Level = LogLevel.Debug, Message = "A terminal was not resized: {Why}")]
    private static partial void LogNotResized(ILogger log, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "An abandoned command could not be killed: {Why}")]
    private static partial void LogNotKilled(ILogger log, string why);
}
