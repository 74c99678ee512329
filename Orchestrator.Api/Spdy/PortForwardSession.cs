using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Orchestrator.Protocol.Streams;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Spdy;

/// <summary>
/// A client's port-forward (kubelet's <c>portforward.k8s.io</c>): for each connection to forward the client opens two streams with the headers <c>port</c> and
/// <c>requestID</c>, <c>streamType: data</c> and <c>error</c>; each pair becomes one connection to the pod.
/// </summary>
internal sealed class PortForwardSession(SpdyConnection connection, string target, Func<int, CancellationToken, Task<INodeStream>> connect, TimeProvider time)
{
    private static readonly TimeSpan CreationDeadline = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, Pair> _pairs = [];
    private readonly ConcurrentDictionary<Task, bool> _running = new();

    /// <summary>Runs until the client closes the connection; every forwarded connection has then ended. <paramref name="target"/> names the pod in messages.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        try
        {
            await connection.RunAsync((stream, _) => OpenAsync(stream, over.Token), over.Token);
        }
        finally
        {
            await over.CancelAsync();
            await Task.WhenAll(_running.Keys);
        }
    }

    /// <summary>The port and kind of a stream, or null where its headers do not say.</summary>
    internal static (int Port, bool IsData)? Describe(IReadOnlyDictionary<string, string> headers)
    {
        if (!ushort.TryParse(headers.GetValueOrDefault("port"), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port == 0) return null;
        return headers.GetValueOrDefault("streamType") switch { "data" => (port, true), "error" => (port, false), _ => null };
    }

    // Clients older than the header open the error stream, then the data stream with the next number.
    private static string RequestOf(SpdyStream stream, bool isData) =>
        stream.Headers.GetValueOrDefault("requestID") is { Length: > 0 } id ? id : (isData ? stream.Id - 2 : stream.Id).ToString(CultureInfo.InvariantCulture);

    private async Task OpenAsync(SpdyStream stream, CancellationToken cancel)
    {
        if (Describe(stream.Headers) is not var (port, isData))
        {
            await stream.ResetAsync(SpdyResetStatus.RefusedStream, cancel);
            return;
        }
        var request = RequestOf(stream, isData);
        if (!_pairs.TryGetValue(request, out var pair))
        {
            pair = new Pair(port);
            _pairs[request] = pair;
            Track(ForwardAsync(pair, cancel));
        }
        var place = isData ? pair.Data : pair.Error;
        if (place.Task.IsCompleted)
        {
            await stream.ResetAsync(SpdyResetStatus.RefusedStream, cancel);
            return;
        }
        await stream.AcceptAsync(cancel);
        place.TrySetResult(stream);
        if (!isData) stream.DropInput();
        // The number may come again once the pair is complete.
        if (pair.Data.Task.IsCompleted && pair.Error.Task.IsCompleted) _pairs.Remove(request);
    }

    private void Track(Task task)
    {
        _running[task] = true;
        _ = task.ContinueWith(t => _running.TryRemove(t, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    // Ends without an error: what goes wrong is told on the pair's error stream.
    private async Task ForwardAsync(Pair pair, CancellationToken cancel)
    {
        try
        {
            try
            {
                await Task.WhenAll(pair.Data.Task, pair.Error.Task).WaitAsync(CreationDeadline, time, cancel);
            }
            catch (TimeoutException)
            {
                await Task.WhenAll(ResetAsync(pair.Data, cancel), ResetAsync(pair.Error, cancel));
                return;
            }
            var (data, error) = (await pair.Data.Task, await pair.Error.Task);
            try
            {
                await using var node = await connect(pair.Port, cancel);
                await CopyAsync(data, node, cancel);
            }
            catch (StatusException refusal)
            {
                await error.WriteAsync(Encoding.UTF8.GetBytes($"error forwarding port {pair.Port} to {target}: {refusal.Status.Message}"), cancel);
            }
            data.DropInput();
            await data.FinishAsync(cancel);
            await error.FinishAsync(cancel);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The client has gone.
        }
    }

    private static async Task ResetAsync(TaskCompletionSource<SpdyStream> place, CancellationToken cancel)
    {
        // A stream that still comes after this finds its place taken.
        if (place.TrySetCanceled(cancel)) return;
        await (await place.Task).ResetAsync(SpdyResetStatus.Cancel, cancel);
    }

    private static async Task CopyAsync(SpdyStream data, INodeStream node, CancellationToken cancel)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var up = UpAsync(data, node, over);
        try
        {
            await foreach (var frame in node.Input.ReadAllAsync(over.Token)) await data.WriteAsync(frame.Data, over.Token);
        }
        catch (Exception e) when (e is System.Net.Sockets.SocketException or OperationCanceledException && !cancel.IsCancellationRequested)
        {
            // The pod broke the connection off, or the client its stream: both sides end below.
        }
        finally
        {
            await over.CancelAsync();
            await up;
        }
    }

    private static async Task UpAsync(SpdyStream data, INodeStream node, CancellationTokenSource over)
    {
        try
        {
            await foreach (var bytes in data.Input.ReadAllAsync(over.Token)) await node.Output.WriteAsync(new StreamFrame(StreamFrame.Stdin, bytes), over.Token);
            // Half closed: the pod may still answer.
            await node.Output.WriteAsync(new StreamFrame(StreamFrame.Stdin, default), over.Token);
        }
        catch (IOException)
        {
            await over.CancelAsync();
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            // The other direction has ended.
        }
    }

    private sealed record Pair(int Port)
    {
        public TaskCompletionSource<SpdyStream> Data { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<SpdyStream> Error { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
