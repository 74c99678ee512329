using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Scheduling.Plugins;

/// <summary>Whether tolerations tolerate a taint, as core/v1 defines it.</summary>
public static class Tolerations
{
    /// <summary>Any of them does.</summary>
    public static bool Tolerate(IReadOnlyList<Toleration> tolerations, Taint taint)
    {
        foreach (var toleration in tolerations)
            if (Tolerates(toleration, taint)) return true;
        return false;
    }

    /// <summary>All taints are tolerated that keep pods away; PreferNoSchedule does not.</summary>
    public static bool Tolerate(IReadOnlyList<Toleration> tolerations, TaintSet taints)
    {
        foreach (var taint in taints.Taints)
            if (taint.Effect is "NoSchedule" or "NoExecute" && !Tolerate(tolerations, taint)) return false;
        return true;
    }

    /// <summary>
    /// An empty effect matches every effect; an empty key with Exists matches every taint; the operator is Equal where unset.
    /// </summary>
    public static bool Tolerates(Toleration toleration, Taint taint)
    {
        if (!string.IsNullOrEmpty(toleration.Effect) && toleration.Effect != taint.Effect) return false;
        if (!string.IsNullOrEmpty(toleration.Key) && toleration.Key != taint.Key) return false;
        return toleration.Operator switch
        {
            null or "" or "Equal" => (toleration.Value ?? "") == (taint.Value ?? "") && (toleration.Key ?? "") == taint.Key,
            "Exists" => true,
            _ => false,
        };
    }
}
