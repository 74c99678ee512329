using Orchestrator.Actors.Scheduling.Topology;
using Orchestrator.Resources.Selectors;
using Orchestrator.Resources.Types.Policy.V1;

namespace Orchestrator.Actors.Scheduling;

/// <summary>PodDisruptionBudgets: how many of the pods they select may go now.</summary>
public sealed class DisruptionBudgetTable
{
    private readonly Dictionary<string, Dictionary<string, Budget>> _byNamespace = new(StringComparer.Ordinal);

    /// <summary>A budget as it is now; null where it is gone.</summary>
    public void Set(string ns, string name, PodDisruptionBudget? budget)
    {
        if (!_byNamespace.TryGetValue(ns, out var budgets)) _byNamespace[ns] = budgets = new Dictionary<string, Budget>(StringComparer.Ordinal);
        if (budget is null) budgets.Remove(name);
        else budgets[name] = new Budget(PodTerm.Compile(budget.Spec.Selector, []), budget.Status.DisruptionsAllowed, budget.Status.DisruptedPods?.Keys.ToHashSet(StringComparer.Ordinal));
        if (budgets.Count == 0) _byNamespace.Remove(ns);
    }

    /// <summary>Divides pods, in order, into those whose going would break a budget (after the ones before them) and the others.</summary>
    public (List<PodInfo> Violating, List<PodInfo> Others) Divide(IEnumerable<PodInfo> pods)
    {
        var violating = new List<PodInfo>();
        var others = new List<PodInfo>();
        var left = new Dictionary<Budget, int>(ReferenceEqualityComparer.Instance);
        foreach (var pod in pods) (Violates(pod, left) ? violating : others).Add(pod);
        return (violating, others);
    }

    private bool Violates(PodInfo pod, Dictionary<Budget, int> left)
    {
        // Every budget that selects the pod is charged, also those after the first that has nothing left.
        var violates = false;
        if (pod.Labels.Count == 0 || !_byNamespace.TryGetValue(pod.Key.Namespace, out var budgets)) return false;
        foreach (var budget in budgets.Values)
        {
            // A pod whose eviction has been granted has been counted by then.
            if (budget.Selector.IsEmpty || !budget.Selector.Matches(pod.Labels) || budget.Granted?.Contains(pod.Key.Name) == true) continue;
            left[budget] = left.GetValueOrDefault(budget, budget.Allowed) - 1;
            violates |= left[budget] < 0;
        }
        return violates;
    }

    private sealed record Budget(LabelSelector Selector, int Allowed, HashSet<string>? Granted);
}
