using Orchestrator.Actors.Scheduling.Topology;

namespace Orchestrator.Actors.Scheduling;

/// <summary>
/// A node as the plugins see it: what it offers, what the pods on it (assumed ones included) take. Changed in place by
/// <see cref="NodeTable"/>, read by plugins; the scheduler is one actor, so nothing here is locked.
/// </summary>
public sealed class NodeInfo(string name)
{
    private readonly List<PodInfo> _pods = [];
    private readonly List<HostPort> _ports = [];

    /// <summary>The node's name.</summary>
    public string Name { get; } = name;

    /// <summary>Position in <see cref="NodeTable.Nodes"/>, or -1 while pods refer to a node that does not exist (yet, or any more).</summary>
    public int Index { get; internal set; } = -1;

    /// <summary>A small number of its own for as long as it is known, for arrays by node.</summary>
    public int Slot { get; internal set; } = -1;

    /// <summary>metadata.labels.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; internal set; } = LabelMaps.None;

    /// <summary>spec.unschedulable (cordoned).</summary>
    public bool Unschedulable { get; internal set; }

    /// <summary>spec.taints.</summary>
    public TaintSet Taints { get; internal set; } = TaintSet.None;

    /// <summary>status.allocatable by <see cref="ResourceColumns"/>.</summary>
    public long[] Allocatable { get; private set; } = [];

    /// <summary>How many pods the node may hold.</summary>
    public long AllowedPods { get; private set; }

    // Every pod looks at cpu and memory of hundreds of nodes: these are here beside the vectors, so that it follows one pointer per node, not three.

    /// <summary>Allocatable cpu in thousandths.</summary>
    public long MilliCpu { get; private set; }

    /// <summary>Allocatable memory in bytes.</summary>
    public long Memory { get; private set; }

    /// <summary>Allocatable cpu that no pod has asked for, in thousandths; below zero where pods have more than there is.</summary>
    public long FreeMilliCpu { get; private set; }

    /// <summary>Like <see cref="FreeMilliCpu"/> for memory, in bytes.</summary>
    public long FreeMemory { get; private set; }

    /// <summary>Sum of the requests of its pods by <see cref="ResourceColumns"/>.</summary>
    public long[] Requested { get; private set; } = [];

    /// <summary>Like <see cref="Requested"/> for cpu (thousandths), where a container without a request counts as 100.</summary>
    public long NonZeroMilliCpu { get; private set; }

    /// <summary>Like <see cref="Requested"/> for memory (bytes), where a container without a request counts as 200 MiB.</summary>
    public long NonZeroMemory { get; private set; }

    /// <summary>Pods on it that have not ended.</summary>
    public int PodCount { get; private set; }

    /// <summary>The pods on it, in no particular order.</summary>
    public IReadOnlyList<PodInfo> Pods => _pods;

    /// <summary>Pods that wait for victims on this node to go, or null: the usual case, checked for every node and pod.</summary>
    public List<PodInfo>? Nominated { get; internal set; }

    /// <summary>Images it has.</summary>
    internal ImageInfo[] Images { get; set; } = [];

    /// <summary>Ports of the node that its pods hold.</summary>
    public IReadOnlyList<HostPort> UsedPorts => _ports;

    /// <summary>What the node offers now.</summary>
    internal void Offer(long[] allocatable, long pods)
    {
        (Allocatable, AllowedPods) = (allocatable, pods);
        MilliCpu = allocatable.Length > ResourceColumns.MilliCpu ? allocatable[ResourceColumns.MilliCpu] : 0;
        Memory = allocatable.Length > ResourceColumns.Memory ? allocatable[ResourceColumns.Memory] : 0;
        CountFree();
    }

    internal void Add(PodInfo pod)
    {
        _pods.Add(pod);
        Account(pod, 1);
    }

    internal void Remove(PodInfo pod)
    {
        var at = _pods.IndexOf(pod);
        _pods[at] = _pods[^1];
        _pods.RemoveAt(_pods.Count - 1);
        Account(pod, -1);
    }

    private void Account(PodInfo pod, int sign)
    {
        if (Requested.Length < pod.Requests.Length)
        {
            var wider = new long[pod.Requests.Length];
            Requested.CopyTo(wider, 0);
            Requested = wider;
        }
        for (var column = 0; column < pod.Requests.Length; column++) Requested[column] += sign * pod.Requests[column];
        CountFree();
        PodCount += sign;
        NonZeroMilliCpu += sign * pod.NonZeroMilliCpu;
        NonZeroMemory += sign * pod.NonZeroMemory;
        foreach (var port in pod.HostPorts)
        {
            if (sign > 0) _ports.Add(port);
            else _ports.Remove(port);
        }
    }

    private void CountFree()
    {
        FreeMilliCpu = MilliCpu - (Requested.Length > ResourceColumns.MilliCpu ? Requested[ResourceColumns.MilliCpu] : 0);
        FreeMemory = Memory - (Requested.Length > ResourceColumns.Memory ? Requested[ResourceColumns.Memory] : 0);
    }
}
