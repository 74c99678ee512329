using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Meta.V1;
using Orchestrator.Resources.Types.Policy.V1;
using Orchestrator.Resources.Workloads;

namespace Orchestrator.Actors.Disruption;

/// <summary>
/// A PodDisruptionBudget's status, counted from its pods (upstream: pkg/controller/disruption). Pure: the actor carries what comes out.
/// <code>
///   healthy = ready pods that neither are being deleted nor have been granted an eviction
///   expected = pods (minAvailable as a number), else the replicas that the pods' controllers want
///   allowed = healthy − (minAvailable, or expected − maxUnavailable), not below 0, and 0 where nothing is expected
/// </code>
/// </summary>
public static class DisruptionPlan
{
    /// <summary>The condition's type.</summary>
    public const string Allowed = "DisruptionAllowed";

    /// <summary>Its reason where the numbers could not be worked out.</summary>
    public const string SyncFailed = "SyncFailed";

    /// <summary>A pod that was granted an eviction and does not begin to go within this time counts again.</summary>
    public static readonly TimeSpan DeletionTimeout = TimeSpan.FromMinutes(2);

    /// <summary>The status as it should be.</summary>
    /// <param name="budget">The budget.</param>
    /// <param name="pods">The pods it selects.</param>
    /// <param name="scaleOf">The replicas that a controller, or whoever controls it, wants. Throws <see cref="ScaleUnknownException"/>.</param>
    /// <param name="now">The present.</param>
    public static DisruptionDecision Next(PodDisruptionBudget budget, IReadOnlyList<Pod> pods, Func<OwnerReference, ControllerScale?> scaleOf, DateTimeOffset now)
    {
        try
        {
            var (expected, desired) = Expected(budget.Spec, pods, scaleOf);
            var decision = new DisruptionDecision { Status = new PodDisruptionBudgetStatus { ObservedGeneration = budget.Metadata.Generation, ExpectedPods = expected, DesiredHealthy = desired } };
            var granted = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
            foreach (var pod in pods)
            {
                if (pod.Metadata.DeletionTimestamp is not null) continue;
                if (budget.Status.DisruptedPods?.TryGetValue(pod.Metadata.Name, out var since) == true)
                {
                    var left = since + DeletionTimeout - now;
                    if (left > TimeSpan.Zero)
                    {
                        granted[pod.Metadata.Name] = since;
                        if (decision.LookAgainAfter is null || left < decision.LookAgainAfter) decision = decision with { LookAgainAfter = left };
                        continue;
                    }
                    decision.NotDeleted.Add(pod);
                }
                if (PodStatusFacts.IsReady(pod)) decision.Status.CurrentHealthy++;
            }
            if (granted.Count > 0) decision.Status.DisruptedPods = granted;
            decision.Status.DisruptionsAllowed = expected <= 0 ? 0 : Math.Max(0, decision.Status.CurrentHealthy - desired);
            decision.Status.Conditions = Conditions(budget.Status.Conditions, decision.Status, now);
            return decision;
        }
        catch (Exception failure) when (failure is ScaleUnknownException or FormatException)
        {
            return Failed(budget, failure.Message, now);
        }
    }

    /// <summary>The status after one more eviction has been granted.</summary>
    public static PodDisruptionBudgetStatus Grant(PodDisruptionBudgetStatus status, string pod, DateTimeOffset now)
    {
        var charged = new PodDisruptionBudgetStatus
        {
            ObservedGeneration = status.ObservedGeneration,
            ExpectedPods = status.ExpectedPods,
            DesiredHealthy = status.DesiredHealthy,
            CurrentHealthy = status.CurrentHealthy,
            DisruptionsAllowed = status.DisruptionsAllowed - 1,
            DisruptedPods = new Dictionary<string, DateTimeOffset>(status.DisruptedPods ?? [], StringComparer.Ordinal) { [pod] = now },
        };
        charged.Conditions = Conditions(status.Conditions, charged, now);
        return charged;
    }

