using Orchestrator.Engine.Remote.Serialization;

namespace Orchestrator.Actors.Pods;

/// <summary>From the node's actor, whose node is not ready: nobody answers for the pod with this uid, so it counts as not ready. Not answered.</summary>
[WireName("pod.mark-not-ready.v1")]
public sealed record MarkPodNotReady(string Uid);
