using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Resources;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>Sends a pod's status up when it changed, and again until it is accepted. Belongs to the pod's worker.</summary>
internal sealed class PodStatusReporter(IActorRef controlPlane)
{
    private byte[] _sent = [];
    private long _sequence;
    private long _accepted;

    /// <summary>The status reported last, or null.</summary>
    public PodStatus? Last { get; private set; }

    /// <summary>Whether a report waits for its answer.</summary>
    public bool Pending => _accepted < _sequence;

    /// <summary>Reports where it differs from the last report.</summary>
    public void Report(Pod pod, PodStatus status, IActorRef self)
    {
        var bytes = TypedJson.Write(status);
        if (bytes.AsSpan().SequenceEqual(_sent)) return;
        (_sent, Last) = (bytes, status);
        _sequence++;
        Send(pod, self);
    }

    /// <summary>Repeats a report that is unanswered, or that the control plane has overruled while it took the node for lost.</summary>
    public void Repeat(Pod pod, IActorRef self)
    {
        if (Pending || (Last is not null && ReadyOf(Last) != ReadyOf(pod.Status))) Send(pod, self);
    }

    private static string? ReadyOf(PodStatus status) => status.Conditions?.FirstOrDefault(c => c.Type == "Ready")?.Status;

    /// <summary>The control plane has it.</summary>
    public void Accepted(long sequence) => _accepted = Math.Max(_accepted, sequence);

    private void Send(Pod pod, IActorRef self) =>
        controlPlane.Tell(new ReportPodStatus(new ResourceKey("pods", pod.Metadata.Namespace, pod.Metadata.Name), pod.Metadata.UID, _sent, _sequence), self);
}
