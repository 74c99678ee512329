using System.Globalization;

namespace Orchestrator.NodeAgent.Runtime.Docker;

/// <summary>Turns our specs into the engine's create requests. Pure.</summary>
internal static class ContainerRequests
{
    private const long CpuPeriodMicroseconds = 100_000;
    private const long SmallestCpuQuota = 1_000;
    private const long SmallestCpuShares = 2;
    private const long LargestCpuShares = 262_144;

    /// <summary>
    /// The sandbox. It is created with networking disabled in the engine: the kernel still gives it a network namespace of its own, but the engine's network library
    /// stays out, which halves the time to start (100 instead of 200 ms, measured); the pod network plugs the cable in.
    /// </summary>
    public static CreateContainerRequest Sandbox(SandboxSpec spec, string? ip, DockerOptions options, EngineTraits engine)
    {
        var labels = new Dictionary<string, string>(spec.Labels)
        {
            [DockerLabels.Cluster] = options.ClusterId,
            [DockerLabels.Node] = options.NodeName,
            [DockerLabels.Role] = DockerLabels.SandboxRole,
        };
        if (ip is not null)
        {
            labels[DockerLabels.Ip] = ip;
        }

        if (spec.HostPorts.Count > 0)
        {
            labels[DockerLabels.HostPorts] = Network.HostPortSyntax.Format(spec.HostPorts);
        }

        if (spec.CgroupParent is not null)
        {
            labels[DockerLabels.CgroupParent] = spec.CgroupParent;
        }

        return new CreateContainerRequest
        {
            Image = PauseImage.Reference,
            Hostname = spec.HostNetwork ? null : spec.HostName,
            NetworkDisabled = !spec.HostNetwork,
            Labels = labels,
            HostConfig = new HostConfig
            {
                NetworkMode = spec.HostNetwork ? "host" : "none",
                IpcMode = spec.HostIpc ? "host" : "shareable",
                PidMode = spec.HostPid ? "host" : null,
                CgroupParent = spec.CgroupParent is null ? null : CgroupTree.ForDriver(spec.CgroupParent, engine.CgroupDriver),
                CpuShares = SmallestCpuShares,
                OomScoreAdj = engine.AllowedOomScoreAdj(SandboxOomScoreAdj),
                ReadonlyRootfs = true,
                SecurityOpt = ["no-new-privileges"],
                Sysctls = spec.Sysctls.Count > 0 ? spec.Sysctls : null,
                LogConfig = new DockerLogConfig("none", new Dictionary<string, string>()),
                RestartPolicy = new DockerRestartPolicy("no"),
            },
        };
    }

    /// <summary>The kubelet protects a pod's sandbox so: without it the whole pod goes.</summary>
    public const int SandboxOomScoreAdj = -998;

    /// <summary>A container in its sandbox's namespaces.</summary>
    public static CreateContainerRequest Container(ContainerSpec spec, string? cgroupParent, DockerOptions options, EngineTraits engine)
    {
        var sandbox = "container:" + spec.SandboxId;
        var labels = new Dictionary<string, string>(spec.Labels)
        {
            [DockerLabels.Cluster] = options.ClusterId,
            [DockerLabels.Node] = options.NodeName,
            [DockerLabels.Role] = DockerLabels.ContainerRole,
            [DockerLabels.Sandbox] = spec.SandboxId,
        };
        if (cgroupParent is not null)
        {
            labels[DockerLabels.CgroupParent] = cgroupParent;
        }

        IReadOnlyList<string> security = spec.NoNewPrivileges ? [.. spec.SecurityOptions, "no-new-privileges"] : spec.SecurityOptions;
        return new CreateContainerRequest
        {
            Image = spec.Image,
            Entrypoint = NullIfEmpty(spec.Command),
            Cmd = NullIfEmpty(spec.Args),
            Env = NullIfEmpty(spec.Env),
            WorkingDir = spec.WorkingDir,
            User = spec.User,
            Tty = spec.Tty,
            OpenStdin = spec.Stdin,
            StdinOnce = spec.StdinOnce,
            Labels = labels,
            // Probes are the pod's, not the image's.
            Healthcheck = new Healthcheck(["NONE"]),
            HostConfig = new HostConfig
            {
                NetworkMode = sandbox,
                IpcMode = sandbox,
                PidMode = spec.HostPid ? "host" : spec.ShareProcessNamespace ? sandbox : null,
                CgroupParent = cgroupParent is null ? null : CgroupTree.ForDriver(cgroupParent, engine.CgroupDriver),
                CpuShares = Shares(spec.CpuRequestMillis > 0 ? spec.CpuRequestMillis : spec.CpuLimitMillis),
                CpuQuota = spec.CpuLimitMillis > 0 ? Math.Max(SmallestCpuQuota, spec.CpuLimitMillis * CpuPeriodMicroseconds / 1000) : 0,
                CpuPeriod = spec.CpuLimitMillis > 0 ? CpuPeriodMicroseconds : 0,
                Memory = spec.MemoryLimitBytes,
                // Equal to the memory means no swap; unset would mean twice as much.
                MemorySwap = spec.MemoryLimitBytes,
                OomScoreAdj = engine.AllowedOomScoreAdj(spec.OomScoreAdj),
                Privileged = spec.Privileged,
                ReadonlyRootfs = spec.ReadOnlyRootFilesystem,
                CapAdd = NullIfEmpty(spec.CapAdd),
                CapDrop = NullIfEmpty(spec.CapDrop),
                SecurityOpt = NullIfEmpty(security),
                GroupAdd = NullIfEmpty(spec.Groups),
                Mounts = spec.Mounts.Count == 0 ? null : [.. spec.Mounts.Select(Mount)],
                Devices = spec.Devices.Count == 0 ? null : [.. spec.Devices.Select(path => new DockerDevice(path, path, "rwm"))],
                LogConfig = new DockerLogConfig("json-file", new Dictionary<string, string>
                {
                    ["max-size"] = options.LogMaxSize,
                    ["max-file"] = options.LogMaxFiles.ToString(CultureInfo.InvariantCulture),
                }),
                RestartPolicy = new DockerRestartPolicy("no"),
            },
        };
    }

    /// <summary>cpu.shares of a request, within what the kernel takes; the least for none (Kubernetes' MilliCPUToShares).</summary>
    internal static long Shares(long millis) => Math.Clamp(millis * 1024 / 1000, SmallestCpuShares, LargestCpuShares);

    private static DockerMount Mount(MountSpec mount) => new("bind", mount.HostPath, mount.ContainerPath, mount.ReadOnly,
        new DockerBindOptions(mount.Propagation is "private" or "" ? "rprivate" : mount.Propagation));

    private static IReadOnlyList<string>? NullIfEmpty(IReadOnlyList<string>? list) => list is { Count: > 0 } ? list : null;
}
