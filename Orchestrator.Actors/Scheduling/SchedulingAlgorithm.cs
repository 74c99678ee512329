namespace Orchestrator.Actors.Scheduling;

/// <summary>
/// Chooses a node: filters until enough nodes are found, scores those, takes one of the best. On large clusters only a share of the
/// nodes is looked at, starting where the last pod's search ended, so that all nodes get their turn (kube-scheduler's adaptive
/// sampling: 50 % falling to 5 %, never fewer than 100 nodes). Buffers are kept between pods.
/// </summary>
/// <param name="profile">Which plugins, and how they count.</param>
/// <param name="nodes">The nodes; the algorithm leaves them as they are.</param>
/// <param name="columns">Columns of resources.</param>
/// <param name="random">Breaks ties among the best nodes.</param>
public sealed class SchedulingAlgorithm(SchedulerProfile profile, NodeTable nodes, ResourceColumns columns, Random random)
{
    private const int AlwaysEnough = 100;

    private readonly (IReadOnlyList<IFilterPlugin> Filters, IReadOnlyList<(IScorePlugin Plugin, long Weight)> Scorers) _plugins = profile.Plugins(columns);
    private NodeInfo[] _feasible = [];
    private long[] _raw = [];
    private long[] _total = [];
    private int _start;

    /// <summary>The profile.</summary>
    public SchedulerProfile Profile => profile;

    /// <summary>The filters, in the order they are asked; a node's first refusal counts.</summary>
    public IReadOnlyList<IFilterPlugin> Filters => _plugins.Filters;

    /// <summary>All are summed by weight.</summary>
    public IReadOnlyList<(IScorePlugin Plugin, long Weight)> Scorers => _plugins.Scorers;

    /// <summary>Places one pod. <paramref name="nominated"/>, where it fits, is taken without looking at others: room was made there.</summary>
    public Placement Place(PodQuestions questions, NodeInfo? nominated)
    {
        var count = nodes.Nodes.Count;
        var error = new FitError(count);
        if (count == 0) return new Placement(null, error);
        if (questions.Everywhere is { } verdict)
        {
            error.RefuseEverywhere(verdict);
            return new Placement(null, error);
        }
        if (nominated is not null && questions.Ask(nominated) is null) return new Placement(nominated, null);
        var found = Search(questions, error);
        if (found == 0) return new Placement(null, error);
        return new Placement(found == 1 ? _feasible[0] : Best(questions.Pod, _feasible.AsSpan(0, found)), null);
    }

    /// <summary>Prepares a pod's questions; they hold until the next change of the cluster.</summary>
    public PodQuestions Prepare(PodInfo pod) => new(pod, Filters, nodes);

    /// <summary>How many feasible nodes are enough among <paramref name="count"/>; <paramref name="percent"/> 0 chooses by the count.</summary>
    public static int EnoughOf(int count, int percent = 0)
    {
        if (count < AlwaysEnough) return count;
        if (percent == 0) percent = Math.Max(5, 50 - count / 125);
        return percent >= 100 ? count : Math.Max(AlwaysEnough, (int)((long)count * percent / 100));
    }

    /// <summary>The weighted scores of nodes by plugin and node, for people; plugins without an opinion are left out.</summary>
    internal IReadOnlyList<(string Plugin, long Weight, long[] Scores)> Scores(PodInfo pod, ReadOnlySpan<NodeInfo> feasible)
    {
        var all = new List<(string, long, long[])>();
        foreach (var (plugin, weight) in Scorers)
        {
            if (plugin.Prepare(pod, nodes, feasible) is not { } opinion) continue;
            var scores = new long[feasible.Length];
            for (var i = 0; i < scores.Length; i++) scores[i] = opinion.Score(feasible[i]);
            opinion.Normalize(scores);
            all.Add((plugin.Name, weight, scores));
        }
        return all;
    }

    /// <summary>Fills <see cref="_feasible"/> and says how far.</summary>
    private int Search(PodQuestions questions, FitError error)
    {
        var found = 0;
        if (questions.OnlyNodes is { } only)
        {
            var candidates = only.Names.Select(nodes.Find).OfType<NodeInfo>().ToArray();
            Reserve(candidates.Length);
            error.AddLeftOut(only.Plugin, nodes.Nodes.Count - candidates.Length);
            foreach (var node in candidates)
            {
                if (questions.Ask(node) is { } refusal) error.Add(node, refusal);
                else _feasible[found++] = node;
            }
            return found;
        }
        var order = nodes.SearchOrder;
        Reserve(order.Length);
        var wanted = EnoughOf(order.Length, profile.PercentageOfNodesToScore);
        var at = _start < order.Length ? _start : 0;
        for (var looked = 0; looked < order.Length && found < wanted; looked++)
        {
            var node = order[at];
            if (++at == order.Length) at = 0;
            if (questions.Ask(node) is { } refusal) error.Add(node, refusal);
            else _feasible[found++] = node;
        }
        _start = at;
        return found;
    }

    private NodeInfo Best(PodInfo pod, ReadOnlySpan<NodeInfo> feasible)
    {
        var total = _total.AsSpan(0, feasible.Length);
        var raw = _raw.AsSpan(0, feasible.Length);
        total.Clear();
        foreach (var (plugin, weight) in Scorers)
        {
            if (plugin.Prepare(pod, nodes, feasible) is not { } opinion) continue;
            opinion.ScoreAll(feasible, raw);
            opinion.Normalize(raw);
            for (var i = 0; i < total.Length; i++) total[i] += weight * raw[i];
        }
        return feasible[OneOfTheBest(total)];
    }

    /// <summary>The place of one of the highest numbers, each as likely as the others.</summary>
    private int OneOfTheBest(ReadOnlySpan<long> totals)
    {
        var (best, ties, first) = (long.MinValue, 0, 0);
        for (var i = 0; i < totals.Length; i++)
        {
            if (totals[i] < best) continue;
            if (totals[i] > best) (best, ties, first) = (totals[i], 0, i);
            ties++;
        }
        if (ties == 1) return first;
        var at = first;
        for (var skip = random.Next(ties); skip > 0; skip--) at += 1 + totals[(at + 1)..].IndexOf(best);
        return at;
    }

    private void Reserve(int count)
    {
        if (_feasible.Length >= count) return;
        var size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)count);
        _feasible = new NodeInfo[size];
        _raw = new long[size];
        _total = new long[size];
    }
}

/// <summary>Where a pod goes, or why nowhere: exactly one of the two is set.</summary>
public readonly record struct Placement(NodeInfo? Node, FitError? Error);
