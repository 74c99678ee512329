using Orchestrator.Protocol.Streams;

namespace Orchestrator.NodeAgent.Runtime;

/// <summary>
/// What the agent needs of a container engine. Implementations: Docker Engine, and a simulated one. All calls are safe to repeat; containers carry
/// <see cref="ContainerSpec.Labels"/> as the agent's only memory. Throws <see cref="RuntimeUnavailableException"/> where the engine does not answer,
/// <see cref="RuntimeException"/> for a refusal with the engine's words.
/// </summary>
public interface IContainerRuntime : IAsyncDisposable
{
    /// <summary>Engine facts for nodeInfo and capacity; also the liveness check.</summary>
    Task<RuntimeInfo> InfoAsync(CancellationToken cancel);

    /// <summary>
    /// Prepares the node's pod network for its range of addresses (<c>10.244.1.0/24</c>). Called once the control plane has told the range and before
    /// the first <see cref="RunSandboxAsync"/>; repeating it with the same range changes nothing.
    /// </summary>
    Task ConfigureNetworkAsync(string podCidr, CancellationToken cancel) => Task.CompletedTask;

    /// <summary>
    /// Creates and starts the pod's sandbox (the built-in pause image) with its own network namespace, attached to the node's pod network with an address of the
    /// node's pod CIDR, unless <see cref="SandboxSpec.HostNetwork"/>.
    /// </summary>
    Task<SandboxState> RunSandboxAsync(SandboxSpec spec, CancellationToken cancel);

    /// <summary>Stops and removes the sandbox and its network. Nothing happens where it is gone.</summary>
    Task RemoveSandboxAsync(string sandboxId, CancellationToken cancel);

    /// <summary>Creates a container in the sandbox's namespaces; the image must be present.</summary>
    Task<string> CreateContainerAsync(ContainerSpec spec, CancellationToken cancel);

    /// <summary>Starts a created container.</summary>
    Task StartContainerAsync(string containerId, CancellationToken cancel);

    /// <summary>SIGTERM (or the image's stop signal), then SIGKILL after the grace; returns when it has stopped.</summary>
    Task StopContainerAsync(string containerId, TimeSpan grace, CancellationToken cancel);

    /// <summary>Removes a stopped container and its log.</summary>
    Task RemoveContainerAsync(string containerId, CancellationToken cancel);

    /// <summary>Everything of this node (label selector on cluster and node), sandboxes included, running or not.</summary>
    Task<IReadOnlyList<ContainerState>> ListAsync(CancellationToken cancel);

    /// <summary>One container, or null.</summary>
    Task<ContainerState?> InspectAsync(string containerId, CancellationToken cancel);

    /// <summary>Starts, deaths, OOM kills and removals as they happen, for this node's containers. Ends with <see cref="RuntimeUnavailableException"/> when the engine goes away.</summary>
    IAsyncEnumerable<RuntimeEvent> WatchAsync(CancellationToken cancel);

    /// <summary>The image, or null where it is not present. <paramref name="image"/> as in the pod, tag or digest.</summary>
    Task<ImageState?> FindImageAsync(string image, CancellationToken cancel);

    /// <summary>Pulls. Throws <see cref="RuntimeException"/> with the registry's words. Credentials null for anonymous.</summary>
    Task<ImageState> PullImageAsync(string image, RegistryCredentials? credentials, CancellationToken cancel);

    /// <summary>All images.</summary>
    Task<IReadOnlyList<ImageState>> ListImagesAsync(CancellationToken cancel);

    /// <summary>Removes an image that no container uses.</summary>
    Task RemoveImageAsync(string imageId, CancellationToken cancel);

    /// <summary>Runs a command to its end and returns exit code and combined output (at most <paramref name="maxOutput"/> bytes): probes and hooks.</summary>
    Task<ExecResult> ExecAsync(string containerId, IReadOnlyList<string> command, int maxOutput, CancellationToken cancel);

    /// <summary>Interactive exec; ends with a Status frame on <see cref="StreamFrame.Error"/>.</summary>
    Task ExecStreamAsync(string containerId, IReadOnlyList<string> command, bool stdin, bool stdout, bool stderr, bool tty, INodeStream stream, CancellationToken cancel);

    /// <summary>Attaches to the main process.</summary>
    Task AttachStreamAsync(string containerId, bool stdin, bool stdout, bool stderr, bool tty, INodeStream stream, CancellationToken cancel);

