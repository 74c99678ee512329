using Orchestrator.Actors.Scheduling.Plugins;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Nodes;

/// <summary>When a pod has to leave a node for its NoExecute taints, as upstream's taint eviction controller decides it.</summary>
public static class TaintEviction
{
    /// <summary>
    /// Null for never: no such taint, or all of them are tolerated for ever. A taint that is not tolerated ends the pod at once (<paramref name="now"/>); of several tolerations with
    /// seconds the shortest counts, from the time of the newest taint on, or of the pod where that is younger.
    /// </summary>
    public static DateTimeOffset? DueAt(IEnumerable<Taint> taints, IReadOnlyList<Toleration> tolerations, DateTimeOffset podCreated, DateTimeOffset now)
    {
        var from = podCreated;
        long? seconds = null;
        foreach (var taint in taints)
        {
            if (taint.Effect != "NoExecute") continue;
            if (taint.TimeAdded > from) from = taint.TimeAdded.Value;
            var tolerated = false;
            foreach (var toleration in tolerations)
            {
                if (!Tolerations.Tolerates(toleration, taint)) continue;
                tolerated = true;
                if (toleration.TolerationSeconds is { } limit && (seconds is null || limit < seconds)) seconds = Math.Max(0, limit);
            }
            if (!tolerated) return now;
        }
        return seconds is { } least ? from + TimeSpan.FromSeconds(Math.Min(least, int.MaxValue)) : null;
    }
}
