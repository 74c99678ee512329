using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>Events about this node and its pods, as the kubelet records them. Nobody waits for an answer, so they come from the control plane's own reference in this process. Thread-safe.</summary>
public sealed class AgentEvents(IActorRef controlPlane, string nodeName)
{
    /// <summary>An event of type Normal.</summary>
    public void Normal(Pod pod, string fieldPath, string reason, string message) => Report(pod, fieldPath, "Normal", reason, message);

    /// <summary>An event of type Warning.</summary>
    public void Warning(Pod pod, string fieldPath, string reason, string message) => Report(pod, fieldPath, "Warning", reason, message);

    /// <summary>A Warning about the node itself; its uid is its name, as in the kubelet's events.</summary>
    public void NodeWarning(string reason, string message) => controlPlane.Tell(
        new ReportEvent(new ResourceKey("nodes", "", nodeName), "Node", "v1", nodeName, "Warning", reason, Shortened(message), "", "kubelet", nodeName), controlPlane);

    private void Report(Pod pod, string fieldPath, string type, string reason, string message) => controlPlane.Tell(
        new ReportEvent(new ResourceKey("pods", pod.Metadata.Namespace, pod.Metadata.Name), "Pod", "v1", pod.Metadata.UID, type, reason,
            Shortened(message), fieldPath, "kubelet", nodeName),
        controlPlane);

    private static string Shortened(string message) => message.Length <= 1024 ? message : message[..1021] + "...";
}