    /// <summary>Log lines of a container (also a stopped one) as stdout frames.</summary>
    Task LogStreamAsync(string containerId, LogOptions options, INodeStream stream, CancellationToken cancel);

    /// <summary>What every container and sandbox of this node that runs uses, as far as it can be measured.</summary>
    Task<IReadOnlyList<ContainerUsage>> UsageAsync(CancellationToken cancel);
}

/// <summary>The engine does not answer (stopped, restarting).</summary>
public sealed class RuntimeUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The engine answered no; <see cref="Exception.Message"/> has its words.</summary>
public sealed class RuntimeException(string message, int code = 0) : Exception(message)
{
    /// <summary>The engine's HTTP code, or 0.</summary>
    public int Code { get; } = code;
}

/// <summary>Facts about the engine and its machine.</summary>
public sealed record RuntimeInfo(string Name, string Version, string KernelVersion, string OsImage, string Architecture, int Cpus, long MemoryBytes, string StorageRoot);

/// <summary>A sandbox to run. Addresses and netmask come from the node's pod network.</summary>
public sealed record SandboxSpec
{
    /// <summary>Container name, unique per attempt: <c>k8s_POD_name_ns_uid_attempt</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The pod's host name.</summary>
    public required string HostName { get; init; }

    /// <summary>The agent's memory: cluster, node, pod, uid, attempt, …</summary>
    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>No network namespace of its own.</summary>
    public bool HostNetwork { get; init; }

    /// <summary>The host's process namespace.</summary>
    public bool HostPid { get; init; }

    /// <summary>The host's IPC namespace.</summary>
    public bool HostIpc { get; init; }

    /// <summary>Containers of the pod share the sandbox's process namespace.</summary>
    public bool ShareProcessNamespace { get; init; }

    /// <summary>Kernel parameters.</summary>
    public IReadOnlyDictionary<string, string> Sysctls { get; init; } = new Dictionary<string, string>();

    /// <summary>Published ports of the node: host address (empty for all), host port, container port, protocol (TCP, UDP).</summary>
    public IReadOnlyList<HostPort> HostPorts { get; init; } = [];

    /// <summary>Cgroup parent for the pod, or null.</summary>
    public string? CgroupParent { get; init; }
}

/// <summary>One published port.</summary>
public sealed record HostPort(string HostIp, int Port, int ContainerPort, string Protocol);

/// <summary>A sandbox as it runs. <paramref name="Ip"/> is null on the host network.</summary>
public sealed record SandboxState(string Id, string? Ip, int Pid);

/// <summary>A container to create.</summary>
public sealed record ContainerSpec
{
    /// <summary>Container name, unique per attempt.</summary>
    public required string Name { get; init; }

    /// <summary>The sandbox whose namespaces it joins.</summary>
    public required string SandboxId { get; init; }

    /// <summary>Image reference or id, present on the node.</summary>
    public required string Image { get; init; }

    /// <summary>The agent's memory.</summary>
    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>Entrypoint override, null for the image's.</summary>
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>Arguments, null for the image's (and none where Command is set).</summary>
    public IReadOnlyList<string>? Args { get; init; }

    /// <summary>NAME=value.</summary>
    public IReadOnlyList<string> Env { get; init; } = [];

    /// <summary>Working directory, null for the image's.</summary>
    public string? WorkingDir { get; init; }

    /// <summary>Bind mounts.</summary>
    public IReadOnlyList<MountSpec> Mounts { get; init; } = [];

    /// <summary>CPU limit in thousandths of a core, 0 for none.</summary>
    public long CpuLimitMillis { get; init; }

    /// <summary>CPU request in thousandths of a core, for the shares.</summary>
    public long CpuRequestMillis { get; init; }

    /// <summary>Memory limit in bytes, 0 for none.</summary>
    public long MemoryLimitBytes { get; init; }

    /// <summary>oom_score_adj by QoS; where the machine refuses negative ones the implementation degrades with a warning.</summary>
    public int OomScoreAdj { get; init; }

    /// <summary>Terminal.</summary>
    public bool Tty { get; init; }

    /// <summary>Keep stdin open; once only where <see cref="StdinOnce"/>.</summary>
    public bool Stdin { get; init; }

    /// <summary>Close stdin after the first attach ends.</summary>
    public bool StdinOnce { get; init; }

