using Orchestrator.Engine.Remote.Serialization;

namespace Orchestrator.Actors.Pods;

/// <summary>Sets a condition of the pod with this uid (the scheduler's PodScheduled=False, taint eviction's DisruptionTarget); not answered. A nominated node of null leaves the stored one, an empty one removes it.</summary>
[WireName("pod.set-condition.v1")]
public sealed record SetPodCondition(string Uid, string Type, string Status, string Reason, string Message, string? NominatedNode);
