using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Orchestrator.Tests.Engine.Journal;

/// <summary>A line to a server that can be cut: all connections at once, or each where an answer comes back; or that hands nothing on any more.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Line, bool> _lines = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly int _serverPort;
    private readonly Task _accepting;
    private volatile bool _refusing;
    private int _swallowNext;

    public CuttingProxy(int serverPort)
    {
        _serverPort = serverPort;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Ends every connection.</summary>
    public void Cut()
    {
        foreach (var line in _lines.Keys) line.Dispose();
    }

    /// <summary>The next answer of the server is swallowed and its connection ended: what was asked has been done, and the asker does not know.</summary>
    public void SwallowNextAnswer() => Volatile.Write(ref _swallowNext, 1);

    /// <summary>Ends every connection and makes no new one, until it is set to false.</summary>
    public bool Refusing
    {
        get => _refusing;
        set
        {
            _refusing = value;
            if (value) Cut();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Stop();
        Cut();
        await _accepting;
        _closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            TcpClient client;
            try
            {
                client = await _listener.AcceptTcpClientAsync(_closing.Token);
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
            if (_refusing)
            {
                client.Dispose();
                continue;
            }
            var server = new TcpClient { NoDelay = true };
            client.NoDelay = true;
            var line = new Line(client, server);
            _lines[line] = true;
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _serverPort, _closing.Token);
                _ = CopyAsync(line, client, server, answers: false);
                _ = CopyAsync(line, server, client, answers: true);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                Drop(line);
            }
        }
    }

    private async Task CopyAsync(Line line, TcpClient from, TcpClient to, bool answers)
    {
        var buffer = new byte[65536];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, _closing.Token) is var count and > 0)
            {
                if (answers && Interlocked.Exchange(ref _swallowNext, 0) == 1) break;
                await to.GetStream().WriteAsync(buffer.AsMemory(0, count), _closing.Token);
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            // Cut, from either side.
        }
        Drop(line);
    }

    private void Drop(Line line)
    {
        _lines.TryRemove(line, out _);
        line.Dispose();
    }

    private sealed class Line(TcpClient client, TcpClient server) : IDisposable
    {
        public void Dispose()
        {
            client.Dispose();
            server.Dispose();
        }
    }
}
