using System.Globalization;

namespace Orchestrator.Actors.Scheduling;

/// <summary>Why a pod fits nowhere, worded and counted as kube-scheduler 1.32 does it.</summary>
public sealed class FitError
{
    private FitError(string message, IReadOnlySet<string> plugins)
    {
        Message = message;
        Plugins = plugins;
    }

    /// <summary>There is no node at all.</summary>
    public static FitError NoNodes { get; } = new("no nodes available to schedule pods", new HashSet<string>(StringComparer.Ordinal));

    /// <summary>The message of the FailedScheduling event and of the PodScheduled condition.</summary>
    public string Message { get; }

    /// <summary>The plugins that refused; empty where there was no node to ask. Only changes that help one of them are worth another attempt.</summary>
    public IReadOnlySet<string> Plugins { get; }

    /// <summary>
    /// Counts the refusals: <c>0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. preemption: 0/3 nodes are
    /// available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.</c> Reasons are sorted as
    /// texts, counts included, as upstream sorts them.
    /// </summary>
    public static FitError Of(int nodes, ReadOnlySpan<FilterStatus> refusals, bool mayPreempt)
    {
        var perStatus = new Dictionary<FilterStatus, int>(ReferenceEqualityComparer.Instance);
        foreach (var refusal in refusals) perStatus[refusal] = perStatus.GetValueOrDefault(refusal) + 1;
        var perReason = new Dictionary<string, int>(StringComparer.Ordinal);
        var plugins = new HashSet<string>(StringComparer.Ordinal);
        var hopeless = 0;
        foreach (var (status, times) in perStatus)
        {
            plugins.Add(status.Plugin);
            if (status.Unresolvable) hopeless += times;
            foreach (var reason in status.Reasons) perReason[reason] = perReason.GetValueOrDefault(reason) + times;
        }
        var message = $"0/{Text(nodes)} nodes are available: {Histogram(perReason)}. preemption: {Preemption(nodes, hopeless, mayPreempt)}";
        return new FitError(message, plugins);
    }

    private static string Preemption(int nodes, int hopeless, bool mayPreempt)
    {
        if (!mayPreempt) return "not eligible due to preemptionPolicy=Never.";
        var outcomes = new Dictionary<string, int>(StringComparer.Ordinal);
        if (hopeless > 0) outcomes["Preemption is not helpful for scheduling"] = hopeless;
        if (nodes > hopeless) outcomes["No preemption victims found for incoming pod"] = nodes - hopeless;
        return $"0/{Text(nodes)} nodes are available: {Histogram(outcomes)}.";
    }

    private static string Histogram(Dictionary<string, int> counts) =>
        string.Join(", ", counts.Select(c => $"{Text(c.Value)} {c.Key}").Order(StringComparer.Ordinal));

    private static string Text(int n) => n.ToString(CultureInfo.InvariantCulture);
}
