using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote;

namespace Orchestrator.TestKit;

/// <summary>
/// A network of systems in one process, whose faults come from a seed: messages that are lost, frames that arrive late (in order within a connection, so that those of different
/// connections overtake each other), connections that break, and partitions in which nothing passes. Thread-safe.
/// </summary>
/// <param name="seed">Of every decision.</param>
public sealed class TestNetwork(int seed)
{
    private readonly Lock _lock = new();
    private readonly Random _random = new(seed);
    private readonly ConcurrentDictionary<Address, Endpoint> _listeners = new();
    private readonly ConcurrentDictionary<Wire, byte> _wires = new();
    private readonly HashSet<(Address, Address)> _partitioned = [];

    /// <summary>Chance of a message to be lost; handshakes, watches and the like are not, as TCP does not lose parts of a connection.</summary>
    public double LossRate { get; set; }

    /// <summary>Longest time that a frame is under way.</summary>
    public TimeSpan MaxDelay { get; set; }

    /// <summary>The clock of the delays.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>A transport for one system. With a null <paramref name="port"/> it only dials out, and <paramref name="host"/> is its name.</summary>
    public IRemoteTransport Transport(string host, int? port) => new Endpoint(this, host, port);

    /// <summary>From now on nothing passes between the two, and nobody is told: connections stay and are silent, new ones hang.</summary>
    public void Partition(Address one, Address other)
    {
        lock (_lock)
            _partitioned.Add(Pair(one, other));
    }

    /// <summary>Ends a partition; connections of before are broken.</summary>
    public void Heal(Address one, Address other)
    {
        lock (_lock)
            _partitioned.Remove(Pair(one, other));
        Break(one, other);
    }

    /// <summary>Breaks the connections of the two; they may connect again.</summary>
    public void Break(Address one, Address other)
    {
        foreach (var wire in _wires.Keys.Where(wire => Pair(wire.From, wire.To) == Pair(one, other)))
            wire.Break();
    }

    /// <summary>As when a process is killed: its connections break, and nobody listens there any more.</summary>
    public void Kill(Address address)
    {
        _listeners.TryRemove(address, out _);
        foreach (var wire in _wires.Keys.Where(wire => wire.From.Equals(address) || wire.To.Equals(address)))
            wire.Break();
    }

    private static (Address, Address) Pair(Address one, Address other) =>
        string.CompareOrdinal(one.ToString(), other.ToString()) < 0 ? (one, other) : (other, one);

    private bool IsPartitioned(Address one, Address other)
    {
        lock (_lock)
            return _partitioned.Contains(Pair(one, other));
    }

    private (bool Lost, TimeSpan Delay) Fate()
    {
        lock (_lock)
            return (LossRate > 0 && _random.NextDouble() < LossRate, MaxDelay > TimeSpan.Zero ? MaxDelay * _random.NextDouble() : TimeSpan.Zero);
    }

    private sealed class Endpoint(TestNetwork network, string host, int? port) : IRemoteTransport
    {
        private Func<ITransportConnection, Task>? _accept;
        private Address? _address;

        public ValueTask<Address> StartAsync(string system, Func<ITransportConnection, Task> accept, CancellationToken cancel)
        {
            _accept = accept;
            _address = Address.Remote(system, host, port);
            if (port is not null)
                network._listeners[_address] = this;
            return ValueTask.FromResult(_address);
        }

        public async ValueTask<ITransportConnection> DialAsync(Address remote, CancellationToken cancel)
        {
            var own = _address!;
            if (network.IsPartitioned(own, remote))
                await Task.Delay(Timeout.InfiniteTimeSpan, network.Time, cancel);
            if (!network._listeners.TryGetValue(remote, out var listener))
                throw new SocketException((int)SocketError.ConnectionRefused);
            var there = new Wire(network, own, remote);
            var back = new Wire(network, remote, own);
            there.Opposite = back;
            back.Opposite = there;
            var accepted = new Connection(there, back);
            _ = Task.Run(() => listener._accept!(accepted), CancellationToken.None);
            return new Connection(back, there);
        }

        public ValueTask DisposeAsync()
        {
            if (_address is not null && network._listeners.TryGetValue(_address, out var current) && ReferenceEquals(current, this))
                network._listeners.TryRemove(_address, out _);
            return ValueTask.CompletedTask;
        }
    }

    private sealed class Connection(Wire input, Wire output) : ITransportConnection
    {
        public PipeReader Input => input.Reader;

        public PipeWriter Output => output.Writer;

        public X509Certificate2? PeerCertificate => null;

        public void Abort()
        {
            input.Break();
            output.Break();
        }

        public async ValueTask DisposeAsync()
        {
            await output.Writer.CompleteAsync();
            await input.Reader.CompleteAsync();
        }
    }

    /// <summary>One direction: what is written into the one end comes out of the other, frame by frame.</summary>
    private sealed class Wire
    {
        private const byte Message = 4;

        private readonly TestNetwork _network;
        private readonly Pipe _sent = new();
        private readonly Pipe _arriving = new(new PipeOptions(pauseWriterThreshold: 32 * 1024 * 1024, resumeWriterThreshold: 16 * 1024 * 1024));
        private readonly CancellationTokenSource _broken = new();

        public Wire(TestNetwork network, Address from, Address to)
        {
            _network = network;
            From = from;
            To = to;
            network._wires.TryAdd(this, 0);
            _ = Task.Run(PumpAsync);
        }

        public Address From { get; }

        public Address To { get; }

        public Wire? Opposite { get; set; }

        public PipeReader Reader => _arriving.Reader;

        public PipeWriter Writer => _sent.Writer;

        public void Break()
        {
            _broken.Cancel();
            Opposite?._broken.Cancel();
        }

        private async Task PumpAsync()
        {
            Exception? end = null;
            try
            {
                while (await PassAsync())
                {
                }
            }
            catch (Exception broken) when (broken is OperationCanceledException or InvalidOperationException or IOException)
            {
                end = new IOException("the connection was broken");
            }

            _network._wires.TryRemove(this, out _);
            await _arriving.Writer.CompleteAsync(end);
            await _sent.Reader.CompleteAsync(end);
        }

        private async Task<bool> PassAsync()
        {
            var read = await _sent.Reader.ReadAsync(_broken.Token);
            var buffer = read.Buffer;
            while (TryTake(ref buffer, out var frame, out var isMessage))
            {
                var (lost, delay) = _network.Fate();
                if (delay > TimeSpan.Zero)
                    await Task.Delay(delay, _network.Time, _broken.Token);
                if ((lost && isMessage) || _network.IsPartitioned(From, To))
                    continue;
                foreach (var part in frame)
                    await _arriving.Writer.WriteAsync(part, _broken.Token);
            }

            _sent.Reader.AdvanceTo(buffer.Start, buffer.End);
            return !read.IsCompleted;
        }

        private static bool TryTake(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> frame, out bool isMessage)
        {
            frame = default;
            isMessage = false;
            if (buffer.Length < 5)
                return false;
            Span<byte> head = stackalloc byte[5];
            buffer.Slice(0, 5).CopyTo(head);
            var length = 4 + BinaryPrimitives.ReadInt32LittleEndian(head);
            if (buffer.Length < length)
                return false;
            isMessage = head[4] == Message;
            frame = buffer.Slice(0, length);
            buffer = buffer.Slice(length);
            return true;
        }
    }
}
