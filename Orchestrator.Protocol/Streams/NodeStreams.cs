using System.Text.Json;
using System.Threading.Channels;
using Orchestrator.Engine.Remote.Serialization;
using Orchestrator.Resources;

namespace Orchestrator.Protocol.Streams;

/// <summary>A piece of one channel of a stream. Channels are Kubernetes': 0 stdin, 1 stdout, 2 stderr, 3 the closing Status (JSON), 4 terminal size (JSON Width/Height).</summary>
public readonly record struct StreamFrame(byte Channel, ReadOnlyMemory<byte> Data)
{
    /// <summary>stdin; an empty frame closes it.</summary>
    public const byte Stdin = 0;

    /// <summary>stdout, or the bytes of a log or a forwarded connection.</summary>
    public const byte Stdout = 1;

    /// <summary>stderr.</summary>
    public const byte Stderr = 2;

    /// <summary>The final Status: Success, or Failure with an <c>ExitCode</c> cause (reason NonZeroExitCode).</summary>
    public const byte Error = 3;

    /// <summary>Terminal resize.</summary>
    public const byte Resize = 4;

    /// <summary>Code and headers of an HTTP answer (<see cref="KubeletAnswer"/> as JSON), before its body.</summary>
    public const byte Head = 5;

    /// <summary>The node's first frame: the request is accepted. It never reaches the client.</summary>
    public static StreamFrame Accepted { get; } = new(Stdout, default);
}

/// <summary>What a client wants of a node.</summary>
public abstract record NodeStreamRequest;

/// <summary>What a client wants from a container of a pod on a node.</summary>
public abstract record PodStreamRequest(ResourceKey Pod, string Uid) : NodeStreamRequest;

/// <summary>kubectl logs. <paramref name="Since"/> and times are absolute; null means from the start. Output on stdout frames, exact bytes, then the stream ends.</summary>
[WireName("stream.log.v1")]
public sealed record LogRequest(ResourceKey Pod, string Uid, string Container, bool Follow, bool Previous, bool Timestamps, DateTimeOffset? Since, long? TailLines, long? LimitBytes)
    : PodStreamRequest(Pod, Uid);

/// <summary>kubectl exec.</summary>
[WireName("stream.exec.v1")]
public sealed record ExecRequest(ResourceKey Pod, string Uid, string Container, IReadOnlyList<string> Command, bool Stdin, bool Stdout, bool Stderr, bool Tty)
    : PodStreamRequest(Pod, Uid);

/// <summary>kubectl attach.</summary>
[WireName("stream.attach.v1")]
public sealed record AttachRequest(ResourceKey Pod, string Uid, string Container, bool Stdin, bool Stdout, bool Stderr, bool Tty) : PodStreamRequest(Pod, Uid);

/// <summary>One TCP connection to a pod's port (port-forward, proxy): stdin frames to it, stdout frames from it.</summary>
[WireName("stream.port.v1")]
public sealed record PortRequest(ResourceKey Pod, string Uid, int Port) : PodStreamRequest(Pod, Uid);

/// <summary>
/// One HTTP request to the node itself (nodes/proxy), answered as a kubelet's server answers it. <paramref name="Path"/> is percent-encoded and begins with a slash; <paramref name="Query"/>
/// has no question mark; there is no body, since nothing that is served reads one. The answer is one <see cref="StreamFrame.Head"/> frame, then the body as stdout frames.
/// </summary>
[WireName("stream.kubelet.v1")]
public sealed record KubeletRequest(string Method, string Path, string Query) : NodeStreamRequest;

/// <summary>How an answer to <see cref="KubeletRequest"/> begins: HTTP code and headers.</summary>
[WireName("stream.kubelet-answer.v1")]
public sealed record KubeletAnswer(int Code, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>The frame that carries it.</summary>
    public StreamFrame ToFrame() => new(StreamFrame.Head, JsonSerializer.SerializeToUtf8Bytes(this));

    /// <summary>Reads it back. Throws <see cref="IOException"/> where the frame is something else.</summary>
    public static KubeletAnswer FromFrame(StreamFrame frame)
    {
        if (frame.Channel != StreamFrame.Head) throw new IOException("the node's answer has no head");
        try
        {
            return JsonSerializer.Deserialize<KubeletAnswer>(frame.Data.Span) ?? throw new IOException("the node's answer has an empty head");
        }
        catch (JsonException e)
        {
            throw new IOException("the head of the node's answer cannot be read", e);
        }
    }
}

/// <summary>A member asks another one that the node's agent may be connected to, or run in. <paramref name="Request"/> is a <see cref="NodeStreamRequest"/>.</summary>
[WireName("stream.relayed.v1")]
public sealed record RelayedStream(string Node, object Request);

/// <summary>One end of a stream between a gateway and a node. Both channels are bounded: a slow reader holds the writer back.</summary>
public interface INodeStream : IAsyncDisposable
{
    /// <summary>Frames from the other side; completes when it closes, with an error where it failed.</summary>
    ChannelReader<StreamFrame> Input { get; }

    /// <summary>Frames to the other side; complete it to close.</summary>
    ChannelWriter<StreamFrame> Output { get; }
}

/// <summary>The node's side: serves one request until done. Its first frame is <see cref="StreamFrame.Accepted"/>, since the command may print nothing for long. Throws <see cref="Orchestrator.Resources.Errors.StatusException"/> before the first frame for a refusal (no such container, …).</summary>
public interface INodeStreamHandler
{
    /// <summary>Completes when the stream is over. Cancellation means the client went away.</summary>
    Task HandleAsync(NodeStreamRequest request, INodeStream stream, CancellationToken cancel);
}

/// <summary>The gateway's side: opens a stream to the agent of a node. Throws StatusException 503 where the node is not connected.</summary>
public interface INodeStreamOpener
{
    /// <summary>Returns once the agent has accepted the request; a refusal is thrown.</summary>
    Task<INodeStream> OpenAsync(string node, NodeStreamRequest request, CancellationToken cancel);
}
