using Orchestrator.Protocol.Streams;

namespace Orchestrator.Api.Streaming;

/// <summary>
/// A client's end of an exec or attach: its channels, whatever protocol carries them. Not for concurrent calls of the same method. Every method throws
/// <see cref="IOException"/> or <see cref="System.Net.WebSockets.WebSocketException"/> where the client has gone.
/// </summary>
internal interface IClientChannels : IAsyncDisposable
{
    /// <summary>Returns once the client can take frames.</summary>
    Task StartAsync(CancellationToken cancel);

    /// <summary>The next frame from the client, of stdin or resize; an empty one of stdin closes it. Null once the client has closed the connection.</summary>
    ValueTask<StreamFrame?> ReceiveAsync(CancellationToken cancel);

    /// <summary>Sends a frame of stdout, stderr or the closing Status.</summary>
    ValueTask SendAsync(StreamFrame frame, CancellationToken cancel);

    /// <summary>Tells the client that nothing follows; it answers by closing the connection.</summary>
    Task FinishAsync(CancellationToken cancel);
}
