using System.Net.WebSockets;

namespace Orchestrator.Api.Streaming;

/// <summary>
/// A WebSocket on which only the server speaks (a watch, a log). What the client sends is read and dropped, since its closing may be among it; and the connection ends when both have said so,
/// because clients take one that breaks in the middle of that for an error.
/// </summary>
internal static class OneWaySocket
{
    /// <summary>Runs <paramref name="speak"/> until it is through, the client closes or <paramref name="cancel"/>; the token it gets knows of both. Then closes.</summary>
    public static async Task RunAsync(WebSocket socket, Func<CancellationToken, Task> speak, CancellationToken cancel)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var patience = new CancellationTokenSource();
        var listening = ListenAsync(socket, over, patience.Token);
        try
        {
            await speak(over.Token);
        }
        catch (Exception e) when (e is WebSocketException or IOException || (e is OperationCanceledException && over.IsCancellationRequested))
        {
            // The client has gone, or the server ends it.
        }
        finally
        {
            patience.CancelAfter(WebSocketUpgrade.CloseWait);
            await CloseAsync(socket, patience.Token);
            await listening;
        }
    }

    private static async Task ListenAsync(WebSocket socket, CancellationTokenSource over, CancellationToken patience)
    {
        var dropped = new byte[256];
        try
        {
            while ((await socket.ReceiveAsync(dropped.AsMemory(), patience)).MessageType != WebSocketMessageType.Close)
            {
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // Gone without a word, or silent for too long.
        }
        await over.CancelAsync();
    }

    private static async Task CloseAsync(WebSocket socket, CancellationToken patience)
    {
        try
        {
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived) await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, patience);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // There is nobody left to say it to.
        }
    }
}
