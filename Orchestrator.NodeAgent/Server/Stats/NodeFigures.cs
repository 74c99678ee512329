using Orchestrator.NodeAgent.Runtime;

namespace Orchestrator.NodeAgent.Server.Stats;

/// <summary>What something uses, and how fast its processor time grows; null for the latter until two looks have been taken.</summary>
internal sealed record MeasuredUse(ResourceUsage Usage, long? NanoCores);

/// <summary>A container that runs.</summary>
internal sealed record ContainerFigures(string Name, DateTimeOffset? StartedAt, MeasuredUse? Use);

/// <summary>A pod of which something runs.</summary>
internal sealed record PodFigures(string Namespace, string Name, string Uid, DateTimeOffset? StartedAt, IReadOnlyList<ContainerFigures> Containers, MeasuredUse? Use, IReadOnlyList<InterfaceUsage>? Interfaces);

/// <summary>A file system, in bytes.</summary>
internal sealed record DiskFigures(long Capacity, long Available);

/// <summary>A node and its pods at one moment; null for what could not be measured.</summary>
internal sealed record NodeFigures(string Node, DateTimeOffset At, DateTimeOffset? StartedAt, MeasuredUse? Use, IReadOnlyList<InterfaceUsage>? Interfaces, DiskFigures? Disk, DiskFigures? ImageDisk,
    (long Max, long Used) Pids, IReadOnlyList<PodFigures> Pods);
