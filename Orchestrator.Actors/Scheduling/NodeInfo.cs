namespace Orchestrator.Actors.Scheduling;

/// <summary>
/// A node as the plugins see it: what it offers, what the pods on it (assumed ones included) take. Changed in place by
/// <see cref="NodeTable"/>, read by plugins; the scheduler is one actor, so nothing here is locked.
/// </summary>
public sealed class NodeInfo(string name)
{
    private static readonly IReadOnlyDictionary<string, string> NoLabels = new Dictionary<string, string>(StringComparer.Ordinal);
    private readonly List<HostPort> _ports = [];

    /// <summary>The node's name.</summary>
    public string Name { get; } = name;

    /// <summary>Position in <see cref="NodeTable.Nodes"/>, or -1 while pods refer to a node that does not exist (yet, or any more).</summary>
    public int Index { get; internal set; } = -1;

    /// <summary>metadata.labels.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; internal set; } = NoLabels;

    /// <summary>spec.unschedulable (cordoned).</summary>
    public bool Unschedulable { get; internal set; }

    /// <summary>spec.taints.</summary>
    public TaintSet Taints { get; internal set; } = TaintSet.None;

    /// <summary>status.allocatable by <see cref="ResourceColumns"/>.</summary>
    public long[] Allocatable { get; internal set; } = [];

    /// <summary>How many pods the node may hold.</summary>
    public long AllowedPods { get; internal set; }

    /// <summary>Sum of the requests of its pods by <see cref="ResourceColumns"/>.</summary>
    public long[] Requested { get; private set; } = [];

    /// <summary>Like <see cref="Requested"/> for cpu (thousandths), where a container without a request counts as 100.</summary>
    public long NonZeroMilliCpu { get; private set; }

    /// <summary>Like <see cref="Requested"/> for memory (bytes), where a container without a request counts as 200 MiB.</summary>
    public long NonZeroMemory { get; private set; }

    /// <summary>Pods on it that have not ended.</summary>
    public int PodCount { get; private set; }

    /// <summary>Ports of the node that its pods hold.</summary>
    public IReadOnlyList<HostPort> UsedPorts => _ports;

    internal void Add(PodInfo pod) => Account(pod, 1);

    internal void Remove(PodInfo pod) => Account(pod, -1);

    private void Account(PodInfo pod, int sign)
    {
        if (Requested.Length < pod.Requests.Length)
        {
            var wider = new long[pod.Requests.Length];
            Requested.CopyTo(wider, 0);
            Requested = wider;
        }
        for (var column = 0; column < pod.Requests.Length; column++) Requested[column] += sign * pod.Requests[column];
        NonZeroMilliCpu += sign * pod.NonZeroMilliCpu;
        NonZeroMemory += sign * pod.NonZeroMemory;
        PodCount += sign;
        foreach (var port in pod.HostPorts)
        {
            if (sign > 0) _ports.Add(port);
            else _ports.Remove(port);
        }
    }
}
