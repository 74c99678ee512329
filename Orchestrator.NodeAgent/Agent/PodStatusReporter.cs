using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Resources;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>
/// Sends a pod's status up when it changed, and again until it is accepted. One report is under way at a time: what changes meanwhile goes up as one, as the kubelet's does. Belongs to
/// the pod's worker.
/// </summary>
internal sealed class PodStatusReporter(IActorRef controlPlane)
{
    private byte[] _newest = [];
    private PodStatus? _last;
    private bool _changed;
    private long _sequence;
    private long _accepted;
    private string? _ready;

    /// <summary>The newest status, or null.</summary>
    public PodStatus? Last => _last ??= _newest.Length == 0 ? null : TypedJson.Read<PodStatus>(_newest);

    /// <summary>Whether the newest status is still to be sent, or a report waits for its answer.</summary>
    public bool Pending => _changed || IsUnderWay;

    private bool IsUnderWay => _accepted < _sequence;

    /// <summary>Takes a status. Where it differs from the last one it is sent, at once or, where another report is under way or <paramref name="hold"/>, later.</summary>
    public void Report(Pod pod, PodStatus status, bool hold, IActorRef self)
    {
        var bytes = TypedJson.Write(status);
        if (bytes.AsSpan().SequenceEqual(_newest)) return;
        (_newest, _last, _ready, _changed) = (bytes, status, ReadyOf(status), true);
        if (!hold) SendChanged(pod, self);
    }

    /// <summary>Sends what was held back.</summary>
    public void SendChanged(Pod pod, IActorRef self)
    {
        if (_changed && !IsUnderWay) Send(pod, self);
    }

    /// <summary>Whether a report is due again: one that is unanswered, or whose readiness is not the stored one.</summary>
    public bool Waits(Pod pod) => Pending || IsOverruled(pod);

    /// <summary>
    /// The stored pod says otherwise: somebody has written since, the node was not ready yet when the report came (the answer is the same then), or the pod as it is now is only on its way here.
    /// </summary>
    private bool IsOverruled(Pod pod) => _ready is not null && _ready != ReadyOf(pod.Status);

    /// <summary>Repeats what <see cref="Waits"/>, with what is the newest by now.</summary>
    public void Repeat(Pod pod, IActorRef self)
    {
        if (Waits(pod)) Send(pod, self);
    }

    private static string? ReadyOf(PodStatus status) => status.Conditions?.FirstOrDefault(c => c.Type == "Ready")?.Status;

    /// <summary>Keeps the newest status as bytes only.</summary>
    public void Rest() => _last = null;

    /// <summary>The control plane has it.</summary>
    public void Accepted(long sequence) => _accepted = Math.Max(_accepted, sequence);

    private void Send(Pod pod, IActorRef self)
    {
        if (_changed) _sequence++;
        _changed = false;
        controlPlane.Tell(new ReportPodStatus(new ResourceKey("pods", pod.Metadata.Namespace, pod.Metadata.Name), pod.Metadata.UID, _newest, _sequence), self);
    }
}
