using Orchestrator.Engine.Remote.Serialization;
using Orchestrator.Protocol.Resources;

namespace Orchestrator.Actors.Disruption;

/// <summary>
/// To a PodDisruptionBudget's actor: may this pod be evicted? Granted, the budget is charged and the pod's actor gets <see cref="DisruptionGranted"/>; else the
/// sender, who waits for the eviction's answer, is refused.
/// </summary>
[WireName("disruption.ask.v1")]
public sealed record AskDisruption(EvictPod Eviction, string PodUid);

/// <summary>To a pod's actor: its budget allows the eviction.</summary>
[WireName("disruption.granted.v1")]
public sealed record DisruptionGranted(EvictPod Eviction, string PodUid);
