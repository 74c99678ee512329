using System.Collections.Concurrent;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Orchestrator.NodeAgent.Network;
using Orchestrator.Protocol.Streams;

namespace Orchestrator.NodeAgent.Runtime.Docker;

/// <summary>
/// <see cref="IContainerRuntime"/> on Docker Engine (API 1.41 and up) and the node's <see cref="PodNetwork"/>. Keeps nothing that the engine's labels do not
/// hold: the maps here are caches of them.
/// </summary>
public sealed partial class DockerRuntime : IContainerRuntime
{
    private const int ParallelInspections = 16;
    private readonly DockerOptions _options;
    private readonly ILogger _log;
    private readonly DockerClient _client;
    private readonly PodNetwork _network;
    private readonly DockerImages _images;
    private readonly DockerEvents _events;
    private readonly DockerExec _exec;
    private readonly DockerLogs _logs;
    private readonly DockerUsage _usage;
    private readonly ConcurrentDictionary<string, SandboxMemory> _sandboxes = new();
    private readonly SemaphoreSlim _preparing = new(1, 1);
    private volatile EngineTraits? _engine;
    private int _warnedAboutOomScore;

    private DockerRuntime(DockerOptions options, TimeProvider time, ILogger log)
    {
        _options = options;
        _log = log;
        _client = new DockerClient(options.SocketPath);
        _network = new PodNetwork(options.ClusterId, options.NodeName, options.ClusterCidr, options.Mtu, log);
        _images = new DockerImages(_client);
        _events = new DockerEvents(_client, options, time);
        _exec = new DockerExec(_client, time, log);
        _logs = new DockerLogs(_client);
        _usage = new DockerUsage(InspectAsync, time);
    }

    /// <summary>A runtime for one node. Does no I/O yet: the engine may still be down.</summary>
    public static DockerRuntime Create(DockerOptions options, TimeProvider time, ILogger log) => new(options, time, log);

    /// <summary>The node's pod network.</summary>
    public PodNetwork Network => _network;

    /// <summary>
    /// Makes (or adopts) the node's pod network for its pod CIDR: addresses of existing sandboxes stay taken, their published ports are published again. To be
    /// called before the first sandbox, and again whenever the CIDR is known anew.
    /// </summary>
    public Task ConfigureNetworkAsync(string podCidr, CancellationToken cancel) =>
        // The engine takes its time to tell about itself; the network need not wait for that.
        Task.WhenAll(EngineAsync(cancel).AsTask(), AdoptNetworkAsync(podCidr, cancel));

    /// <inheritdoc/>
    public async Task<RuntimeInfo> InfoAsync(CancellationToken cancel)
    {
        var info = await _client.GetAsync("/info", DockerJson.Default.DockerInfo, cancel).ConfigureAwait(false);
        return new RuntimeInfo("docker", info.ServerVersion ?? "", info.KernelVersion ?? "", info.OperatingSystem ?? "", MachineNames.Kubernetes(info.Architecture), info.NCPU, info.MemTotal,
            info.DockerRootDir ?? "");
    }

