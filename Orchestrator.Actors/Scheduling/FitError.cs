using System.Globalization;

namespace Orchestrator.Actors.Scheduling;

/// <summary>Why a pod fits nowhere, worded and counted as kube-scheduler 1.32 does it.</summary>
public sealed class FitError
{
    private readonly int _nodes;
    private readonly Dictionary<FilterStatus, int> _refusals = new(ReferenceEqualityComparer.Instance);
    private readonly List<NodeInfo> _curable = [];
    private readonly HashSet<string> _plugins = new(StringComparer.Ordinal);
    private string? _everywhere;

    /// <param name="nodes">All nodes of the cluster.</param>
    public FitError(int nodes) => _nodes = nodes;

    /// <summary>The plugins that refused; empty where there was no node to ask. Only changes that help one of them are worth another attempt.</summary>
    public IReadOnlySet<string> Plugins => _plugins;

    /// <summary>The nodes that might take the pod if pods left them.</summary>
    public IReadOnlyList<NodeInfo> Curable => _curable;

    /// <summary>How many nodes there are.</summary>
    public int Nodes => _nodes;

    /// <summary>A node refused.</summary>
    public void Add(NodeInfo node, FilterStatus refusal)
    {
        Count(refusal, 1);
        if (!refusal.Unresolvable) _curable.Add(node);
    }

    /// <summary>So many nodes were not asked, because <paramref name="plugin"/> had left only certain ones.</summary>
    public void AddLeftOut(string plugin, int nodes)
    {
        if (nodes > 0) Count(new FilterStatus(plugin, true, $"node(s) didn't satisfy plugin(s) [{plugin}]"), nodes);
    }

    /// <summary>A plugin refused the pod without asking a node.</summary>
    public void RefuseEverywhere(FilterStatus verdict)
    {
        _everywhere = string.Join(", ", verdict.Reasons);
        _plugins.Add(verdict.Plugin);
    }

    /// <summary>
    /// The message of the FailedScheduling event and of the PodScheduled condition: <c>0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.</c>
    /// and then what <paramref name="preemption"/> came to. Reasons are sorted as texts, counts included, as upstream sorts them.
    /// </summary>
    public string Message(string preemption)
    {
        if (_nodes == 0) return "no nodes available to schedule pods";
        var message = $"0/{Text(_nodes)} nodes are available: {_everywhere ?? Histogram(_refusals)}.";
        return preemption.Length == 0 ? message : $"{message} {preemption}";
    }

    /// <summary>What preemption says where it finds no node: <c>preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.</c></summary>
    public string NoPreemption(IReadOnlyDictionary<FilterStatus, int> tried)
    {
        var outcomes = new Dictionary<FilterStatus, int>(tried, ReferenceEqualityComparer.Instance);
        if (_nodes > _curable.Count) outcomes[NotHelpful] = _nodes - _curable.Count;
        return $"preemption: 0/{Text(_nodes)} nodes are available: {Histogram(outcomes)}.";
    }

    private static readonly FilterStatus NotHelpful = new("DefaultPreemption", true, "Preemption is not helpful for scheduling");

    private void Count(FilterStatus refusal, int nodes)
    {
        _refusals[refusal] = _refusals.GetValueOrDefault(refusal) + nodes;
        _plugins.Add(refusal.Plugin);
    }

    private static string Histogram(Dictionary<FilterStatus, int> counts)
    {
        var perReason = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (status, times) in counts)
            foreach (var reason in status.Reasons) perReason[reason] = perReason.GetValueOrDefault(reason) + times;
        return string.Join(", ", perReason.Select(c => $"{Text(c.Value)} {c.Key}").Order(StringComparer.Ordinal));
    }

    private static string Text(int n) => n.ToString(CultureInfo.InvariantCulture);
}
