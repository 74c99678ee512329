using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.Resources.Types.Core.V1;
using ContainerState = Orchestrator.NodeAgent.Runtime.ContainerState;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>The pod as the control plane has it now.</summary>
internal sealed record DesiredPod(KnownPod Pod);

/// <summary>The pod's object is gone: whatever is left of it goes too, and the worker stops.</summary>
internal sealed record PodObjectGone
{
    public static readonly PodObjectGone Instance = new();
}

/// <summary>A container or sandbox of this pod changed by itself; null state where it was removed.</summary>
internal sealed record RuntimeChanged(string Id, ContainerState? State);

/// <summary>The engine is back, with everything of this pod that it still has.</summary>
internal sealed record RuntimeRecovered(ObservedPod Observed);

/// <summary>The engine is away: nothing is started until it is back.</summary>
internal sealed record RuntimeLost
{
    public static readonly RuntimeLost Instance = new();
}

/// <summary>Followed objects changed that may concern this pod.</summary>
internal sealed record ObjectsUpdated
{
    public static readonly ObjectsUpdated Instance = new();
}

/// <summary>Asks the node's actor for the pod and its containers again, after a restart of the worker.</summary>
internal sealed record PodWanted(string Uid);

/// <summary>Nothing of a removed pod is left on the node.</summary>
internal sealed record PodReleased(string Uid);
