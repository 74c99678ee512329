namespace Orchestrator.Actors.Scheduling;

/// <summary>
/// Chooses a node: filters until enough nodes are found, scores those, takes one of the best. On large clusters only a share of the
/// nodes is looked at, starting where the last pod's search ended, so that all nodes get their turn (kube-scheduler's adaptive
/// sampling: 50 % falling to 5 %, never fewer than 100 nodes). Buffers are kept between pods.
/// </summary>
/// <param name="filters">In the order they are asked; a node's first refusal counts.</param>
/// <param name="scorers">All are summed by weight.</param>
/// <param name="random">Breaks ties among the best nodes.</param>
public sealed class SchedulingAlgorithm(IReadOnlyList<IFilterPlugin> filters, IReadOnlyList<IScorePlugin> scorers, Random random)
{
    private const int AlwaysEnough = 100;

    private NodeInfo[] _feasible = [];
    private long[] _raw = [];
    private long[] _total = [];
    private FilterStatus?[] _refusals = [];
    private int _start;

    /// <summary>The filters, in order.</summary>
    public IReadOnlyList<IFilterPlugin> Filters => filters;

    /// <summary>Places one pod; the table is not changed.</summary>
    public Placement Place(PodInfo pod, NodeTable nodes)
    {
        var count = nodes.Nodes.Count;
        if (count == 0) return new Placement(null, FitError.NoNodes);
        Reserve(count);
        var asked = Prepare(pod, nodes);
        var wanted = EnoughOf(count);
        int found = 0, looked = 0;
        for (; looked < count && found < wanted; looked++)
        {
            var node = nodes.Nodes[(_start + looked) % count];
            var refusal = Ask(asked, node);
            if (refusal is null) _feasible[found++] = node;
            else _refusals[looked - found] = refusal;
        }
        _start = (_start + looked) % count;
        if (found == 0) return new Placement(null, FitError.Of(count, _refusals.AsSpan(0, looked)!, pod.MayPreempt));
        return new Placement(found == 1 ? _feasible[0] : Best(pod, nodes, _feasible.AsSpan(0, found)), null);
    }

    /// <summary>Whether this one node takes the pod: what a change to one node is worth to a waiting pod.</summary>
    public bool Fits(PodInfo pod, NodeInfo node, NodeTable nodes) => Ask(Prepare(pod, nodes), node) is null;

    /// <summary>How many feasible nodes are enough among <paramref name="count"/>.</summary>
    public static int EnoughOf(int count)
    {
        if (count < AlwaysEnough) return count;
        var percent = Math.Max(5, 50 - count / 125);
        return Math.Max(AlwaysEnough, count * percent / 100);
    }

    private IPodFilter[] Prepare(PodInfo pod, NodeTable nodes)
    {
        var asked = new IPodFilter[filters.Count];
        var n = 0;
        foreach (var filter in filters)
            if (filter.Prepare(pod, nodes) is { } question) asked[n++] = question;
        return n == asked.Length ? asked : asked[..n];
    }

    private static FilterStatus? Ask(IPodFilter[] asked, NodeInfo node)
    {
        foreach (var question in asked)
            if (question.Check(node) is { } refusal) return refusal;
        return null;
    }

    private NodeInfo Best(PodInfo pod, NodeTable nodes, ReadOnlySpan<NodeInfo> feasible)
    {
        var total = _total.AsSpan(0, feasible.Length);
        var raw = _raw.AsSpan(0, feasible.Length);
        total.Clear();
        foreach (var scorer in scorers)
        {
            if (scorer.Prepare(pod, nodes) is not { } opinion) continue;
            for (var i = 0; i < feasible.Length; i++) raw[i] = opinion.Score(feasible[i]);
            opinion.Normalize(raw);
            for (var i = 0; i < feasible.Length; i++) total[i] += scorer.Weight * raw[i];
        }
        var best = 0;
        var ties = 1;
        for (var i = 1; i < feasible.Length; i++)
        {
            if (total[i] > total[best])
            {
                best = i;
                ties = 1;
            }
            else if (total[i] == total[best] && random.Next(++ties) == 0)
            {
                best = i;
            }
        }
        return feasible[best];
    }

    private void Reserve(int count)
    {
        if (_feasible.Length >= count) return;
        var size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)count);
        _feasible = new NodeInfo[size];
        _raw = new long[size];
        _total = new long[size];
        _refusals = new FilterStatus?[size];
    }
}

/// <summary>Where a pod goes, or why nowhere: exactly one of the two is set.</summary>
public readonly record struct Placement(NodeInfo? Node, FitError? Error);
