using System.Collections.Concurrent;
using System.Threading.Channels;
using Orchestrator.Protocol.Streams;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Actors.Nodes;

/// <summary>Opens streams to the agents that run in this process. Frames pass through bounded channels, so that a slow side holds the other back.</summary>
public sealed class NodeStreams : INodeStreamOpener
{
    private const int Capacity = 64;

    private readonly ConcurrentDictionary<string, INodeStreamHandler> _handlers = new(StringComparer.Ordinal);

    /// <summary>The agent of a node serves streams from now on.</summary>
    public void Register(string node, INodeStreamHandler handler) => _handlers[node] = handler;

    /// <summary>The agent of a node is gone.</summary>
    public void Unregister(string node) => _handlers.TryRemove(node, out _);

    /// <inheritdoc/>
    public async Task<INodeStream> OpenAsync(string node, NodeStreamRequest request, CancellationToken cancel)
    {
        if (!_handlers.TryGetValue(node, out var handler))
            throw ApiStatus.ServiceUnavailable($"the agent of node {node} is not connected").AsException();
        var toNode = Channel.CreateBounded<StreamFrame>(Capacity);
        var toClient = Channel.CreateBounded<StreamFrame>(Capacity);
        var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var client = new StreamEnd(toClient.Reader, toNode.Writer, stop);
        var served = ServeAsync(handler, request, new StreamEnd(toNode.Reader, toClient.Writer, null), toClient.Writer, stop.Token);
        // The first frame says accepted; a refusal ends the channel with its error instead.
        if (await toClient.Reader.WaitToReadAsync(cancel)) toClient.Reader.TryRead(out _);
        else await served;
        return client;
    }

    private static async Task ServeAsync(INodeStreamHandler handler, NodeStreamRequest request, INodeStream stream, ChannelWriter<StreamFrame> toClient, CancellationToken cancel)
    {
        try
        {
            await handler.HandleAsync(request, stream, cancel);
            toClient.TryComplete();
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            toClient.TryComplete();
        }
        catch (Exception e)
        {
            toClient.TryComplete(e);
            throw;
        }
    }

    private sealed class StreamEnd(ChannelReader<StreamFrame> input, ChannelWriter<StreamFrame> output, CancellationTokenSource? stop) : INodeStream
    {
        public ChannelReader<StreamFrame> Input => input;

        public ChannelWriter<StreamFrame> Output => output;

        public async ValueTask DisposeAsync()
        {
            output.TryComplete();
            if (stop is not null) await stop.CancelAsync();
        }
    }
}
