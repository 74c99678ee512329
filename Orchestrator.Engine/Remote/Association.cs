using System.Numerics;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote.Serialization;

namespace Orchestrator.Engine.Remote;

/// <summary>
/// This system's relation to one other: what waits to be sent, the connection while there is one, who watches whom. It outlives connections; messages
/// that wait are sent over the next one. Thread-safe.
/// <code>
///   Idle ──something to send──▶ Dialling ──accepted──▶ Connected ──broken──▶ Idle | Waiting
///     ▲  ▲                         └──failed──▶ Waiting ──pause over──▶ Dialling
///     │  └── a connection of the other side comes in: Connected
///     └── given up (declared dead, or unreachable for too long): watchers are told, what waits is dead letters
/// </code>
/// </summary>
internal sealed partial class Association
{
    private readonly Lock _lock = new();
    private readonly Lock _taking = new();
    private readonly SendQueue _queue;
    private readonly HashSet<long> _endedLives = [];
    private Link? _link;
    private bool _dialling;
    private bool _accepting;
    private bool _insists;
    private int _failures;
    private ITimer? _retry;
    private long? _unreachableSince;
    private long _lastHeard;
    private long _life;
    private bool _closing;
    private bool _closed;
    private bool _queueFullLogged;

    public Association(Remoting remoting, Address remote)
    {
        Remoting = remoting;
        Remote = remote;
        RootPath = ActorPath.Root(remote);
        TemporaryPath = RootPath.Child("temp");
        _queue = new SendQueue(remoting.Settings.SendQueue);
        _unreachableSince = _lastHeard = System.TimeProvider.GetTimestamp();
    }

    public Remoting Remoting { get; }

    public Address Remote { get; }

    public ActorSystem System => Remoting.System;

    public ActorPath RootPath { get; }

    public ActorPath TemporaryPath { get; }

    public bool IsConnected
    {
        get
        {
            lock (_lock)
                return _link is not null;
        }
    }

    /// <summary>How long nothing has been heard, over whichever connection; before the first, since this was made.</summary>
    public TimeSpan SilentFor
    {
        get
        {
            lock (_lock)
                return System.TimeProvider.GetElapsedTime(_link?.LastHeard ?? _lastHeard);
        }
    }

    public SendQueue Queue => _queue;

    public LinkStreams? CurrentStreams
    {
        get
        {
            lock (_lock)
                return _link?.Streams;
        }
    }

    public void AbortLink()
    {
        Link? link;
        lock (_lock)
            link = _link;
        link?.Abort(new IOException("broken off"));
    }

    public void Send(object message, IActorRef? sender, RemoteActorRef recipient)
    {
        var item = new OutboundMessage(message, sender, recipient);
        if (message is IControlMessage)
        {
            SendControl(item);
        }
        else if (Volatile.Read(ref _closed) || !_queue.TryAddMessage(item))
        {
            if (!_queueFullLogged && !_closed)
                Remoting.Log.QueueFull(Remote, _queue.MessageCount);
            _queueFullLogged = true;
            DeadLetter(item);
        }
        else
        {
            EnsureConnecting();
        }
    }

    public void SendControl(Outbound item)
    {
        _queue.AddControl(item);
        EnsureConnecting();
    }

    public void SendInOrder(Outbound item)
    {
        _queue.AddInOrder(item);
        EnsureConnecting();
    }

    /// <summary>
    /// Fills a buffer for one write of <paramref name="link"/>: the engine's own frames first, then messages, then at most one piece of a stream, so that none of
    /// them waits for ever. False where the link is no longer the one in use.
    /// </summary>
    public bool Fill(FrameBuffer buffer, Link link)
    {
        const int Enough = 64 * 1024;
        lock (_taking)
        {
            if (!ReferenceEquals(Volatile.Read(ref _link), link))
                return false;
            while (_queue.TakeControl() is { } control)
                Encode(buffer, control, link);
            while (!link.PeerLeaves && buffer.Length < Enough && _queue.TakeMessage() is { } message)
            {
                if (message is OutboundMessage told)
                    NoteAsker(told);
                Encode(buffer, message, link);
                while (_queue.TakeControl() is { } control)
                    Encode(buffer, control, link);
            }

            if (_queue.TakeBulk() is { } bulk)
                Encode(buffer, bulk, link);
            return true;
        }
    }

    /// <summary>Whether somebody who dials us may come in. One who may must be followed by <see cref="Attach"/> or <see cref="AcceptFailed"/>.</summary>
    /// <param name="uid">The life of its system.</param>
    /// <param name="insists">It was refused as crossing before and has no connection nevertheless.</param>
    public HelloRefused? TryAccept(long uid, bool insists)
    {
        lock (_lock)
        {
            if (_closing)
                return new HelloRefused($"{System.Address} is shutting down", Crossed: false);
            if (_endedLives.Contains(uid))
                return new HelloRefused($"this life of {Remote} has been seen to end", Crossed: false);

            // Both dial at once: both sides keep the one connection that the lower address opened. To take the later one instead would lose what the first has under way.
            var crosses = _link is null ? _dialling : _link.Uid == uid && !_link.Inbound && !insists;
            if (crosses && string.CompareOrdinal(System.Address.ToString(), Remote.ToString()) < 0)
                return new HelloRefused($"{System.Address} is connecting itself", Crossed: true);
            _accepting = true;
            return null;
        }
    }

