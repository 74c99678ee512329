using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;
using Orchestrator.Protocol.Streams;

namespace Orchestrator.NodeAgent.Runtime.Simulated;

/// <summary>
/// A container engine that only keeps books: for tests in virtual time and for clusters of thousands of nodes in one process. Containers start, end and
/// fail as <see cref="SimulatedOptions"/> say. Thread-safe; a few hundred bytes per container.
/// </summary>
public sealed class SimulatedRuntime(SimulatedOptions options, TimeProvider time) : IContainerRuntime
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _containers = [];
    private readonly Dictionary<string, ImageState> _images = [];
    private readonly List<Channel<RuntimeEvent>> _watchers = [];
    private string? _down;
    private string _network = "10.244.0";
    private int _next;
    private int _sandboxes;

    /// <summary>Calls so far by name: what a test of "nothing is asked twice" counts.</summary>
    public System.Collections.Concurrent.ConcurrentDictionary<string, int> Calls { get; } = new();

    /// <summary>The engine stops answering with this message; containers live on.</summary>
    public void GoDown(string message)
    {
        lock (_lock)
        {
            _down = message;
            foreach (var watcher in _watchers) watcher.Writer.TryComplete(new RuntimeUnavailableException(message));
            _watchers.Clear();
        }
    }

    /// <summary>The engine answers again.</summary>
    public void ComeBack()
    {
        lock (_lock) _down = null;
    }

    /// <summary>A container or sandbox ends by itself, now.</summary>
    public void Crash(string id, int exitCode, bool oom = false)
    {
        lock (_lock)
            if (_containers.TryGetValue(id, out var entry)) End(entry, exitCode, oom);
    }

    /// <summary>Somebody removes a container behind the agent's back.</summary>
    public void Lose(string id)
    {
        lock (_lock)
        {
            if (!_containers.Remove(id, out var entry)) return;
            if (entry.State.Phase == ContainerPhase.Running) Publish(entry, "die");
            Publish(entry, "destroy");
        }
    }

    /// <inheritdoc/>
    public Task ConfigureNetworkAsync(string podCidr, CancellationToken cancel)
    {
        lock (_lock)
        {
            Enter("network");
            if (options.NetworkError() is { } error) throw new RuntimeException(error);
            _network = podCidr[..podCidr.LastIndexOf('.')];
        }
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<RuntimeInfo> InfoAsync(CancellationToken cancel)
    {
        lock (_lock) Enter("info");
        return Task.FromResult(new RuntimeInfo("simulated", "1.0", "6.1.0", "Simulated Linux", "amd64", options.Cpus, options.MemoryBytes, "/"));
    }

    /// <inheritdoc/>
    public async Task<SandboxState> RunSandboxAsync(SandboxSpec spec, CancellationToken cancel)
    {
        lock (_lock) Enter("run-sandbox");
        await Pass(options.SandboxTakes, cancel).ConfigureAwait(false);
        lock (_lock)
        {
            Enter();
            var entry = Add(spec.Name, "", spec.Labels, SimulatedBehaviour.Forever);
            var number = _next;
            var ip = spec.HostNetwork ? null : $"{_network}.{(_sandboxes++ % 250) + 2}";
            entry.State = entry.State with { Phase = ContainerPhase.Running, StartedAt = time.GetUtcNow(), Ip = ip };
            Publish(entry, "start");
            return new SandboxState(entry.State.Id, ip, number);
        }
    }

    /// <inheritdoc/>
    public Task RemoveSandboxAsync(string sandboxId, CancellationToken cancel)
    {
        lock (_lock)
        {
            Enter("remove-sandbox");
            Remove(sandboxId);
        }
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<string> CreateContainerAsync(ContainerSpec spec, CancellationToken cancel)
    {
        lock (_lock)
        {
            Enter("create");
            if (_containers.Values.Any(c => c.State.Name == spec.Name)) throw new RuntimeException($"Conflict. The container name \"/{spec.Name}\" is already in use", 409);
            return Task.FromResult(Add(spec.Name, spec.Image, spec.Labels, options.Behaviour(spec)).State.Id);
        }
    }

    /// <inheritdoc/>
    public async Task StartContainerAsync(string containerId, CancellationToken cancel)
    {
        Entry entry;
        lock (_lock)
        {
            Enter("start");
            entry = Get(containerId);
        }
        await Pass(entry.Behaviour.StartTakes, cancel).ConfigureAwait(false);
        lock (_lock)
        {
            Enter();
            if (entry.Behaviour.StartError is { } error)
            {
                entry.State = entry.State with { Error = error, ExitCode = 128 };
                throw new RuntimeException(error, 500);
            }
            entry.State = entry.State with { Phase = ContainerPhase.Running, StartedAt = time.GetUtcNow() };
            Publish(entry, "start");
        }
        if (entry.Behaviour.EndsAfter is not { } life) return;
        entry.Timer = time.CreateTimer(_ =>
        {
            lock (_lock) End(entry, entry.Behaviour.ExitCode, false);
        }, null, life, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public async Task StopContainerAsync(string containerId, TimeSpan grace, CancellationToken cancel)
    {
        Entry entry;
        lock (_lock)
        {
            Enter("stop");
            if (!_containers.TryGetValue(containerId, out entry!)) return;
        }
        var obeys = entry.Behaviour.StopTakes <= grace;
        await Pass(obeys ? entry.Behaviour.StopTakes : grace, cancel).ConfigureAwait(false);
        lock (_lock) End(entry, obeys ? 143 : 137, false);
    }

    /// <inheritdoc/>
    public Task RemoveContainerAsync(string containerId, CancellationToken cancel)
    {
        lock (_lock)
        {
            Enter("remove");
            Remove(containerId);
        }
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<ContainerState>> ListAsync(CancellationToken cancel)
    {
        lock (_lock)
        {
            Enter("list");
            return Task.FromResult<IReadOnlyList<ContainerState>>([.. _containers.Values.Select(c => c.State)]);
        }
    }

    /// <inheritdoc/>
    public Task<ContainerState?> InspectAsync(string containerId, CancellationToken cancel)
    {
        lock (_lock)
        {
            Enter("inspect");
            return Task.FromResult(_containers.TryGetValue(containerId, out var entry) ? entry.State : null);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<RuntimeEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        var channel = Channel.CreateUnbounded<RuntimeEvent>();
        lock (_lock)
        {
            Enter("watch");
            _watchers.Add(channel);
        }
        await foreach (var e in channel.Reader.ReadAllAsync(cancel).ConfigureAwait(false)) yield return e;
    }

    /// <inheritdoc/>
    public Task<ImageState?> FindImageAsync(string image, CancellationToken cancel)
    {
        lock (_lock)
        {
            Enter("find-image");
            return Task.FromResult(_images.GetValueOrDefault(image));
        }
    }

    /// <inheritdoc/>
    public async Task<ImageState> PullImageAsync(string image, RegistryCredentials? credentials, CancellationToken cancel)
    {
        lock (_lock) Enter("pull");
        await Pass(options.PullTakes, cancel).ConfigureAwait(false);
        lock (_lock)
        {
            Enter();
            if (options.PullError(image) is { } error) throw new RuntimeException(error, 404);
            return _images[image] = new ImageState($"sha256:{image.GetHashCode(StringComparison.Ordinal):x8}", [image], [], 1 << 20, "");
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<ImageState>> ListImagesAsync(CancellationToken cancel)
    {
        lock (_lock)
        {
            Enter("list-images");
            return Task.FromResult<IReadOnlyList<ImageState>>([.. _images.Values]);
        }
    }

    /// <inheritdoc/>
    public Task RemoveImageAsync(string imageId, CancellationToken cancel)
    {
        lock (_lock)
        {
            Enter("remove-image");
            foreach (var name in _images.Where(i => i.Value.Id == imageId).Select(i => i.Key).ToList()) _images.Remove(name);
        }
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<ExecResult> ExecAsync(string containerId, IReadOnlyList<string> command, int maxOutput, CancellationToken cancel)
    {
        lock (_lock)
        {
            Enter("exec");
            if (Get(containerId).State.Phase != ContainerPhase.Running) throw new RuntimeException($"Container {containerId} is not running", 409);
        }
        return Task.FromResult(options.Exec(containerId, command));
    }

    /// <inheritdoc/>
    public async Task ExecStreamAsync(string containerId, IReadOnlyList<string> command, bool stdin, bool stdout, bool stderr, bool tty, INodeStream stream, CancellationToken cancel)
    {
        var result = await ExecAsync(containerId, command, int.MaxValue, cancel).ConfigureAwait(false);
        await WriteAsync(stream, StreamFrame.Stdout, result.Output, cancel).ConfigureAwait(false);
        var status = result.ExitCode == 0
            ? """{"metadata":{},"status":"Success"}"""
            : $$$"""{"metadata":{},"status":"Failure","reason":"NonZeroExitCode","message":"command terminated with non-zero exit code: {{{result.ExitCode}}}","details":{"causes":[{"reason":"ExitCode","message":"{{{result.ExitCode}}}"}]}}""";
        await WriteAsync(stream, StreamFrame.Error, status, cancel).ConfigureAwait(false);
        stream.Output.TryComplete();
    }

    /// <inheritdoc/>
    public Task AttachStreamAsync(string containerId, bool stdin, bool stdout, bool stderr, bool tty, INodeStream stream, CancellationToken cancel) =>
        LogStreamAsync(containerId, new LogOptions(false, false, null, null, null), stream, cancel);

    /// <inheritdoc/>
    public async Task LogStreamAsync(string containerId, LogOptions log, INodeStream stream, CancellationToken cancel)
    {
        string text;
        lock (_lock)
        {
            Enter("log");
            text = Get(containerId).Behaviour.Log;
        }
        await WriteAsync(stream, StreamFrame.Stdout, text, cancel).ConfigureAwait(false);
        stream.Output.TryComplete();
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<ContainerUsage>> UsageAsync(CancellationToken cancel)
    {
        lock (_lock)
        {
            Enter("usage");
            return Task.FromResult<IReadOnlyList<ContainerUsage>>([.. _containers.Values.Where(c => c.State.Phase == ContainerPhase.Running).Select(c => UsageOf(c, time.GetUtcNow()))]);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        GoDown("disposed");
        return ValueTask.CompletedTask;
    }

    private static ContainerUsage UsageOf(Entry entry, DateTimeOffset now) => new(entry.State.Id, entry.State.Labels)
    {
        StartedAt = entry.State.StartedAt,
        Own = entry.Behaviour.Uses is { } uses && entry.State.StartedAt is { } since
            ? new ResourceUsage(now, (now - since).Ticks * 100 * uses.MilliCpu / 1000, uses.MemoryBytes, uses.MemoryBytes)
            : null,
    };

    private Entry Add(string name, string image, IReadOnlyDictionary<string, string> labels, SimulatedBehaviour behaviour)
    {
        var id = (++_next).ToString("x16", CultureInfo.InvariantCulture);
        var entry = new Entry(behaviour, new ContainerState(id, name, image, image, ContainerPhase.Created, labels, time.GetUtcNow(), null, null, 0, false, "", _next, null));
        _containers.Add(id, entry);
        return entry;
    }

    private void Remove(string id)
    {
        if (!_containers.Remove(id, out var entry)) return;
        if (entry.State.Phase == ContainerPhase.Running) End(entry, 137, false);
        Publish(entry, "destroy");
    }

    private void End(Entry entry, int exitCode, bool oom)
    {
        if (entry.State.Phase != ContainerPhase.Running) return;
        entry.Timer?.Dispose();
        entry.State = entry.State with { Phase = ContainerPhase.Exited, FinishedAt = time.GetUtcNow(), ExitCode = exitCode, OomKilled = oom, Ip = null };
        Publish(entry, "die");
    }

    private void Publish(Entry entry, string action)
    {
        var e = new RuntimeEvent(entry.State.Id, action, entry.State.Labels, time.GetUtcNow());
        foreach (var watcher in _watchers) watcher.Writer.TryWrite(e);
    }

    private Entry Get(string id) => _containers.TryGetValue(id, out var entry) ? entry : throw new RuntimeException($"No such container: {id}", 404);

    private void Enter(string? call = null)
    {
        if (call is not null) Calls.AddOrUpdate(call, 1, static (_, n) => n + 1);
        if (_down is { } message) throw new RuntimeUnavailableException(message);
    }

    private Task Pass(TimeSpan duration, CancellationToken cancel) => duration > TimeSpan.Zero ? Task.Delay(duration, time, cancel) : Task.CompletedTask;

    private static ValueTask WriteAsync(INodeStream stream, byte channel, string text, CancellationToken cancel) =>
        text.Length == 0 ? ValueTask.CompletedTask : stream.Output.WriteAsync(new StreamFrame(channel, Encoding.UTF8.GetBytes(text)), cancel);

    private sealed class Entry(SimulatedBehaviour behaviour, ContainerState state)
    {
        public SimulatedBehaviour Behaviour { get; } = behaviour;

        public ContainerState State { get; set; } = state;

        public ITimer? Timer { get; set; }
    }
}
