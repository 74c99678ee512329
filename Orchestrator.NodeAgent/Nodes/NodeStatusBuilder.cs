using Orchestrator.NodeAgent.Agent;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Nodes;

/// <summary>A Node and its status in the kubelet's words (upstream: pkg/kubelet/nodestatus). Pure.</summary>
public static class NodeStatusBuilder
{
    /// <summary>The Kubernetes version that clients see.</summary>
    public const string Version = "v1.32.0";

    private const long MemoryReserve = 100L << 20;
    private const int MaxImages = 50;

    /// <summary>The Node to register.</summary>
    public static Node Node(NodeAgentOptions options, NodeStatus status)
    {
        var node = new Node { Status = status };
        node.Metadata.Name = options.NodeName;
        node.Metadata.Labels = new Dictionary<string, string>(options.Labels)
        {
            ["kubernetes.io/hostname"] = options.NodeName,
            ["kubernetes.io/os"] = "linux",
            ["kubernetes.io/arch"] = NodeFacts.Architecture,
            ["beta.kubernetes.io/os"] = "linux",
            ["beta.kubernetes.io/arch"] = NodeFacts.Architecture,
        };
        if (options.Taints.Count > 0) node.Spec.Taints = [.. options.Taints];
        return node;
    }

    /// <summary>The status; <paramref name="before"/> gives the transition times.</summary>
    public static NodeStatus Build(NodeAgentOptions options, NodeFacts facts, NodeStatus? before, DateTimeOffset now)
    {
        var second = new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
        var memoryReserve = Math.Min(MemoryReserve, facts.MemoryBytes / 10);
        return new NodeStatus
        {
            Capacity = Resources(options, facts, facts.MemoryBytes, facts.StorageBytes),
            // As the kubelet's default hard eviction thresholds take it off: 100 MiB of memory, 10 % of the disk.
            Allocatable = Resources(options, facts, facts.MemoryBytes - memoryReserve, facts.StorageBytes / 10 * 9),
            Conditions =
            [
                Condition("MemoryPressure", facts.AvailableMemoryBytes < memoryReserve, ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available"), ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"), before, second),
                Condition("DiskPressure", facts.AvailableStorageBytes < facts.StorageBytes / 10, ("KubeletHasDiskPressure", "kubelet has disk pressure"), ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"), before, second),
                Condition("PIDPressure", facts.Pids.Used > facts.Pids.Max / 10 * 9, ("KubeletHasInsufficientPID", "kubelet has insufficient PID available"), ("KubeletHasSufficientPID", "kubelet has sufficient PID available"), before, second),
                Condition("Ready", facts is { Runtime: not null, NetworkError: null, ShuttingDown: false }, ("KubeletReady", "kubelet is posting ready status"), ("KubeletNotReady", WhyNotReady(facts)), before, second),
            ],
            Addresses = [new NodeAddress { Type = "InternalIP", Address = options.HostIp }, new NodeAddress { Type = "Hostname", Address = options.NodeName }],
            DaemonEndpoints = new NodeDaemonEndpoints { KubeletEndpoint = new DaemonEndpoint { Port = options.KubeletPort } },
            NodeInfo = Info(facts, before),
            Images = [.. facts.Images.OrderByDescending(i => i.SizeBytes).ThenBy(i => i.Id, StringComparer.Ordinal).Take(MaxImages).Select(i => new ContainerImage { Names = [.. i.Digests.Concat(i.Tags).Take(5)], SizeBytes = i.SizeBytes })],
        };
    }

    private static string WhyNotReady(NodeFacts facts) => facts.ShuttingDown
        ? "node is shutting down"
        : facts.Runtime is null
        ? $"container runtime is down: {facts.RuntimeError}"
        : $"container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:{facts.NetworkError}";

    /// <summary>Whether two statuses differ in more than the time of the last look.</summary>
    public static bool Differs(NodeStatus a, NodeStatus b) => !Comparable(a).AsSpan().SequenceEqual(Comparable(b));

    private static byte[] Comparable(NodeStatus status)
    {
        // Of an agent that looks every few seconds: taken out and put back is a tenth of the cost of a copy.
        var times = (status.Conditions ?? []).ConvertAll(c => c.LastHeartbeatTime);
        foreach (var condition in status.Conditions ?? []) condition.LastHeartbeatTime = null;
        var bytes = TypedJson.Write(status);
        for (var i = 0; i < times.Count; i++) status.Conditions![i].LastHeartbeatTime = times[i];
        return bytes;
    }

    private static Dictionary<string, Quantity> Resources(NodeAgentOptions options, NodeFacts facts, long memory, long storage) => new()
    {
        ["cpu"] = new Quantity(facts.Cpus),
        ["ephemeral-storage"] = new Quantity(storage / 1024 * 1024, QuantityFormat.BinarySI),
        ["memory"] = new Quantity(memory / 1024 * 1024, QuantityFormat.BinarySI),
        ["pods"] = new Quantity(options.MaxPods),
    };

    private static NodeCondition Condition(string type, bool holds, (string Reason, string Message) yes, (string Reason, string Message) no, NodeStatus? before, DateTimeOffset now)
    {
        var status = holds ? "True" : "False";
        var old = before?.Conditions?.Find(c => c.Type == type);
        var (reason, message) = holds ? yes : no;
        return new NodeCondition
        {
            Type = type,
            Status = status,
            Reason = reason,
            Message = message,
            LastHeartbeatTime = now,
            LastTransitionTime = old is not null && old.Status == status && old.LastTransitionTime is not null ? old.LastTransitionTime : now,
        };
    }

    private static NodeSystemInfo Info(NodeFacts facts, NodeStatus? before) => new()
    {
        MachineID = facts.Ids.Machine,
        SystemUUID = facts.Ids.System.Length > 0 ? facts.Ids.System : facts.Ids.Machine,
        BootID = facts.Ids.Boot,
        KernelVersion = facts.Runtime?.KernelVersion ?? before?.NodeInfo.KernelVersion ?? "",
        OSImage = facts.Runtime?.OsImage ?? before?.NodeInfo.OSImage ?? "",
        ContainerRuntimeVersion = facts.Runtime is { } r ? $"{r.Name}://{r.Version}" : before?.NodeInfo.ContainerRuntimeVersion ?? "",
        KubeletVersion = Version,
        KubeProxyVersion = Version,
        OperatingSystem = "linux",
        Architecture = NodeFacts.Architecture,
    };
}
