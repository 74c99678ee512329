using System.Net.Sockets;
using Orchestrator.Engine.Actor;
using Orchestrator.NodeAgent.Agent;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Server;
using Orchestrator.Protocol.Streams;
using Orchestrator.Resources.Errors;

namespace Orchestrator.NodeAgent.Nodes;

/// <summary>Serves logs, exec, attach and connections to this node's containers, and what a kubelet's server has. Refusals are worded as the kubelet words them.</summary>
internal sealed class NodeStreamHandler(IActorRef agent, IContainerRuntime runtime, KubeletServer server) : INodeStreamHandler
{
    private const int BufferSize = 32 * 1024;
    private static readonly TimeSpan LookupDeadline = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public async Task HandleAsync(NodeStreamRequest request, INodeStream stream, CancellationToken cancel)
    {
        try
        {
            switch (request)
            {
                case LogRequest log:
                    var target = await FindAsync(log, log.Container, log.Previous ? ContainerUse.PreviousLog : ContainerUse.Log, cancel).ConfigureAwait(false);
                    await AcceptAsync(stream, cancel).ConfigureAwait(false);
                    await runtime.LogStreamAsync(target.Id, new LogOptions(log.Follow, log.Timestamps, log.Since, log.TailLines, log.LimitBytes), stream, cancel).ConfigureAwait(false);
                    break;
                case ExecRequest exec:
                    target = await FindAsync(exec, exec.Container, ContainerUse.Running, cancel).ConfigureAwait(false);
                    await AcceptAsync(stream, cancel).ConfigureAwait(false);
                    await runtime.ExecStreamAsync(target.Id, exec.Command, exec.Stdin, exec.Stdout, exec.Stderr, exec.Tty, stream, cancel).ConfigureAwait(false);
                    break;
                case AttachRequest attach:
                    target = await FindAsync(attach, attach.Container, ContainerUse.Running, cancel).ConfigureAwait(false);
                    await AcceptAsync(stream, cancel).ConfigureAwait(false);
                    await runtime.AttachStreamAsync(target.Id, attach.Stdin, attach.Stdout, attach.Stderr, attach.Tty, stream, cancel).ConfigureAwait(false);
                    break;
                case PortRequest port:
                    target = await FindAsync(port, "", ContainerUse.Pod, cancel).ConfigureAwait(false);
                    await ConnectAsync(target.PodIp, port.Port, stream, cancel).ConfigureAwait(false);
                    break;
                case KubeletRequest asked:
                    await AcceptAsync(stream, cancel).ConfigureAwait(false);
                    await server.ServeAsync(asked, stream, cancel).ConfigureAwait(false);
                    break;
                default:
                    throw ApiStatus.BadRequest($"unknown stream request {request.GetType().Name}").AsException();
            }
        }
        catch (RuntimeUnavailableException e)
        {
            throw ApiStatus.ServiceUnavailable($"container runtime is down: {e.Message}").AsException();
        }
        catch (RuntimeException e)
        {
            throw ApiStatus.InternalError(e.Message).AsException();
        }
    }

    private async Task<ContainerFound> FindAsync(PodStreamRequest request, string container, ContainerUse use, CancellationToken cancel)
    {
        var answer = await agent.Ask<object>(new FindContainer(request.Uid, request.Pod.Name, container, use), LookupDeadline, cancel).ConfigureAwait(false);
        return answer as ContainerFound ?? throw ((ContainerNotFound)answer).Status.AsException();
    }

    private static ValueTask AcceptAsync(INodeStream stream, CancellationToken cancel) => stream.Output.WriteAsync(StreamFrame.Accepted, cancel);

    private static async Task ConnectAsync(string host, int port, INodeStream stream, CancellationToken cancel)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(host, port, cancel).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            throw ApiStatus.InternalError($"failed to connect to {host}:{port}: {e.Message}").AsException();
        }
        await AcceptAsync(stream, cancel).ConfigureAwait(false);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var up = UpAsync(socket, stream, over.Token);
        await DownAsync(socket, stream, over.Token).ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
        try
        {
            await up.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // The other side has closed: nothing more to send it.
        }
        stream.Output.TryComplete();
    }

    private static async Task UpAsync(Socket socket, INodeStream stream, CancellationToken cancel)
    {
        await foreach (var frame in stream.Input.ReadAllAsync(cancel).ConfigureAwait(false))
        {
            if (frame.Channel != StreamFrame.Stdin) continue;
            if (frame.Data.IsEmpty) break;
            await socket.SendAsync(frame.Data, cancel).ConfigureAwait(false);
        }
        socket.Shutdown(SocketShutdown.Send);
    }

    private static async Task DownAsync(Socket socket, INodeStream stream, CancellationToken cancel)
    {
        while (true)
        {
            var buffer = new byte[BufferSize];
            var read = await socket.ReceiveAsync(buffer, cancel).ConfigureAwait(false);
            if (read == 0) return;
            await stream.Output.WriteAsync(new StreamFrame(StreamFrame.Stdout, buffer.AsMemory(0, read)), cancel).ConfigureAwait(false);
        }
    }
}