    public void AcceptFailed()
    {
        lock (_lock)
            _accepting = false;
        EnsureConnecting();
    }

    /// <summary>The handshake is done: this connection is the one in use from now on. Completes when it has ended.</summary>
    public async Task Attach(ITransportConnection connection, long uid, PeerGrant grant, bool inbound)
    {
        var link = new Link(this, connection, uid, grant, inbound);
        Link? former;
        long endedLife;
        lock (_taking)
        {
            lock (_lock)
            {
                _accepting = false;
                _dialling &= inbound;
                _insists = false;
                _failures = 0;
                _queueFullLogged = false;
                former = _link;
                endedLife = _life != 0 && _life != uid ? _life : 0;
                _life = uid;
                _link = link;
                _unreachableSince = null;
                _retry?.Dispose();
                _retry = null;
            }
        }

        former?.Abort(new IOException("a newer connection has taken its place"));
        if (endedLife != 0)
            EndLife(endedLife);
        RepeatWatches();
        Remoting.Log.Associated(Remote);
        System.EventStream.Publish(new AssociatedEvent(System.Address, Remote, inbound));
        _queue.Wake();
        var cause = await link.RunAsync().ConfigureAwait(false);
        OnEnded(link, cause);
    }

    /// <summary>Opens a connection where there is something to say and nobody is at it yet.</summary>
    public void EnsureConnecting()
    {
        // The usual case, without the lock.
        if (Volatile.Read(ref _link) is not null || !Remote.CanBeDialled)
            return;
        lock (_lock)
        {
            if (_link is not null || _dialling || _accepting || _retry is not null || _closing)
                return;
            _dialling = true;
        }

        _ = DialAsync();
    }

    /// <summary>Called every heartbeat interval.</summary>
    public void Tick()
    {
        Link? link;
        bool given;
        lock (_lock)
        {
            link = _link;
            given = link is null && _unreachableSince is { } since && System.TimeProvider.GetElapsedTime(since) >= Remoting.Settings.UnreachableAfter;
        }

        if (link is not null)
        {
            if (System.TimeProvider.GetElapsedTime(link.LastHeard) > Remoting.Settings.AcceptableHeartbeatPause)
                link.Abort(new TimeoutException($"nothing was heard for {Remoting.Settings.AcceptableHeartbeatPause}"));
            else
                _queue.AddControl(new OutboundText(FrameKind.Heartbeat));
        }
        else if (Remoting.IsMember(Remote))
        {
            EnsureConnecting();
        }
        else if (given)
        {
            lock (_lock)
                _unreachableSince = System.TimeProvider.GetTimestamp();
            if (HasWatches || _queue.MessageCount > 0)
                GiveUp();
        }
    }

    /// <summary>Declared dead, or unreachable for too long: watchers are told, what waits is dead letters. It may come back.</summary>
    public void GiveUp()
    {
        Remoting.Log.AddressTerminated(Remote);
        EndWatched();
        if (!IsConnected)
        {
            // It says again whom it watches when it comes back.
            EndWatchers();
            DropMessages();
        }

        FailAskers();
        System.EventStream.Publish(new AddressTerminatedEvent(System.Address, Remote));
    }

    /// <summary>
    /// Tells the peer that this life ends, behind what waits, and completes when it knows (at once where there is no connection): whatever it has sent has come by then, and nothing
    /// more will. What this side still has to pass on is sent.
    /// </summary>
    public async Task SayGoodbyeAsync(CancellationToken cancel)
    {
        Link? link;
        lock (_lock)
        {
            _closing = true;
            link = _link;
            _retry?.Dispose();
        }

        if (link is null)
            return;
        _queue.AddInOrder(new OutboundText(FrameKind.Goodbye));
        try
        {
            await link.GoodbyeSeen.WaitAsync(cancel).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            link.Abort(new TimeoutException("the peer did not confirm the end in time"));
        }
    }

    /// <summary>Sends what waits, then closes the connection.</summary>
    public async Task CloseAsync(CancellationToken cancel)
    {
        Link? link;
        lock (_lock)
        {
            _closed = true;
            link = _link;
        }

        if (link is not null)
        {
            try
            {
                link.CloseWhenSent();
                await link.Ended.WaitAsync(cancel).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                link.Abort(new TimeoutException("what was sent did not go out in time"));
            }
        }

        DropMessages();
    }

    private void Encode(FrameBuffer buffer, Outbound item, Link link)
    {
        buffer.BeginFrame();
        try
        {
            item.Write(buffer, Remoting.Serializer);
            buffer.EndFrame();
        }
        catch (Exception unfit) when (unfit is WireFormatException or JsonException or NotSupportedException or InvalidOperationException or OverflowException or ArgumentException)
        {
            buffer.AbandonFrame();
            NotSent(item, unfit, link);
        }
    }

