using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Orchestrator.Api.LocalCluster;

/// <summary>
/// One address for several members: passes each TCP connection on to a member that is ready, in turn. TLS goes through untouched. A connection whose member ends, ends;
/// clients connect again and reach another.
/// </summary>
internal sealed class MemberBalancer : IAsyncDisposable
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Func<IReadOnlyList<Uri>> _members;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly TcpListener _listener;
    private readonly ReadyProbe _probe;
    private readonly Task _accepting;
    private readonly Task _looking;
    private volatile IReadOnlyList<Uri> _ready = [];
    private int _turn;

    private MemberBalancer(IPEndPoint listen, Func<IReadOnlyList<Uri>> members, X509Certificate2 authority, TimeProvider time)
    {
        (_members, _time) = (members, time);
        _probe = new ReadyProbe(authority);
        _listener = new TcpListener(listen);
        _listener.Start(512);
        _accepting = AcceptAsync();
        _looking = LookAsync();
    }

    /// <summary>Listens. Throws <see cref="SocketException"/> where the port is taken.</summary>
    /// <param name="listen">The one address.</param>
    /// <param name="members">The members' own APIs; asked again and again.</param>
    /// <param name="authority">Signed the members' serving certificates.</param>
    /// <param name="time">The clock.</param>
    public static MemberBalancer Start(IPEndPoint listen, Func<IReadOnlyList<Uri>> members, X509Certificate2 authority, TimeProvider time) => new(listen, members, authority, time);

    /// <summary>Closes the listener and every connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await Task.WhenAll(_accepting, _looking);
        _probe.Dispose();
        _stop.Dispose();
    }

    private async Task LookAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var members = _members();
                var ready = await Task.WhenAll(members.Select(m => _probe.IsReadyAsync(m, _stop.Token)));
                _ready = [.. members.Where((_, i) => ready[i])];
                await Task.Delay(LookInterval, _time, _stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptSocketAsync(_stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                continue; // the client went away before it was accepted
            }
            _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using (client)
        {
            try
            {
                client.NoDelay = true;
                using var member = await ConnectAsync();
                if (member is null) return;
                await Task.WhenAll(PumpAsync(client, member), PumpAsync(member, client));
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // One side broke off; both are closed.
            }
        }
    }

    /// <summary>A connection to the next member that takes one; those that look ready come first, in turn.</summary>
    private async Task<Socket?> ConnectAsync()
    {
        var ready = _ready;
        var turn = (uint)Interlocked.Increment(ref _turn);
        var order = Enumerable.Range(0, ready.Count).Select(i => ready[(int)((turn + i) % ready.Count)]).Concat(_members().Except(ready));
        foreach (var address in order)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            using var timeout = new CancellationTokenSource(Patience, _time);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, timeout.Token);
            try
            {
                await socket.ConnectAsync(address.Host, address.Port, limit.Token);
                return socket;
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                socket.Dispose();
            }
        }
        return null;
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[32 * 1024];
        try
        {
            while (true)
            {
                var read = await from.ReceiveAsync(buffer, _stop.Token);
                if (read == 0) break;
                for (var sent = 0; sent < read;) sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), _stop.Token);
            }
            to.Shutdown(SocketShutdown.Send);
        }
        catch
        {
            // A broken side must not leave the other waiting.
            from.Close();
            to.Close();
            throw;
        }
    }
}
