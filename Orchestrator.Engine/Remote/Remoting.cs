using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote.Serialization;

namespace Orchestrator.Engine.Remote;

/// <summary>
/// Makes references to actors of other systems work (Akka.NET's remoting): sends, answers, Asks, death watch, and streams, over one connection per pair of
/// systems that either of them opened. It ends after the system's last actor has stopped, when everything that was sent has gone out.
/// </summary>
public sealed class Remoting : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Address, Association> _associations = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lazy<Task> _stop;
    private ImmutableHashSet<Address> _members = [];
    private Task _heartbeat = Task.CompletedTask;

    private Remoting(ActorSystem system, RemoteSettings settings, IRemoteTransport transport)
    {
        System = system;
        Settings = settings;
        Transport = transport;
        Serializer = new WireSerializer(settings.Messages, system);
        Handshake = new HandshakeProtocol(this);
        Log = new RemoteLog(system.LoggerFactory.CreateLogger("Orchestrator.Engine.Remote"));
        _stop = new Lazy<Task>(() => Task.Run(StopAsync));
    }

    internal ActorSystem System { get; }

    internal RemoteSettings Settings { get; }

    internal IRemoteTransport Transport { get; }

    internal WireSerializer Serializer { get; }

    internal HandshakeProtocol Handshake { get; }

    internal RemoteLog Log { get; }

    internal CancellationToken Stopping => _stopping.Token;

    /// <summary>
    /// Starts it: from then on <see cref="ActorSystem.Address"/> is where others reach the system, and <see cref="ActorSystem.ResolveActorRef"/> takes their addresses.
    /// It owns the transport. Throws what the transport throws, and <see cref="IllegalActorStateException"/> at a second start.
    /// </summary>
    public static async Task<Remoting> StartAsync(ActorSystem system, RemoteSettings settings, IRemoteTransport transport, CancellationToken cancel = default)
    {
        if (system.RemoteReferences is not null)
            throw new IllegalActorStateException($"Remoting of {system.Address} has been started before.");
        var remoting = new Remoting(system, settings, transport);
        system.RemoteReferences = (address, name) => new RemoteActorRef(remoting.AssociationOf(address), name);
        system.Address = await transport.StartAsync(system.Name, remoting.AcceptAsync, cancel).ConfigureAwait(false);
        system.GetOrAddExtension(_ => remoting);
        remoting._heartbeat = remoting.BeatAsync();
        system.SystemActorOf(Props.Create(() => new MemberWatch(remoting)), "remote-members");
        _ = system.WhenTerminated.ContinueWith(_ => remoting._stop.Value, TaskScheduler.Default);
        return remoting;
    }

    /// <summary>The system's. Throws <see cref="IllegalActorStateException"/> where it has not been started.</summary>
    public static Remoting Get(ActorSystem system) => system.GetExtension<Remoting>() ?? throw new IllegalActorStateException($"{system.Address} has no remoting.");

    /// <summary>Whether a connection to that system is up.</summary>
    public bool IsConnected(Address remote) => _associations.TryGetValue(remote, out var association) && association.IsConnected;

    /// <summary>
    /// Opens a stream to the system of an actor, over the connection that is there. <paramref name="request"/> is a message with a wire name; it goes to the
    /// other side's <see cref="RemoteSettings.Streams"/>. Throws <see cref="IOException"/> where there is no connection.
    /// </summary>
    public RemoteStream OpenStream(Address remote, object request)
    {
        if (!_associations.TryGetValue(remote, out var association) || association.CurrentStreams is not { } streams)
            throw new IOException($"there is no connection with {remote}");
        return streams.Open(request);
    }

    /// <summary>
    /// That system is dead, as far as this one is concerned: watchers of its actors get <see cref="Terminated"/>, what waits to be sent is dead letters. A system
    /// that comes back is talked to again. Membership calls it through the cluster's events.
    /// </summary>
    public void AddressTerminated(Address remote)
    {
        if (_associations.TryGetValue(remote, out var association))
            association.GiveUp();
    }

    /// <summary>Ends it, as the end of the system does. Completes when everything has gone out, or <see cref="RemoteSettings.FlushOnShutdown"/> is over.</summary>
    public async ValueTask DisposeAsync() => await _stop.Value.ConfigureAwait(false);

    /// <summary>Breaks every connection without a word, as a crash would: for tests.</summary>
    internal void Crash()
    {
        foreach (var association in _associations.Values)
            association.AbortLink();
    }

    internal bool IsMember(Address remote) => _members.Contains(remote);

    internal void MembersAre(ImmutableHashSet<Address> members) => _members = members;

    internal Association AssociationOf(Address remote) => _associations.GetOrAdd(remote, static (address, remoting) => new Association(remoting, address), this);

    private async Task AcceptAsync(ITransportConnection connection)
    {
        var open = true;
        try
        {
            using var timeout = new CancellationTokenSource(Settings.ConnectionTimeout, System.TimeProvider);
            var (hello, address, grant) = await Handshake.ReadHelloAsync(connection, timeout.Token).ConfigureAwait(false);
            var association = AssociationOf(address);
            if (association.TryAccept(hello.Uid, hello.Insists) is { } refusal)
                await HandshakeProtocol.RefuseAsync(connection, refusal, timeout.Token).ConfigureAwait(false);
            try
            {
                await Handshake.AcceptAsync(connection, timeout.Token).ConfigureAwait(false);
            }
            catch
            {
                association.AcceptFailed();
                throw;
            }

            open = false;
            await association.Attach(connection, hello.Uid, grant, inbound: true).ConfigureAwait(false);
        }
        catch (HandshakeRefusedException refused)
        {
            if (!refused.Crossed)
                Log.Refused(refused.Message);
        }
        catch (Exception broken) when (broken is IOException or OperationCanceledException or AuthenticationException or WireFormatException or InvalidOperationException)
        {
            Log.Refused(broken.Message);
        }
        finally
        {
            if (open)
                await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(Settings.HeartbeatInterval, System.TimeProvider);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false))
            {
                foreach (var association in _associations.Values)
                    association.Tick();
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The end.
        }
    }

    private async Task StopAsync()
    {
        using (var flush = new CancellationTokenSource(Settings.FlushOnShutdown, System.TimeProvider))
        {
            await Task.WhenAll(_associations.Values.Select(association => association.SayGoodbyeAsync(flush.Token))).ConfigureAwait(false);

            // Nobody sends anything any more; what came last and had to be passed on goes out before the connections close.
            await Task.WhenAll(_associations.Values.Select(association => association.CloseAsync(flush.Token))).ConfigureAwait(false);
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _heartbeat.ConfigureAwait(false);
        await Transport.DisposeAsync().ConfigureAwait(false);
    }
}
