using System.Text.Json.Serialization;

namespace Orchestrator.NodeAgent.Runtime.Docker;

// The parts of the Docker Engine API (1.41) that the runtime speaks, under the API's own names. Absent means default, on the wire too.

internal sealed record DockerError([property: JsonPropertyName("message")] string? Message);

internal sealed record DockerVersionInfo(string? Version, string? ApiVersion, string? KernelVersion, string? Os, string? Arch);

internal sealed record DockerInfo(string? ServerVersion, string? KernelVersion, string? OperatingSystem, string? Architecture, int NCPU, long MemTotal, string? DockerRootDir, string? CgroupDriver,
    string? CgroupVersion, string? SystemTime);

internal sealed record CreateContainerRequest
{
    public string? Hostname { get; init; }
    public string? User { get; init; }
    public bool Tty { get; init; }
    public bool OpenStdin { get; init; }
    public bool StdinOnce { get; init; }
    public IReadOnlyList<string>? Env { get; init; }
    public IReadOnlyList<string>? Cmd { get; init; }
    public IReadOnlyList<string>? Entrypoint { get; init; }
    public required string Image { get; init; }
    public string? WorkingDir { get; init; }
    public bool NetworkDisabled { get; init; }
    public required IReadOnlyDictionary<string, string> Labels { get; init; }
    public Healthcheck? Healthcheck { get; init; }
    public required HostConfig HostConfig { get; init; }
}

internal sealed record Healthcheck(IReadOnlyList<string> Test);

internal sealed record HostConfig
{
    public string? NetworkMode { get; init; }
    public string? IpcMode { get; init; }
    public string? PidMode { get; init; }
    public string? CgroupParent { get; init; }
    public long CpuShares { get; init; }
    public long CpuQuota { get; init; }
    public long CpuPeriod { get; init; }
    public long Memory { get; init; }
    public long MemorySwap { get; init; }
    public int OomScoreAdj { get; init; }
    public bool Privileged { get; init; }
    public bool ReadonlyRootfs { get; init; }
    public IReadOnlyList<string>? CapAdd { get; init; }
    public IReadOnlyList<string>? CapDrop { get; init; }
    public IReadOnlyList<string>? SecurityOpt { get; init; }
    public IReadOnlyList<string>? GroupAdd { get; init; }
    public IReadOnlyList<DockerMount>? Mounts { get; init; }
    public IReadOnlyList<DockerDevice>? Devices { get; init; }
    public IReadOnlyDictionary<string, string>? Sysctls { get; init; }
    public DockerLogConfig? LogConfig { get; init; }
    public DockerRestartPolicy? RestartPolicy { get; init; }
}

internal sealed record DockerMount(string Type, string Source, string Target, bool ReadOnly, DockerBindOptions? BindOptions);

internal sealed record DockerBindOptions(string Propagation);

internal sealed record DockerDevice(string PathOnHost, string PathInContainer, string CgroupPermissions);

internal sealed record DockerLogConfig(string Type, IReadOnlyDictionary<string, string> Config);

internal sealed record DockerRestartPolicy(string Name);

internal sealed record CreatedId(string Id);

internal sealed record ContainerSummary(string Id, IReadOnlyList<string>? Names, string? State, IReadOnlyDictionary<string, string>? Labels);

internal sealed record ContainerInspection(string Id, string Name, DateTimeOffset Created, string Image, InspectedState State, InspectedConfig Config, InspectedHostConfig HostConfig);

internal sealed record InspectedState(string Status, bool Running, bool OOMKilled, int Pid, int ExitCode, string? Error, DateTimeOffset StartedAt, DateTimeOffset FinishedAt);

internal sealed record InspectedConfig(string Image, bool Tty, bool OpenStdin, IReadOnlyDictionary<string, string>? Labels);

internal sealed record InspectedHostConfig(string? CgroupParent, string? NetworkMode);

internal sealed record DockerEvent(string? Type, string? Action, DockerEventActor? Actor, [property: JsonPropertyName("timeNano")] long TimeNano);

internal sealed record DockerEventActor(string? ID, IReadOnlyDictionary<string, string>? Attributes);

internal sealed record ImageInspection(string Id, IReadOnlyList<string>? RepoTags, IReadOnlyList<string>? RepoDigests, long Size, ImageConfig? Config);

internal sealed record ImageConfig(string? User);

internal sealed record ImageSummary(string Id, IReadOnlyList<string>? RepoTags, IReadOnlyList<string>? RepoDigests, long Size);

internal sealed record PullProgress([property: JsonPropertyName("status")] string? Status, [property: JsonPropertyName("error")] string? Error);

internal sealed record RegistryAuth([property: JsonPropertyName("username")] string Username, [property: JsonPropertyName("password")] string Password,
    [property: JsonPropertyName("serveraddress")] string ServerAddress);

internal sealed record CreateExecRequest(bool AttachStdin, bool AttachStdout, bool AttachStderr, bool Tty, IReadOnlyList<string> Cmd, string DetachKeys);

internal sealed record StartExecRequest(bool Detach, bool Tty);

internal sealed record ExecInspection(bool Running, int? ExitCode, int Pid);

/// <summary>Serializers made at build time: no reflection when the first pod of a node starts.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(DockerError)), JsonSerializable(typeof(DockerVersionInfo)), JsonSerializable(typeof(DockerInfo)), JsonSerializable(typeof(CreateContainerRequest))]
[JsonSerializable(typeof(CreatedId)), JsonSerializable(typeof(ContainerSummary[])), JsonSerializable(typeof(ContainerInspection)), JsonSerializable(typeof(DockerEvent))]
[JsonSerializable(typeof(ImageInspection)), JsonSerializable(typeof(ImageSummary[])), JsonSerializable(typeof(PullProgress)), JsonSerializable(typeof(RegistryAuth))]
[JsonSerializable(typeof(CreateExecRequest)), JsonSerializable(typeof(StartExecRequest)), JsonSerializable(typeof(ExecInspection))]
[JsonSerializable(typeof(Dictionary<string, string[]>)), JsonSerializable(typeof(string[]))]
internal sealed partial class DockerJson : JsonSerializerContext;
