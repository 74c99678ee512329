namespace Orchestrator.Actors.Scheduling;

/// <summary>Why a pod is where it is, or nowhere, node by node: what <c>orchestrator why</c> prints.</summary>
/// <param name="Node">Where the pod is; empty where it waits.</param>
/// <param name="Everywhere">Why no node needs to be asked, or empty.</param>
/// <param name="Nodes">Every node's verdict: those that refuse, and those that would do with their scores, best first.</param>
public sealed record PlacementReport(string Node, string Everywhere, IReadOnlyList<NodeVerdict> Nodes)
{
    /// <summary>What a pod without a node waits for: its gates, its back-off, its turn, or a change that helps; empty where nobody knows of it.</summary>
    public string Waits { get; init; } = "";

    /// <summary>
    /// Asks every plugin on every node, as the cluster is now. A pod that has a node is thought away first, so that its own share does not speak against it.
    /// </summary>
    internal static PlacementReport Of(PodInfo pod, PlacedPod? placed, SchedulingAlgorithm algorithm, NodeTable nodes)
    {
        var on = placed is not null && placed.Pod.Uid == pod.Uid ? nodes.Find(placed.Node) : null;
        if (on is not null) nodes.RemovePod(on, placed!.Pod);
        try
        {
            // What it is bound to is the answer here, not a wish.
            return Ask(pod.WithoutNode(), on?.Name ?? "", algorithm, nodes);
        }
        finally
        {
            if (on is not null) nodes.AddPod(on, placed!.Pod);
        }
    }

    private static PlacementReport Ask(PodInfo pod, string on, SchedulingAlgorithm algorithm, NodeTable nodes)
    {
        var questions = algorithm.Prepare(pod);
        if (questions.Everywhere is { } verdict) return new PlacementReport(on, string.Join(", ", verdict.Reasons), []);
        var refused = new List<NodeVerdict>();
        var feasible = new List<NodeInfo>();
        foreach (var node in nodes.Nodes)
        {
            NodeRefusal[] refusals = [.. questions.AllRefusals(node).Select(r => new NodeRefusal(r.Refusal.Plugin, string.Join(", ", r.Refusal.Reasons), r.Remedy))];
            if (refusals.Length == 0) feasible.Add(node);
            else refused.Add(new NodeVerdict(node.Name, refusals, []));
        }
        var scores = algorithm.Scores(pod, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(feasible));
        var good = feasible.Select((node, i) => new NodeVerdict(node.Name, [], [.. scores.Select(s => new NodeScore(s.Plugin, s.Scores[i], s.Weight))]));
        return new PlacementReport(on, "", [.. good.OrderByDescending(n => n.Total).ThenBy(n => n.Node, StringComparer.Ordinal), .. refused.OrderBy(n => n.Node, StringComparer.Ordinal)]);
    }
}

/// <summary>One node's verdict on a pod.</summary>
/// <param name="Node">Its name.</param>
/// <param name="Refusals">Every plugin that says no; none where the node would do.</param>
/// <param name="Scores">What the scoring plugins think of a node that would do.</param>
public sealed record NodeVerdict(string Node, IReadOnlyList<NodeRefusal> Refusals, IReadOnlyList<NodeScore> Scores)
{
    /// <summary>The weighted sum of the scores.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public long Total => Scores.Sum(s => s.Score * s.Weight);
}

/// <summary>A plugin's no.</summary>
/// <param name="Plugin">Its name.</param>
/// <param name="Reason">As in the FailedScheduling event.</param>
/// <param name="Remedy">What would have to be different.</param>
public sealed record NodeRefusal(string Plugin, string Reason, string Remedy);

/// <summary>A plugin's score, 0 to 100, and its weight in the sum.</summary>
public sealed record NodeScore(string Plugin, long Score, long Weight);
