using System.Threading.Channels;
using Orchestrator.Protocol.Streams;

namespace Orchestrator.Tests.Api.Spdy;

/// <summary>A node's stream whose other end is in the test's hands.</summary>
internal sealed class FakeNodeStream : INodeStream
{
    private readonly Channel<StreamFrame> _toClient = Channel.CreateBounded<StreamFrame>(16);
    private readonly Channel<StreamFrame> _fromClient = Channel.CreateBounded<StreamFrame>(16);

    public ChannelReader<StreamFrame> Input => _toClient.Reader;

    public ChannelWriter<StreamFrame> Output => _fromClient.Writer;

    /// <summary>What the node sends.</summary>
    public ChannelWriter<StreamFrame> Node => _toClient.Writer;

    /// <summary>What the node receives.</summary>
    public ChannelReader<StreamFrame> Received => _fromClient.Reader;

    public bool Disposed { get; private set; }

    public ValueTask DisposeAsync()
    {
        Disposed = true;
        _fromClient.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }
}
