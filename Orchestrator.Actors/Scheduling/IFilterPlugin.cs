namespace Orchestrator.Actors.Scheduling;

/// <summary>
/// Kubernetes' PreFilter and Filter points. <see cref="Prepare"/> runs once per pod and may allocate; what it returns is asked once
/// per node and may not.
/// </summary>
public interface IFilterPlugin
{
    /// <summary>The plugin's name in Kubernetes.</summary>
    string Name { get; }

    /// <summary>Changes after which a pod this plugin refused may be worth another look.</summary>
    ClusterChange HelpedBy { get; }

    /// <summary>
    /// Whether a node's answer depends on other nodes, too. Where it does not, a change of one node is worth another attempt only if that node now takes the pod.
    /// </summary>
    bool LooksBeyondTheNode => false;

    /// <summary>Kubernetes' queueing hint: whether this very change may help this very pod, given that it is among <see cref="HelpedBy"/>.</summary>
    bool MayHelp(in ClusterEvent change, PodInfo pod, NodeTable nodes) => true;

    /// <summary>The pod's question to every node, or null where the plugin has nothing to ask for this pod.</summary>
    IPodFilter? Prepare(PodInfo pod, NodeTable nodes);
}

/// <summary>One pod's question to nodes. Answers follow the table as it is at the moment, so that preemption can try out what would be.</summary>
public interface IPodFilter
{
    /// <summary>PreFilter's verdict where no node needs to be asked, or null.</summary>
    FilterStatus? Everywhere => null;

    /// <summary>Where only these nodes are possible at all: their names. Null where any may be.</summary>
    IReadOnlyCollection<string>? OnlyNodes => null;

    /// <summary>Null where the node will do. Allocates nothing.</summary>
    FilterStatus? Check(NodeInfo node);

    /// <summary>What would have to be different for a node that was refused, for people.</summary>
    string Remedy(NodeInfo node);
}