    /// <summary>uid[:gid] or name, null for the image's.</summary>
    public string? User { get; init; }

    /// <summary>Supplementary groups.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>Privileged container.</summary>
    public bool Privileged { get; init; }

    /// <summary>Read-only root file system.</summary>
    public bool ReadOnlyRootFilesystem { get; init; }

    /// <summary>no_new_privs.</summary>
    public bool NoNewPrivileges { get; init; }

    /// <summary>Capabilities to add, without CAP_.</summary>
    public IReadOnlyList<string> CapAdd { get; init; } = [];

    /// <summary>Capabilities to drop, without CAP_, or ALL.</summary>
    public IReadOnlyList<string> CapDrop { get; init; } = [];

    /// <summary>Engine security options, e.g. <c>seccomp=unconfined</c>.</summary>
    public IReadOnlyList<string> SecurityOptions { get; init; } = [];

    /// <summary>Host devices.</summary>
    public IReadOnlyList<string> Devices { get; init; } = [];

    /// <summary>Share the sandbox's process namespace.</summary>
    public bool ShareProcessNamespace { get; init; }

    /// <summary>The host's process namespace.</summary>
    public bool HostPid { get; init; }
}

/// <summary>A bind mount. Propagation: private, rslave, rshared.</summary>
public sealed record MountSpec(string HostPath, string ContainerPath, bool ReadOnly, string Propagation);

/// <summary>Where a container is in its life.</summary>
public enum ContainerPhase
{
    /// <summary>Created, never started.</summary>
    Created,

    /// <summary>Running.</summary>
    Running,

    /// <summary>Stopped.</summary>
    Exited,
}

/// <summary>A container as the engine sees it; times UTC. <paramref name="Ip"/> only for sandboxes.</summary>
public sealed record ContainerState(string Id, string Name, string Image, string ImageId, ContainerPhase Phase, IReadOnlyDictionary<string, string> Labels,
    DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt, int ExitCode, bool OomKilled, string Error, int Pid, string? Ip);

/// <summary>What happened to a container: start, die, oom, destroy.</summary>
public sealed record RuntimeEvent(string ContainerId, string Action, IReadOnlyDictionary<string, string> Labels, DateTimeOffset At);

/// <summary>An image on the node. <paramref name="User"/> is the image's configured user.</summary>
public sealed record ImageState(string Id, IReadOnlyList<string> Tags, IReadOnlyList<string> Digests, long SizeBytes, string User);

/// <summary>Registry login.</summary>
public sealed record RegistryCredentials(string Username, string Password, string ServerAddress);

/// <summary>Result of a run-to-end exec.</summary>
public sealed record ExecResult(int ExitCode, string Output);

/// <summary>Log options; times absolute.</summary>
public sealed record LogOptions(bool Follow, bool Timestamps, DateTimeOffset? Since, long? TailLines, long? LimitBytes);

/// <summary>What one container or sandbox that runs uses; null for what could not be measured.</summary>
public sealed record ContainerUsage(string ContainerId, IReadOnlyDictionary<string, string> Labels)
{
    /// <summary>When it started.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>Its own processor time and memory.</summary>
    public ResourceUsage? Own { get; init; }

    /// <summary>Of a sandbox: those of the whole pod, containers that have ended included.</summary>
    public ResourceUsage? Pod { get; init; }

    /// <summary>Of a sandbox with a network of its own: its interfaces.</summary>
    public IReadOnlyList<InterfaceUsage>? Interfaces { get; init; }
}

/// <summary>
/// Processor time so far and memory in use at one moment. <paramref name="WorkingSetBytes"/> is memory without the inactive file cache, as the kubelet counts it.
/// </summary>
public sealed record ResourceUsage(DateTimeOffset At, long CpuNanoseconds, long MemoryBytes, long WorkingSetBytes)
{
    /// <summary>Memory it may have, null for no limit.</summary>
    public long? MemoryLimitBytes { get; init; }

    /// <summary>Memory that no file backs.</summary>
    public long? RssBytes { get; init; }

    /// <summary>Page faults so far, the major ones included.</summary>
    public long? PageFaults { get; init; }

    /// <summary>Page faults so far that had to read.</summary>
    public long? MajorPageFaults { get; init; }
}

/// <summary>What has passed through a network interface so far.</summary>
public sealed record InterfaceUsage(string Name, long RxBytes, long RxErrors, long TxBytes, long TxErrors);
