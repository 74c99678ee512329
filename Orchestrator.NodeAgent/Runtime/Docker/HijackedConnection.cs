using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Orchestrator.NodeAgent.Runtime.Docker;

/// <summary>
/// A connection to the engine that has left HTTP (<c>Upgrade: tcp</c>): bytes both ways, each direction closed on its own. HttpClient cannot half-close,
/// and a command that reads stdin to its end (<c>cat</c>, <c>tar x</c>) never finishes without.
/// </summary>
internal sealed class HijackedConnection : IAsyncDisposable
{
    private const int LongestHead = 64 * 1024;
    private readonly Socket _socket;
    private ReadOnlyMemory<byte> _readAhead;

    private HijackedConnection(Socket socket, ReadOnlyMemory<byte> readAhead)
    {
        _socket = socket;
        _readAhead = readAhead;
    }

    /// <summary>Sends the request and waits for the switch. Takes ownership of the socket.</summary>
    public static async Task<HijackedConnection> OpenAsync(Socket socket, string path, byte[] body, CancellationToken cancel)
    {
        try
        {
            var head = string.Create(CultureInfo.InvariantCulture,
                $"POST /{path} HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
            await socket.SendAsync(new[] { new ArraySegment<byte>(Encoding.ASCII.GetBytes(head)), new ArraySegment<byte>(body) }, SocketFlags.None).WaitAsync(cancel).ConfigureAwait(false);
            return await ReadHeadAsync(socket, cancel).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new RuntimeUnavailableException($"Docker Engine hung up: {e.Message}", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Next bytes, 0 at the end.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancel)
    {
        if (_readAhead.Length > 0)
        {
            var n = Math.Min(buffer.Length, _readAhead.Length);
            _readAhead[..n].CopyTo(buffer);
            _readAhead = _readAhead[n..];
            return n;
        }

        return await _socket.ReceiveAsync(buffer, SocketFlags.None, cancel).ConfigureAwait(false);
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        while (data.Length > 0)
        {
            data = data[await _socket.SendAsync(data, SocketFlags.None, cancel).ConfigureAwait(false)..];
        }
    }

    /// <summary>No more bytes to the engine: the process sees the end of its stdin.</summary>
    public void CloseWrite() => _socket.Shutdown(SocketShutdown.Send);

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private static async Task<HijackedConnection> ReadHeadAsync(Socket socket, CancellationToken cancel)
    {
        var buffer = new byte[4096];
        var filled = 0;
        int end;
        while ((end = buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8)) < 0)
        {
            if (filled == LongestHead)
            {
                throw new RuntimeException("Docker Engine sent an endless response head");
            }

            if (filled == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }

            var n = await socket.ReceiveAsync(buffer.AsMemory(filled), SocketFlags.None, cancel).ConfigureAwait(false);
            if (n == 0)
            {
                throw new RuntimeUnavailableException("Docker Engine hung up before it answered");
            }

            filled += n;
        }

        var lines = Encoding.ASCII.GetString(buffer, 0, end).Split("\r\n");
        var code = lines[0].Split(' ') is [_, var text, ..] && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : 0;
        ReadOnlyMemory<byte> rest = buffer.AsMemory(end + 4, filled - end - 4);
        if (code is 101 or 200)
        {
            return new HijackedConnection(socket, rest);
        }

        var message = await ReadErrorAsync(socket, lines, rest, cancel).ConfigureAwait(false);
        throw new RuntimeException(DockerClient.ErrorMessage(message, code), code);
    }

    private static async Task<string> ReadErrorAsync(Socket socket, string[] head, ReadOnlyMemory<byte> rest, CancellationToken cancel)
    {
        var lengthHeader = Array.Find(head, l => l.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
        if (lengthHeader is null || !int.TryParse(lengthHeader.AsSpan("Content-Length:".Length).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var length))
        {
            return Encoding.UTF8.GetString(rest.Span);
        }

        var body = new byte[Math.Min(length, LongestHead)];
        var filled = Math.Min(rest.Length, body.Length);
        rest[..filled].CopyTo(body);
        while (filled < body.Length)
        {
            var n = await socket.ReceiveAsync(body.AsMemory(filled), SocketFlags.None, cancel).ConfigureAwait(false);
            if (n == 0)
            {
                break;
            }

            filled += n;
        }

        return Encoding.UTF8.GetString(body, 0, filled);
    }
}