    private static (int Expected, int Desired) Expected(PodDisruptionBudgetSpec spec, IReadOnlyList<Pod> pods, Func<OwnerReference, ControllerScale?> scaleOf)
    {
        if (spec.MaxUnavailable is { } most)
        {
            var expected = Scale(pods, scaleOf);
            return (expected, Math.Max(0, expected - most.Scaled(expected, roundUp: true)));
        }
        if (spec.MinAvailable is not { } least) return (0, 0);
        if (!least.IsString) return (pods.Count, least.Number);
        var whole = Scale(pods, scaleOf);
        return (whole, least.Scaled(whole, roundUp: true));
    }

    /// <summary>The sum over the pods' controllers. Pods that nobody controls are nothing to count on.</summary>
    private static int Scale(IReadOnlyList<Pod> pods, Func<OwnerReference, ControllerScale?> scaleOf)
    {
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        var scales = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var pod in pods)
        {
            // Most pods share a controller: it is looked up once.
            if (PodStatusFacts.Controller(pod.Metadata) is not { } controller || known.ContainsKey(controller.UID)) continue;
            var scale = scaleOf(controller) ?? throw new ScaleUnknownException($"found no controllers for pod \"{pod.Metadata.Name}\"") { Reason = "NoControllers" };
            known[controller.UID] = scale.Uid;
            scales[scale.Uid] = scale.Replicas;
        }
        return scales.Values.Sum();
    }

    /// <summary>Nothing may be disrupted while nobody knows how much may.</summary>
    private static DisruptionDecision Failed(PodDisruptionBudget budget, string message, DateTimeOffset now)
    {
        var status = new PodDisruptionBudgetStatus
        {
            ObservedGeneration = budget.Status.ObservedGeneration,
            ExpectedPods = budget.Status.ExpectedPods,
            DesiredHealthy = budget.Status.DesiredHealthy,
            CurrentHealthy = budget.Status.CurrentHealthy,
            DisruptedPods = budget.Status.DisruptedPods,
        };
        status.Conditions = With(budget.Status.Conditions, "False", SyncFailed, message, status.ObservedGeneration, now);
        return new DisruptionDecision { Status = status, Failure = message };
    }

    private static List<Condition> Conditions(List<Condition>? before, PodDisruptionBudgetStatus status, DateTimeOffset now) => status.DisruptionsAllowed > 0
        ? With(before, "True", "SufficientPods", "", status.ObservedGeneration, now)
        : With(before, "False", "InsufficientPods", "", status.ObservedGeneration, now);

    private static List<Condition> With(List<Condition>? before, string status, string reason, string message, long generation, DateTimeOffset now)
    {
        var old = before?.Find(c => c.Type == Allowed);
        var since = old is not null && old.Status == status ? old.LastTransitionTime : new DateTimeOffset(now.Ticks - now.Ticks % TimeSpan.TicksPerSecond, now.Offset);
        var condition = new Condition { Type = Allowed, Status = status, Reason = reason, Message = message, ObservedGeneration = generation, LastTransitionTime = since };
        return [condition, .. (before ?? []).Where(c => c.Type != Allowed)];
    }
}

/// <summary>A controller and how many pods it wants.</summary>
public readonly record struct ControllerScale(string Uid, int Replicas);

/// <summary>How many pods are expected cannot be told.</summary>
public sealed class ScaleUnknownException(string message) : Exception(message)
{
    /// <summary>The reason of the event about it.</summary>
    public string Reason { get; init; } = "CalculateExpectedPodCountFailed";
}

/// <summary>What a look at a budget's pods came to.</summary>
public sealed record DisruptionDecision
{
    /// <summary>The status as it should be.</summary>
    public required PodDisruptionBudgetStatus Status { get; init; }

    /// <summary>Why the numbers could not be worked out, or null.</summary>
    public string? Failure { get; init; }

    /// <summary>When an eviction that was granted is given up, or null.</summary>
    public TimeSpan? LookAgainAfter { get; init; }

    /// <summary>Pods whose eviction was granted and that did not go.</summary>
    public List<Pod> NotDeleted { get; } = [];
}
