using System.Runtime.CompilerServices;
using Orchestrator.Actors.Caching;
using Orchestrator.Resources;
using Orchestrator.Resources.Selectors;

namespace Orchestrator.Actors.Disruption;

/// <summary>Which PodDisruptionBudgets speak of which pods.</summary>
public static class DisruptionBudgets
{
    /// <summary>The resource.</summary>
    public const string Resource = "poddisruptionbudgets.policy";

    /// <summary>Selectors of stored versions: a budget is asked about every pod of its namespace that changes.</summary>
    private static readonly ConditionalWeakTable<ResourceEntry, LabelSelector> Selectors = [];

    /// <summary>What a stored budget selects: nothing without a selector, everything with an empty one.</summary>
    public static LabelSelector SelectorOf(ResourceEntry budget) =>
        Selectors.GetValue(budget, static b => LabelSelector.FromJson(b.ToJsonObject()["spec"]?["selector"]));

    /// <summary>The budgets that select a pod, by its namespace and labels.</summary>
    public static IEnumerable<ResourceEntry> Of(ResourceEntry pod, ResourceCache cache) =>
        cache.List(Resource).Count == 0 ? [] : cache.List(Resource, pod.Namespace).Where(b => SelectorOf(b).Matches(pod.Labels));

    /// <summary>The budgets that have to count again after a change of a pod: those that select it, or did.</summary>
    internal static IEnumerable<ResourceKey> ConcernedBy(ResourceChange change, ResourceCache cache)
    {
        foreach (var budget in Of(change.Entry, cache)) yield return budget.Key;
        if (change.Previous is not { } previous || ReferenceEquals(previous.Labels, change.Entry.Labels)) yield break;
        foreach (var budget in Of(previous, cache)) yield return budget.Key;
    }
}