    /// <summary>Our own message is at fault, so the sender hears of it, not the receiver.</summary>
    private void NotSent(Outbound item, Exception cause, Link link)
    {
        switch (item)
        {
            case OutboundMessage message:
                Remoting.Log.NotSent(message.Message.GetType(), message.Recipient.ToString(), cause.Message);
                if (message.Sender is TemporaryActorRef waiting)
                    waiting.Tell(new Status.Failure(cause), message.Recipient);
                DeadLetter(message);
                break;
            case OutboundStreamOpen open:
                link.Streams.Fail(open.Stream, cause);
                break;
        }
    }

    private async Task DialAsync()
    {
        ITransportConnection? connection = null;
        try
        {
            using var timeout = new CancellationTokenSource(Remoting.Settings.ConnectionTimeout, System.TimeProvider);
            using var cancel = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, Remoting.Stopping);
            connection = await Remoting.Transport.DialAsync(Remote, cancel.Token).ConfigureAwait(false);
            var (uid, grant) = await Remoting.Handshake.DialAsync(connection, Remote, Volatile.Read(ref _insists), cancel.Token).ConfigureAwait(false);
            var open = connection;
            connection = null;
            await Attach(open, uid, grant, inbound: false).ConfigureAwait(false);
        }
        catch (Exception cause)
        {
            OnDialFailed(cause is OperationCanceledException && !Remoting.Stopping.IsCancellationRequested
                ? new TimeoutException($"no connection within {Remoting.Settings.ConnectionTimeout}", cause) : cause);
        }
        finally
        {
            if (connection is not null)
                await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void OnDialFailed(Exception cause)
    {
        TimeSpan pause;
        int failures;
        lock (_lock)
        {
            _dialling = false;
            if (_closing || _link is not null || _accepting)
                return;
            _insists = cause is HandshakeRefusedException { Crossed: true };
            pause = ScheduleRetry();
            failures = _failures;
        }

        // The other side's own connection is coming in: not worth a word.
        if (cause is HandshakeRefusedException { Crossed: true })
            return;
        // Ever more rarely: one that is gone for days is no news every other second.
        Remoting.Log.DialFailed(BitOperations.IsPow2(failures) ? LogLevel.Warning : LogLevel.Debug, Remote, failures, pause, cause.Message);
        System.EventStream.Publish(new AssociationErrorEvent(System.Address, Remote, cause));
    }

    /// <summary>Under the lock.</summary>
    private TimeSpan ScheduleRetry()
    {
        var settings = Remoting.Settings;
        var full = Math.Min(settings.RetryGate.TotalMilliseconds * Math.Pow(2, Math.Min(_failures++, 20)), settings.MaxRetryGate.TotalMilliseconds);
        var pause = TimeSpan.FromMilliseconds(full * (0.5 + (settings.Random.NextDouble() / 2)));
        _retry = System.TimeProvider.CreateTimer(_ => Retry(), null, pause, Timeout.InfiniteTimeSpan);
        return pause;
    }

    private void Retry()
    {
        lock (_lock)
        {
            _retry?.Dispose();
            _retry = null;
        }

        ConnectWhereWanted();
    }

    /// <summary>Somebody waits for it; or it is a member, which there always has to be a connection with.</summary>
    private void ConnectWhereWanted()
    {
        if (!_queue.IsEmpty || HasWatches || Remoting.IsMember(Remote))
            EnsureConnecting();
    }

    private void OnEnded(Link link, Exception? cause)
    {
        lock (_lock)
        {
            if (!ReferenceEquals(_link, link))
                return;
            _link = null;
            _lastHeard = link.LastHeard;
            _unreachableSince = System.TimeProvider.GetTimestamp();
            if (Remote.CanBeDialled && !_closing && !link.PeerLeaves)
                ScheduleRetry();
        }

        Remoting.Log.Disassociated(Remote, link.PeerLeaves ? "it has shut down" : cause?.Message ?? "it closed the connection");
        if (link.PeerLeaves)
            EndLife(link.Uid);
        System.EventStream.Publish(new DisassociatedEvent(System.Address, Remote, cause));
        ConnectWhereWanted();
    }

    private void EndLife(long uid)
    {
        lock (_lock)
        {
            _endedLives.Add(uid);
            if (_life == uid)
                _life = 0;
        }

        EndWatchers();
        EndWatched();
        FailAskers();
        System.EventStream.Publish(new QuarantinedEvent(System.Address, Remote, uid));
    }

    private void DropMessages()
    {
        lock (_taking)
        {
            while (_queue.TakeMessage() is { } item)
            {
                if (item is OutboundMessage { Message: IReroutedWhenUnsent } rerouted)
                    System.EventStream.Publish(new UnsentMessage(rerouted.Message, rerouted.Sender, rerouted.Recipient));
                else if (item is OutboundMessage message)
                {
                    if (message.Sender is TemporaryActorRef asker)
                        asker.Tell(new Status.Failure(new PeerLostException(Remote, sent: false)), null);
                    DeadLetter(message);
                }
            }
        }
    }

    private void DeadLetter(OutboundMessage message) => System.DeadLetters.Tell(new DeadLetter(message.Message, message.Sender, message.Recipient), message.Sender);
}
