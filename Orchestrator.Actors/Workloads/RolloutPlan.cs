using System.Globalization;
using Orchestrator.Resources.Types.Apps.V1;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Meta.V1;

namespace Orchestrator.Actors.Workloads;

/// <summary>
/// The Deployment control loop as a function: from the Deployment and its ReplicaSets to the next writes. Each step keeps what the
/// strategy promises, whatever the pods do meanwhile, so the loop may stop and start again anywhere.
/// </summary>
/// <remarks>
/// <code>
///   claims to settle ──► adopt, release
///   being deleted ─────► status
///   paused ────────────► scale in proportion, clean up, status
///   spec.replicas changed since the last scaling ──► scale in proportion, status
///   RollingUpdate ─────► new set up to maxSurge │ old sets down to what maxUnavailable leaves │ clean up when complete
///   Recreate ──────────► old sets to 0 │ wait for the last old pod │ new set up │ clean up when complete
/// </code>
/// </remarks>
public static class RolloutPlan
{
    /// <summary>Decides from what is there.</summary>
    /// <param name="deployment">The object, defaulted.</param>
    /// <param name="candidates">ReplicaSets of its namespace that it controls or that nobody controls.</param>
    /// <param name="matches">The compiled selector.</param>
    /// <param name="livePods">Pods of a ReplicaSet (by uid) that have not ended, terminating ones included: Recreate waits for those.</param>
    /// <param name="justCreated">Name of the ReplicaSet whose creation has just succeeded, or null: that is progress.</param>
    /// <param name="now">The present.</param>
    public static RolloutDecision Next(Deployment deployment, IEnumerable<ReplicaSet> candidates, Func<Dictionary<string, string>?, bool> matches,
        Func<string, int> livePods, string? justCreated, DateTimeOffset now)
    {
        var controller = ControllerOf(deployment);
        var claims = ControllerClaims<ReplicaSet>.Of(controller, meta => matches(meta.Labels), candidates, rs => rs.Metadata);
        var rollout = new Rollout(deployment, claims.Owned);
        var status = new RolloutStatus(deployment, now);
        if (claims.Adopt.Count + claims.Release.Count > 0)
        {
            return new RolloutDecision(
                [.. claims.Adopt.Select(rs => new RolloutAction.Adopt(rs)), .. claims.Release.Select(rs => new RolloutAction.Release(rs))],
                status.Counted(rollout), null);
        }
        if (controller.Terminating) return new RolloutDecision([], status.Counted(rollout), null);

        status.Pause();
        if (rollout.New is not null) rollout.RefreshNew(status, justCreated);
        if (deployment.Spec.Paused)
        {
            rollout.Scale();
            rollout.CleanUp();
            return new RolloutDecision(rollout.Actions(), status.Counted(rollout), null);
        }
        if (rollout.SizeChanged)
        {
            rollout.Scale();
            return new RolloutDecision(rollout.Actions(), status.Counted(rollout), null);
        }
        if (RolloutLimits.IsRollingUpdate(deployment.Spec)) RollingUpdate(rollout, status);
        else Recreate(rollout, status, livePods);
        var actions = rollout.Actions();
        return new RolloutDecision(actions, status.Progressed(rollout), status.DeadlineIn());
    }

    /// <summary>The Deployment as owner.</summary>
    public static Controller ControllerOf(Deployment deployment) =>
        new("apps/v1", "Deployment", deployment.Metadata.Name, deployment.Metadata.UID, deployment.Metadata.DeletionTimestamp is not null);

    private static void RollingUpdate(Rollout rollout, RolloutStatus status)
    {
        rollout.EnsureNew();
        if (rollout.GrowNew()) return;
        if (rollout.ShrinkOld()) return;
        if (status.WasComplete) rollout.CleanUp();
    }

    private static void Recreate(Rollout rollout, RolloutStatus status, Func<string, int> livePods)
    {
        if (rollout.EmptyOld()) return;
        if (rollout.Old.Any(rs => rs.Source.Status.Replicas > 0 || livePods(rs.Source.Metadata.UID) > 0)) return;
        rollout.EnsureNew();
        rollout.SetNew();
        if (status.WasComplete) rollout.CleanUp();
    }

    /// <summary>The status after the ReplicaSet could not be created: no progress, and why.</summary>
    public static DeploymentStatus CreateFailed(Deployment deployment, string message, DateTimeOffset now) =>
        new RolloutStatus(deployment, now).CreateFailed(message);

    /// <summary>The new ReplicaSet of a Deployment: its template and selector with the hash, owned by it, of size 0.</summary>
    internal static ReplicaSet NewReplicaSet(Deployment deployment)
    {
        var hash = PodTemplateHash.Of(deployment.Spec.Template, deployment.Status.CollisionCount);
        var template = Orchestrator.Resources.Json.TypedJson.Clone(deployment.Spec.Template);
        template.Metadata.Labels = new Dictionary<string, string>(template.Metadata.Labels ?? [], StringComparer.Ordinal) { [PodTemplateHash.Label] = hash };
        var selector = Orchestrator.Resources.Json.TypedJson.Clone(deployment.Spec.Selector ?? new LabelSelector());
        selector.MatchLabels = new Dictionary<string, string>(selector.MatchLabels ?? [], StringComparer.Ordinal) { [PodTemplateHash.Label] = hash };
        return new ReplicaSet
        {
            Metadata = new ObjectMeta
            {
                Name = string.Create(CultureInfo.InvariantCulture, $"{deployment.Metadata.Name}-{hash}"),
                Namespace = deployment.Metadata.Namespace,
                Labels = new Dictionary<string, string>(template.Metadata.Labels, StringComparer.Ordinal),
                OwnerReferences = [ControllerOf(deployment).Reference],
            },
            Spec = new ReplicaSetSpec { Replicas = 0, MinReadySeconds = deployment.Spec.MinReadySeconds, Selector = selector, Template = template },
        };
    }
}
