using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>Events about the pods of this node, as the kubelet records them. Thread-safe.</summary>
public sealed class AgentEvents(IActorRef controlPlane, string nodeName)
{
    /// <summary>An event of type Normal.</summary>
    public void Normal(Pod pod, string fieldPath, string reason, string message) => Report(pod, fieldPath, "Normal", reason, message);

    /// <summary>An event of type Warning.</summary>
    public void Warning(Pod pod, string fieldPath, string reason, string message) => Report(pod, fieldPath, "Warning", reason, message);

    private void Report(Pod pod, string fieldPath, string type, string reason, string message) => controlPlane.Tell(
        new ReportEvent(new ResourceKey("pods", pod.Metadata.Namespace, pod.Metadata.Name), "Pod", "v1", pod.Metadata.UID, type, reason,
            message.Length <= 1024 ? message : message[..1021] + "...", fieldPath, "kubelet", nodeName),
        null);
}
