using Orchestrator.Engine.Actor;
using Orchestrator.NodeAgent.Images;
using Orchestrator.NodeAgent.Nodes;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Volumes;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>How one node's agent runs.</summary>
public sealed record NodeAgentOptions
{
    /// <summary>The Node object's name.</summary>
    public required string NodeName { get; init; }

    /// <summary>Identity of the cluster: containers of other clusters are never touched.</summary>
    public required string ClusterId { get; init; }

    /// <summary>The agent's data directory; the node's files are under <c>nodes/&lt;node&gt;</c>.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>The container engine.</summary>
    public required IContainerRuntime Runtime { get; init; }

    /// <summary>The control plane's endpoint for agents.</summary>
    public required IActorRef ControlPlane { get; init; }

    /// <summary>Further labels of the Node.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Taints of a Node that is created.</summary>
    public IReadOnlyList<Taint> Taints { get; init; } = [];

    /// <summary>Most pods at once.</summary>
    public int MaxPods { get; init; } = 110;

    /// <summary>The node's address: InternalIP and hostIP of its pods.</summary>
    public string HostIp { get; init; } = "127.0.0.1";

    /// <summary>Resolvers of pods with a cluster DNS policy; none: the host's.</summary>
    public IReadOnlyList<string> ClusterDns { get; init; } = [];

    /// <summary>Domain of services.</summary>
    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>How long between two signs of life.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long between two looks at capacity and conditions.</summary>
    public TimeSpan StatusInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The part of an interval until heartbeats and looks begin, above 0 to 1: many agents in one process do not all beat at once.</summary>
    public double Phase { get; init; } = 1;

    /// <summary>What real nodes take as <see cref="StatusDelay"/>: most containers run by then, and nobody waits noticeably longer for one that does not.</summary>
    public static readonly TimeSpan UsualStatusDelay = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a pod that is not Running yet may wait with its report, so that a quick start is told in one. Zero tells everything at once.</summary>
    public TimeSpan StatusDelay { get; init; }

    /// <summary>How long until an unanswered hello or report is repeated.</summary>
    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>When images are removed to free disk space.</summary>
    public ImageGarbagePolicy ImageGarbage { get; init; } = new();

    /// <summary>How long between two looks at ended containers and at what is left of pods that are gone; the kubelet's minute.</summary>
    public TimeSpan ContainerGarbageInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The least time between two collections of images, each at one of those looks; the kubelet's five minutes.</summary>
    public TimeSpan ImageGarbageInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Size and free space in bytes of the file system that holds a directory.</summary>
    public Func<string, (long Capacity, long Available)> ReadDisk { get; init; } = NodeFacts.DiskOf;

    /// <summary>Where pods' files are; null for <see cref="NodeRoot"/>.</summary>
    public INodeDisk? Disk { get; init; }

    /// <summary>Shows the machine as it is now; null for the one this process runs on.</summary>
    public Func<NodeFacts>? ReadMachine { get; init; }

    /// <summary>What the whole machine uses at a moment; for a node that is a model, nothing that the machine it runs on could tell.</summary>
    public Func<DateTimeOffset, MachineUsage> ReadUsage { get; init; } = MachineUsage.OfMachine;

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>The port that a kubelet would listen at, as the Node shows it. Nobody listens: what a kubelet serves is asked for through the connection with the control plane.</summary>
    public int KubeletPort { get; init; } = 10250;

    /// <summary>The machine as it is now.</summary>
    public NodeFacts Machine() => ReadMachine?.Invoke() ?? NodeFacts.OfMachine(DataDirectory);

    /// <summary>The node's own files.</summary>
    public string NodeRoot => Path.Combine(DataDirectory, "nodes", NodeName);

    /// <summary>Name resolution of pods.</summary>
    public DnsOptions Dns => new(ClusterDns, ClusterDomain, File.Exists("/etc/resolv.conf") ? File.ReadAllText("/etc/resolv.conf") : "");
}
