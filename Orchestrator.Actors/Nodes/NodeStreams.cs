using System.Collections.Concurrent;
using System.Threading.Channels;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Cluster;
using Orchestrator.Engine.Remote;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Protocol.Streams;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Actors.Nodes;

/// <summary>
/// Opens streams to agents: to those of this process, to those that have a connection with this member, and through another member to those that only it reaches (the agents of
/// its own process). Frames pass through bounded channels, so that a slow side holds the other back.
/// </summary>
public sealed class NodeStreams : INodeStreamOpener
{
    private const int Capacity = 64;
    private const string NotConnected = "NodeNotConnected";

    private readonly ConcurrentDictionary<string, INodeStreamHandler> _handlers = new(StringComparer.Ordinal);
    private readonly ActorSystem _system;

    private NodeStreams(ActorSystem system) => _system = system;

    /// <summary>The system's.</summary>
    public static NodeStreams Get(ActorSystem system) => system.GetOrAddExtension(static s => new NodeStreams(s));

    /// <summary>The agent of a node, in this process, serves streams from now on.</summary>
    public void Register(string node, INodeStreamHandler handler) => _handlers[node] = handler;

    /// <summary>The agent of a node is gone.</summary>
    public void Unregister(string node) => _handlers.TryRemove(node, out _);

    /// <inheritdoc/>
    public async Task<INodeStream> OpenAsync(string node, NodeStreamRequest request, CancellationToken cancel)
    {
        try
        {
            return await OpenHereAsync(node, request, cancel);
        }
        catch (StatusException absent) when (absent.Status.Reason == NotConnected)
        {
            return await OpenElsewhereAsync(node, request, cancel);
        }
    }

    /// <summary>Serves what another member asks for (<see cref="RemoteSettings.Streams"/>): it has no connection with that agent, this one may.</summary>
    public Task ServeMemberAsync(object request, RemoteStream stream, CancellationToken cancel) => request is RelayedStream { Request: NodeStreamRequest inner } relayed
        ? RemoteNodeStream.ServeAsync(new Relay(this, relayed.Node), inner, stream, cancel)
        : throw new InvalidOperationException($"a member serves no stream for {request.GetType().Name}");

    private async Task<INodeStream> OpenHereAsync(string node, NodeStreamRequest request, CancellationToken cancel)
    {
        if (_handlers.TryGetValue(node, out var handler)) return await OpenInProcessAsync(handler, request, cancel);
        var agent = AgentAddress.Of(node);
        if (_system.GetExtension<Remoting>() is { } remoting && remoting.IsConnected(agent)) return await OpenRemoteAsync(remoting, agent, request, cancel);
        throw new ApiStatus(503, NotConnected, $"the agent of node {node} is not connected").AsException();
    }

    private async Task<INodeStream> OpenElsewhereAsync(string node, NodeStreamRequest request, CancellationToken cancel)
    {
        if (_system.GetExtension<Remoting>() is { } remoting)
        {
            foreach (var member in Cluster.Get(_system).State.Members)
            {
                if (!Address.TryParse(member.Address, out var address) || address == _system.Address || !remoting.IsConnected(address)) continue;
                try
                {
                    return await OpenRemoteAsync(remoting, address, new RelayedStream(node, request), cancel);
                }
                catch (StatusException absent) when (absent.Status.Reason == NotConnected)
                {
                    // Nor is it that member's; perhaps the next one's.
                }
            }
        }
        throw ApiStatus.ServiceUnavailable($"the agent of node {node} is not connected").AsException();
    }

    private static async Task<INodeStream> OpenRemoteAsync(Remoting remoting, Address address, object request, CancellationToken cancel)
    {
        RemoteStream stream;
        try
        {
            stream = remoting.OpenStream(address, request);
        }
        catch (IOException broken)
        {
            throw ApiStatus.ServiceUnavailable(broken.Message).AsException();
        }
        return await RemoteNodeStream.OpenedAsync(stream, cancel);
    }

    private static async Task<INodeStream> OpenInProcessAsync(INodeStreamHandler handler, NodeStreamRequest request, CancellationToken cancel)
    {
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

    /// <summary>Joins another member's stream with the one to the agent.</summary>
    private sealed class Relay(NodeStreams streams, string node) : INodeStreamHandler
    {
        public async Task HandleAsync(NodeStreamRequest request, INodeStream stream, CancellationToken cancel)
        {
            await using var agent = await streams.OpenHereAsync(node, request, cancel);
            await stream.Output.WriteAsync(StreamFrame.Accepted, cancel);
            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            var up = CopyAsync(stream.Input, agent.Output, over.Token);
            await CopyAsync(agent.Input, stream.Output, cancel);
            await over.CancelAsync();
            try
            {
                await up;
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                // The agent is done: what the client still sends has no reader.
            }
        }

        private static async Task CopyAsync(ChannelReader<StreamFrame> from, ChannelWriter<StreamFrame> to, CancellationToken cancel)
        {
            await foreach (var frame in from.ReadAllAsync(cancel)) await to.WriteAsync(frame, cancel);
            to.TryComplete();
        }
    }
}
