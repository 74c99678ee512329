using System.Net.WebSockets;
using System.Threading.Channels;
using Orchestrator.Protocol.Streams;

namespace Orchestrator.Api.Streaming;

/// <summary>
/// Carries one exec or attach between a client and the node's stream until either side ends. Back-pressure passes through: no frame is read from one
/// side before the other has taken the last.
/// </summary>
internal sealed class CommandSession(IClientChannels client, INodeStream node)
{
    /// <summary>Runs to the end of the command. The client's disappearance ends the node's side too.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        await client.StartAsync(stop.Token);
        var fromClient = PumpFromClientAsync(stop.Token);
        try
        {
            await foreach (var frame in node.Input.ReadAllAsync(stop.Token)) await client.SendAsync(frame, stop.Token);
            await client.FinishAsync(stop.Token);
            // The client answers the end by closing; one that does not is cut off.
            stop.CancelAfter(WebSocketUpgrade.CloseWait);
            await fromClient;
        }
        finally
        {
            await stop.CancelAsync();
            await fromClient;
        }
    }

    // Ends without an error whichever way the client goes: then there is nobody left to tell.
    private async Task PumpFromClientAsync(CancellationToken cancel)
    {
        try
        {
            while (await client.ReceiveAsync(cancel) is { } frame) await node.Output.WriteAsync(frame, cancel);
        }
        catch (ChannelClosedException)
        {
            // The node takes no more; what the client still sends has no reader, and its closing is waited for all the same.
            await DrainAsync(cancel);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // The node's side is told by the completion below.
        }
        node.Output.TryComplete();
    }

    private async Task DrainAsync(CancellationToken cancel)
    {
        try
        {
            while (await client.ReceiveAsync(cancel) is not null)
            {
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // As above.
        }
    }
}
