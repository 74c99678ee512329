namespace Orchestrator.Actors.Scheduling.Plugins;

/// <summary>
/// PostFilter: finds the node where the fewest and least important pods of lower priority have to go so that the pod fits, pods under a PodDisruptionBudget that
/// allows no more last. On each node everything of lower priority is thought away, and then let back in, most important first, as long as the pod still fits.
/// </summary>
/// <param name="nodes">The nodes; what is tried out on them is taken back.</param>
/// <param name="budgets">PodDisruptionBudgets.</param>
/// <param name="random">Where the search begins on large clusters.</param>
public sealed class DefaultPreemption(NodeTable nodes, DisruptionBudgetTable budgets, Random random)
{
    private const int AlwaysTried = 100;
    private const int PercentTried = 10;

    private static readonly FilterStatus NoVictims = new("DefaultPreemption", true, "No preemption victims found for incoming pod");

    /// <summary>The plugin's name in Kubernetes.</summary>
    public const string Name = "DefaultPreemption";

    /// <summary>Makes room for a pod that fits nowhere, in thought.</summary>
    /// <param name="questions">The pod's questions.</param>
    /// <param name="error">Why it fits nowhere.</param>
    /// <param name="nominated">The node that room was made on before, or null.</param>
    /// <param name="isLeaving">Whether a pod on a node has been preempted already and is about to go.</param>
    public PreemptionResult Run(PodQuestions questions, FitError error, NodeInfo? nominated, Func<PodInfo, bool> isLeaving)
    {
        var pod = questions.Pod;
        if (!pod.MayPreempt) return PreemptionResult.None("preemption: not eligible due to preemptionPolicy=Never.");
        if (nominated is not null && error.Curable.Contains(nominated) && nominated.Pods.Any(p => p.Priority < pod.Priority && isLeaving(p)))
            return PreemptionResult.None("preemption: not eligible due to terminating pod on the nominated node.") with { Waits = true };

        var candidates = error.Curable;
        var enough = Math.Min(candidates.Count, Math.Max(AlwaysTried, candidates.Count * PercentTried / 100));
        var offset = candidates.Count == 0 ? 0 : random.Next(candidates.Count);
        var tried = new Dictionary<FilterStatus, int>(ReferenceEqualityComparer.Instance);
        Candidate? best = null;
        var found = 0;
        for (var i = 0; i < candidates.Count; i++)
        {
            var node = candidates[(offset + i) % candidates.Count];
            var (candidate, refusal) = Try(questions, node);
            if (candidate is null)
            {
                tried[refusal!] = tried.GetValueOrDefault(refusal!) + 1;
                continue;
            }
            if (best is null || candidate.IsBetterThan(best)) best = candidate;
            if (++found >= enough && best.Violations == 0) break;
        }
        return best is null ? PreemptionResult.None(error.NoPreemption(tried)) : new PreemptionResult(best.Node, best.Victims, "");
    }

    private (Candidate? Candidate, FilterStatus? Refusal) Try(PodQuestions questions, NodeInfo node)
    {
        var lower = node.Pods.Where(p => p.Priority < questions.Pod.Priority).ToList();
        if (lower.Count == 0) return (null, NoVictims);
        lower.Sort(ByImportance);
        foreach (var pod in lower) nodes.RemovePod(node, pod);
        var gone = new HashSet<PodInfo>(lower);
        try
        {
            if (questions.Ask(node) is { } refusal) return (null, refusal);
            var (violating, others) = budgets.Divide(lower);
            var victims = new List<PodInfo>();
            var violations = 0;
            foreach (var pod in violating)
                if (!LetBackIn(pod)) violations++;
            foreach (var pod in others) LetBackIn(pod);
            victims.Sort(ByImportance);
            return (new Candidate(node, victims, violations), null);

            bool LetBackIn(PodInfo pod)
            {
                nodes.AddPod(node, pod);
                if (questions.Ask(node) is null)
                {
                    gone.Remove(pod);
                    return true;
                }
                nodes.RemovePod(node, pod);
                victims.Add(pod);
                return false;
            }
        }
        finally
        {
            foreach (var pod in gone) nodes.AddPod(node, pod);
        }
    }

    /// <summary>Higher priority first, then who has run longest.</summary>
    private static int ByImportance(PodInfo a, PodInfo b)
    {
        var byPriority = b.Priority.CompareTo(a.Priority);
        return byPriority != 0 ? byPriority : (a.StartTime ?? DateTimeOffset.MaxValue).CompareTo(b.StartTime ?? DateTimeOffset.MaxValue);
    }

    private sealed record Candidate(NodeInfo Node, List<PodInfo> Victims, int Violations)
    {
        /// <summary>Fewer broken budgets; a lower highest priority among the victims; a lower sum of priorities; fewer victims; the most important victims started later.</summary>
        public bool IsBetterThan(Candidate other)
        {
            if (Violations != other.Violations) return Violations < other.Violations;
            // No victim at all is best: what was in the way has gone meanwhile.
            if (Victims.Count == 0 || other.Victims.Count == 0) return Victims.Count < other.Victims.Count;
            if (Victims[0].Priority != other.Victims[0].Priority) return Victims[0].Priority < other.Victims[0].Priority;
            if (Sum != other.Sum) return Sum < other.Sum;
            if (Victims.Count != other.Victims.Count) return Victims.Count < other.Victims.Count;
            return Started > other.Started;
        }

        /// <summary>Shifted, so that every victim adds something, also one of negative priority.</summary>
        private long Sum => Victims.Sum(v => v.Priority + (1L << 31));

        private DateTimeOffset Started => Victims.Where(v => v.Priority == Victims[0].Priority).Min(v => v.StartTime ?? DateTimeOffset.MaxValue);
    }
}

/// <summary>What preemption came to: a node and who has to leave it, or a message why there is none.</summary>
public sealed record PreemptionResult(NodeInfo? Node, IReadOnlyList<PodInfo> Victims, string Message)
{
    /// <summary>Room has been made already: its victims are still going.</summary>
    public bool Waits { get; init; }

    internal static PreemptionResult None(string message) => new(null, [], message);
}
