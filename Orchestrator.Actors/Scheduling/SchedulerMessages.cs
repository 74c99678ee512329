using Orchestrator.Engine.Remote.Serialization;
using Orchestrator.Resources;

namespace Orchestrator.Actors.Scheduling;

/// <summary>Asks the scheduler why a pod is where it is, or nowhere. Answered with <see cref="PodExplained"/>.</summary>
[WireName("scheduler.explain.v1")]
public sealed record ExplainPod(ResourceKey Pod);

/// <summary>The answer; null where there is no such pod, or no profile that places it.</summary>
[WireName("scheduler.explained.v1")]
public sealed record PodExplained(PlacementReport? Report);
