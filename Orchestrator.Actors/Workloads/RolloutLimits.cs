using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Apps.V1;

namespace Orchestrator.Actors.Workloads;

/// <summary>
/// A Deployment's numbers, resolved: how many pods it wants, how many more it may have and how many fewer may be available during a
/// rollout. Percentages of maxSurge round up, those of maxUnavailable down; both zero would block a rollout, so then one may be missing.
/// </summary>
/// <param name="Replicas">spec.replicas.</param>
/// <param name="MaxSurge">Pods beyond <paramref name="Replicas"/>; 0 for Recreate.</param>
/// <param name="MaxUnavailable">Pods that may be missing from <paramref name="Replicas"/>; 0 for Recreate.</param>
public readonly record struct RolloutLimits(int Replicas, int MaxSurge, int MaxUnavailable)
{
    /// <summary>The most pods of all ReplicaSets together.</summary>
    public int MaxPods => Replicas + MaxSurge;

    /// <summary>The fewest available pods a rollout leaves.</summary>
    public int MinAvailable => Replicas - MaxUnavailable;

    /// <summary>Reads them from a defaulted Deployment.</summary>
    public static RolloutLimits Of(DeploymentSpec spec)
    {
        var replicas = spec.Replicas ?? 1;
        if (!IsRollingUpdate(spec)) return new RolloutLimits(replicas, 0, 0);
        var surge = (spec.Strategy.RollingUpdate?.MaxSurge ?? new IntOrString(0)).Scaled(replicas, roundUp: true);
        var unavailable = (spec.Strategy.RollingUpdate?.MaxUnavailable ?? new IntOrString(0)).Scaled(replicas, roundUp: false);
        if (surge == 0 && unavailable == 0) unavailable = 1;
        return new RolloutLimits(replicas, surge, Math.Min(unavailable, replicas));
    }

    /// <summary>Whether the strategy is RollingUpdate; the only other one is Recreate.</summary>
    public static bool IsRollingUpdate(DeploymentSpec spec) => spec.Strategy.Type == "RollingUpdate";
}