    /// <inheritdoc/>
    public async Task<SandboxState> RunSandboxAsync(SandboxSpec spec, CancellationToken cancel)
    {
        var engine = await EngineAsync(cancel).ConfigureAwait(false);
        WarnAboutOomScore(engine, ContainerRequests.SandboxOomScoreAdj);
        var ip = spec.HostNetwork ? null : _network.Allocate();
        string? id = null;
        try
        {
            var request = ContainerRequests.Sandbox(spec, ip?.ToString(), _options, engine);
            id = await CreateAsync(spec.Name, request, replaceRunning: true, cancel).ConfigureAwait(false);
            _sandboxes[id] = SandboxMemory.FromLabels(request.Labels);
            await StartContainerAsync(id, cancel).ConfigureAwait(false);
            var running = await _client.GetAsync($"/containers/{id}/json", DockerJson.Default.ContainerInspection, cancel).ConfigureAwait(false);
            if (!running.State.Running || running.State.Pid == 0)
            {
                throw new RuntimeException($"the sandbox ended at once with exit code {running.State.ExitCode}: {running.State.Error}");
            }

            if (ip is not null)
            {
                await _network.AttachAsync(id, running.State.Pid, ip).ConfigureAwait(false);
                await _network.PublishAsync(id, ip, spec.HostPorts, cancel).ConfigureAwait(false);
            }

            return new SandboxState(id, ip?.ToString(), running.State.Pid);
        }
        catch
        {
            await AbandonSandboxAsync(id, ip).ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task RemoveSandboxAsync(string sandboxId, CancellationToken cancel)
    {
        var memory = await SandboxAsync(sandboxId, cancel).ConfigureAwait(false);
        await _network.UnpublishAsync(sandboxId, cancel).ConfigureAwait(false);
        await DeleteAsync(sandboxId, force: true, cancel).ConfigureAwait(false);
        if (memory?.CgroupParent is { } cgroup)
        {
            CgroupTree.Remove(cgroup);
        }

        if (_sandboxes.TryRemove(sandboxId, out _) && memory?.Ip is { } ip)
        {
            _network.Release(ip);
        }
    }

    /// <inheritdoc/>
    public async Task<string> CreateContainerAsync(ContainerSpec spec, CancellationToken cancel)
    {
        var engine = await EngineAsync(cancel).ConfigureAwait(false);
        WarnAboutOomScore(engine, spec.OomScoreAdj);
        var sandbox = await SandboxAsync(spec.SandboxId, cancel).ConfigureAwait(false)
            ?? throw new RuntimeException($"No such container: {spec.SandboxId}", 404);
        return await CreateAsync(spec.Name, ContainerRequests.Container(spec, sandbox.CgroupParent, _options, engine), replaceRunning: false, cancel).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task StartContainerAsync(string containerId, CancellationToken cancel) =>
        await _client.SendAsync(HttpMethod.Post, $"/containers/{containerId}/start", cancel).ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task StopContainerAsync(string containerId, TimeSpan grace, CancellationToken cancel)
    {
        try
        {
            await _client.SendAsync(HttpMethod.Post, $"/containers/{containerId}/stop?t={(long)Math.Ceiling(Math.Max(0, grace.TotalSeconds))}", cancel).ConfigureAwait(false);
        }
        catch (RuntimeException e) when (e.Code == 404)
        {
            LogAlreadyGone(_log, containerId);
        }
    }

    /// <inheritdoc/>
    public Task RemoveContainerAsync(string containerId, CancellationToken cancel) => DeleteAsync(containerId, force: false, cancel);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ContainerState>> ListAsync(CancellationToken cancel)
    {
        var summaries = await OwnSummariesAsync(all: true, cancel).ConfigureAwait(false);
        var states = new ContainerState?[summaries.Length];
        await Parallel.ForEachAsync(Enumerable.Range(0, summaries.Length), new ParallelOptions { MaxDegreeOfParallelism = ParallelInspections, CancellationToken = cancel },
            async (i, token) => states[i] = await InspectAsync(summaries[i].Id, token).ConfigureAwait(false)).ConfigureAwait(false);
        return [.. states.OfType<ContainerState>()];
    }

    /// <inheritdoc/>
    public async Task<ContainerState?> InspectAsync(string containerId, CancellationToken cancel) =>
        await _client.FindAsync($"/containers/{containerId}/json", DockerJson.Default.ContainerInspection, cancel).ConfigureAwait(false) is { } found
            ? ContainerStates.From(found)
            : null;

    /// <inheritdoc/>
    public async IAsyncEnumerable<RuntimeEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var happened in _events.WatchAsync(cancel).ConfigureAwait(false))
        {
            yield return happened;
        }
    }

    /// <inheritdoc/>
    public Task<ImageState?> FindImageAsync(string image, CancellationToken cancel) => _images.FindAsync(image, cancel);

    /// <inheritdoc/>
    public Task<ImageState> PullImageAsync(string image, RegistryCredentials? credentials, CancellationToken cancel) => _images.PullAsync(image, credentials, cancel);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ImageState>> ListImagesAsync(CancellationToken cancel) => _images.ListAsync(cancel);

    /// <inheritdoc/>
    public Task RemoveImageAsync(string imageId, CancellationToken cancel) => _images.RemoveAsync(imageId, cancel);

    /// <inheritdoc/>
    public Task<ExecResult> ExecAsync(string containerId, IReadOnlyList<string> command, int maxOutput, CancellationToken cancel) =>
        _exec.RunAsync(containerId, command, maxOutput, cancel);

    /// <inheritdoc/>
    public Task ExecStreamAsync(string containerId, IReadOnlyList<string> command, bool stdin, bool stdout, bool stderr, bool tty, INodeStream stream, CancellationToken cancel) =>
        _exec.StreamAsync(containerId, command, new StreamChoice(stdin, stdout, stderr, tty), stream, cancel);

    /// <inheritdoc/>
    public Task AttachStreamAsync(string containerId, bool stdin, bool stdout, bool stderr, bool tty, INodeStream stream, CancellationToken cancel) =>
        _exec.AttachAsync(containerId, new StreamChoice(stdin, stdout, stderr, tty), stream, cancel);

    /// <inheritdoc/>
    public Task LogStreamAsync(string containerId, LogOptions options, INodeStream stream, CancellationToken cancel) => _logs.StreamAsync(containerId, options, stream, cancel);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ContainerUsage>> UsageAsync(CancellationToken cancel)
    {
        var engine = await EngineAsync(cancel).ConfigureAwait(false);
        return await _usage.ReadAsync(await OwnSummariesAsync(all: false, cancel).ConfigureAwait(false), engine.CgroupDriver, cancel).ConfigureAwait(false);
    }

    /// <summary>Closes the connections. Containers and network stay as they are.</summary>
    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        _network.Dispose();
        _preparing.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task AdoptNetworkAsync(string podCidr, CancellationToken cancel)
    {
        var existing = new List<AttachedSandbox>();
        foreach (var container in await ListAsync(cancel).ConfigureAwait(false))
        {
            if (container.Labels.GetValueOrDefault(DockerLabels.Role) != DockerLabels.SandboxRole)
            {
                continue;
            }

            var memory = SandboxMemory.FromLabels(container.Labels);
            _sandboxes[container.Id] = memory;
            if (memory.Ip is not null)
            {
                existing.Add(new AttachedSandbox(container.Id, container.Phase == ContainerPhase.Running ? container.Pid : 0, memory.Ip, memory.HostPorts));
            }
        }

        await _network.ConfigureAsync(podCidr, existing, cancel).ConfigureAwait(false);
    }

    private Task<ContainerSummary[]> OwnSummariesAsync(bool all, CancellationToken cancel)
    {
        var filter = DockerClient.Filters(("label", [$"{DockerLabels.Cluster}={_options.ClusterId}", $"{DockerLabels.Node}={_options.NodeName}"]));
        return _client.GetAsync($"/containers/json?all={(all ? 1 : 0)}&filters={filter}", DockerJson.Default.ContainerSummaryArray, cancel);
    }

    // A name that is taken is an earlier attempt of the same call whose answer was lost. A sandbox is made again, since nobody knows how far the other one came; a
    // container is made again unless it has run.
    private async Task<string> CreateAsync(string name, CreateContainerRequest request, bool replaceRunning, CancellationToken cancel)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return (await _client.PostAsync($"/containers/create?name={Uri.EscapeDataString(name)}", request, DockerJson.Default.CreateContainerRequest, DockerJson.Default.CreatedId, cancel)
                    .ConfigureAwait(false)).Id;
            }
            catch (RuntimeException e) when (e.Code == 409 && attempt < 3)
            {
                var taken = await _client.FindAsync($"/containers/{Uri.EscapeDataString(name)}/json", DockerJson.Default.ContainerInspection, cancel).ConfigureAwait(false);
                if (taken?.Config.Labels?.GetValueOrDefault(DockerLabels.Cluster) is { } owner && owner != _options.ClusterId)
                {
                    throw;
                }

                if (taken is not null && !replaceRunning && taken.State.Status != "created")
                {
                    return taken.Id;
                }

                if (taken is not null)
                {
                    await DeleteAsync(taken.Id, force: true, cancel).ConfigureAwait(false);
                }
            }
            catch (RuntimeException e) when (e.Code == 404 && request.Image == PauseImage.Reference && attempt < 3)
            {
                // Somebody removed the image since it was imported.
                await EnsurePauseImageAsync(cancel).ConfigureAwait(false);
            }
        }
    }

    private async Task DeleteAsync(string id, bool force, CancellationToken cancel)
    {
        try
        {
            await _client.SendAsync(HttpMethod.Delete, $"/containers/{id}?v=1{(force ? "&force=1" : "")}", cancel).ConfigureAwait(false);
        }
        catch (RuntimeException e) when (e.Code == 404 || (e.Code == 409 && e.Message.Contains("already in progress", StringComparison.Ordinal)))
        {
            LogAlreadyGone(_log, id);
        }
    }

    private async Task AbandonSandboxAsync(string? id, IPAddress? ip)
    {
        if (id is not null)
        {
            try
            {
                // Not the caller's token: a cancelled start must not leave its sandbox behind.
                await RemoveSandboxAsync(id, CancellationToken.None).ConfigureAwait(false);
                return;
            }
            catch (Exception e) when (e is RuntimeException or RuntimeUnavailableException)
            {
                // Its label keeps the address taken until somebody removes it.
                LogLeftSandbox(_log, id, e);
                return;
            }
        }

        if (ip is not null)
        {
            _network.Release(ip);
        }
    }

    private async ValueTask<SandboxMemory?> SandboxAsync(string id, CancellationToken cancel)
    {
        if (_sandboxes.TryGetValue(id, out var known))
        {
            return known;
        }

        var found = await InspectAsync(id, cancel).ConfigureAwait(false);
        return found is null ? null : _sandboxes.GetOrAdd(id, SandboxMemory.FromLabels(found.Labels));
    }

    private async ValueTask<EngineTraits> EngineAsync(CancellationToken cancel)
    {
        if (_engine is { } known)
        {
            return known;
        }

        await _preparing.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (_engine is { } meanwhile)
            {
                return meanwhile;
            }

            var info = await _client.GetAsync("/info", DockerJson.Default.DockerInfo, cancel).ConfigureAwait(false);
            using var socket = await _client.OpenSocketAsync(cancel).ConfigureAwait(false);
            await EnsurePauseImageAsync(cancel).ConfigureAwait(false);
            return _engine = new EngineTraits(info.CgroupDriver, EngineTraits.ReadLowestOomScoreAdj(socket));
        }
        finally
        {
            _preparing.Release();
        }
    }

    private async Task EnsurePauseImageAsync(CancellationToken cancel)
    {
        if (await _images.FindAsync(PauseImage.Reference, cancel).ConfigureAwait(false) is null)
        {
            await _images.ImportAsync(PauseImage.Layer(RuntimeInformation.OSArchitecture), PauseImage.Repository, PauseImage.Tag, "ENTRYPOINT [\"/pause\"]", cancel).ConfigureAwait(false);
            foreach (var (repository, tag) in PauseImage.WellKnownNames)
            {
                if (await _images.FindAsync($"{repository}:{tag}", cancel).ConfigureAwait(false) is null)
                {
                    await _images.TagAsync(PauseImage.Reference, repository, tag, cancel).ConfigureAwait(false);
                }
            }
        }
    }

    private void WarnAboutOomScore(EngineTraits engine, int wanted)
    {
        var allowed = engine.AllowedOomScoreAdj(wanted);
        if (allowed != wanted && Interlocked.Exchange(ref _warnedAboutOomScore, 1) == 0)
        {
            LogOomScore(_log, wanted, allowed);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Docker Engine lacks CAP_SYS_RESOURCE: oom_score_adj {Wanted} becomes {Allowed}, so pods are protected less from running out of memory than their QoS class promises")]
    private static partial void LogOomScore(ILogger log, int wanted, int allowed);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Container {Container} is gone already")]
    private static partial void LogAlreadyGone(ILogger log, string container);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Sandbox {Sandbox} could not be removed after its start had failed")]
    private static partial void LogLeftSandbox(ILogger log, string sandbox, Exception why);
}
