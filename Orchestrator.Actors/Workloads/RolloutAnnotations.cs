using System.Globalization;
using Orchestrator.Resources.Types.Apps.V1;

namespace Orchestrator.Actors.Workloads;

/// <summary>The annotations by which Deployments keep their history on ReplicaSets.</summary>
public static class RolloutAnnotations
{
    /// <summary>The revision a ReplicaSet stands for; on the Deployment, the current one.</summary>
    public const string Revision = "deployment.kubernetes.io/revision";

    /// <summary>Earlier revisions of the same template, comma-separated.</summary>
    public const string RevisionHistory = "deployment.kubernetes.io/revision-history";

    /// <summary>spec.replicas of the Deployment when this ReplicaSet was last scaled.</summary>
    public const string DesiredReplicas = "deployment.kubernetes.io/desired-replicas";

    /// <summary>The most pods all ReplicaSets together could have then.</summary>
    public const string MaxReplicas = "deployment.kubernetes.io/max-replicas";

    private const int MaxHistoryLength = 2000;

    private static readonly HashSet<string> NotInherited = new(StringComparer.Ordinal)
    {
        "kubectl.kubernetes.io/last-applied-configuration", Revision, RevisionHistory, DesiredReplicas, MaxReplicas, "deprecated.deployment.rollback.to",
    };

    /// <summary>The revision, 0 where absent or malformed.</summary>
    public static long RevisionOf(IReadOnlyDictionary<string, string>? annotations) =>
        annotations is not null && annotations.TryGetValue(Revision, out var text)
        && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var revision) ? revision : 0;

    /// <summary>A count, null where absent or malformed.</summary>
    public static int? CountOf(IReadOnlyDictionary<string, string> annotations, string name) =>
        annotations.TryGetValue(name, out var text) && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var count) ? count : null;

    /// <summary>
    /// Brings the annotations of the current ReplicaSet up to date: what it inherits from the Deployment, and a revision above all old
    /// ones. A ReplicaSet that becomes current again (a rollback) keeps its former revision in the history.
    /// </summary>
    public static void Update(IDictionary<string, string> annotations, Deployment deployment, long newRevision)
    {
        foreach (var (key, value) in deployment.Metadata.Annotations ?? [])
            if (!NotInherited.Contains(key)) annotations[key] = value;
        annotations.TryGetValue(Revision, out var old);
        var malformed = !string.IsNullOrEmpty(old) && !long.TryParse(old, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);
        if (malformed || RevisionOf((IReadOnlyDictionary<string, string>)annotations) >= newRevision) return;
        annotations[Revision] = newRevision.ToString(CultureInfo.InvariantCulture);
        if (!string.IsNullOrEmpty(old)) annotations[RevisionHistory] = Append(annotations.TryGetValue(RevisionHistory, out var history) ? history : "", old);
    }

    /// <summary>Notes for which size of the Deployment a ReplicaSet was scaled.</summary>
    public static void SetSizes(IDictionary<string, string> annotations, RolloutLimits limits)
    {
        annotations[DesiredReplicas] = limits.Replicas.ToString(CultureInfo.InvariantCulture);
        annotations[MaxReplicas] = limits.MaxPods.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>The oldest entries make room.</summary>
    private static string Append(string history, string revision)
    {
        var whole = history.Length == 0 ? revision : $"{history},{revision}";
        while (whole.Length > MaxHistoryLength && whole.Contains(',')) whole = whole[(whole.IndexOf(',') + 1)..];
        return whole;
    }
}
