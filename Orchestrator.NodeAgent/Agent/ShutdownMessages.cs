namespace Orchestrator.NodeAgent.Agent;

/// <summary>The node goes down: it is not ready any more, and with <paramref name="Drain"/> its pods end. Answered with <see cref="NodeShutDown"/>.</summary>
internal sealed record ShutDownNode(bool Drain);

/// <summary>Everything has stopped that had to, and the control plane has been told.</summary>
internal sealed record NodeShutDown
{
    public static NodeShutDown Instance { get; } = new();
}

/// <summary>To a pod's worker: the pod ends because its node goes down.</summary>
internal sealed record EndPod
{
    public static EndPod Instance { get; } = new();
}

/// <summary>From a pod's worker: nothing of the pod runs any more, and its last status is with the control plane.</summary>
internal sealed record PodEnded(string Uid);
