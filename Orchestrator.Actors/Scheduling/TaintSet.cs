using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Scheduling;

/// <summary>
/// The taints of a node. Thousands of nodes share a handful of taint lists, so equal lists are one object: a pod's verdict about
/// a list is worked out once per pod, not once per node.
/// </summary>
public sealed class TaintSet
{
    /// <summary>No taints.</summary>
    public static readonly TaintSet None = new([]);

    private TaintSet(IReadOnlyList<Taint> taints) => (Taints, HasSoft) = (taints, taints.Any(t => t.Effect == "PreferNoSchedule"));

    /// <summary>In the node's order.</summary>
    public IReadOnlyList<Taint> Taints { get; }

    /// <summary>Whether one of them only makes the node less liked (PreferNoSchedule).</summary>
    public bool HasSoft { get; }

    /// <summary>Keeps one object per distinct list.</summary>
    public sealed class Pool
    {
        private readonly Dictionary<string, TaintSet> _sets = new(StringComparer.Ordinal);

        /// <summary>The one object for this list.</summary>
        public TaintSet Of(IReadOnlyList<Taint>? taints)
        {
            if (taints is not { Count: > 0 }) return None;
            var key = string.Join('\n', taints.Select(t => $"{t.Key}={t.Value}:{t.Effect}"));
            if (!_sets.TryGetValue(key, out var set)) _sets[key] = set = new TaintSet(taints);
            return set;
        }
    }
}
