using Orchestrator.Actors.Events;
using Orchestrator.Actors.Resources;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Policy.V1;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.Disruption;

/// <summary>
/// A PodDisruptionBudget's control loop, and the one place where evictions are charged to it: the actor is the budget's only writer, so two evictions never take the
/// same disruption.
/// </summary>
/// <remarks>
/// <code>
///   a pod it selects changes ──► count ──► status
///   pod's actor ── AskDisruption ──► one left? ── yes ──► disruptedPods, disruptionsAllowed − 1 ── committed ── DisruptionGranted ──► pod's actor deletes and answers
///                                        └─ no ──► 429 to who asked for the eviction
/// </code>
/// </remarks>
public sealed class PodDisruptionBudgetActor : ControlLoopActor
{
    /// <param name="key">The budget.</param>
    /// <param name="services">Shared services.</param>
    public PodDisruptionBudgetActor(ResourceKey key, ControlPlaneServices services) : base(key, services, "controllermanager") => Command<AskDisruption>(OnAsk);

    private DateTimeOffset Now => Services.Time.GetUtcNow();

    /// <inheritdoc/>
    protected override void Reconcile()
    {
        var budget = Current!.Read<PodDisruptionBudget>();
        var selector = DisruptionBudgets.SelectorOf(Current);
        List<Pod> pods = [.. Cache.List("pods", Key.Namespace).Where(p => selector.Matches(p.Labels)).Select(p => p.Read<Pod>())];
        var decision = DisruptionPlan.Next(budget, pods, controller => ControllerScales.Of(controller, Key.Namespace, Services.Catalog, Cache), Now);
        Announce(budget, pods.Count, decision);
        WriteStatus(TypedJson.ToNode(decision.Status));
        if (decision.LookAgainAfter is { } wait) ReconcileAfter(wait);
    }

    /// <summary>Only what is new: the loop looks at every change of its pods.</summary>
    private void Announce(PodDisruptionBudget budget, int pods, DisruptionDecision decision)
    {
        if (pods == 0 && (budget.Status.ExpectedPods > 0 || budget.Status.ObservedGeneration == 0)) Record("Normal", "NoPods", "No matching pods found");
        if (decision.Failure is { } failure && budget.Status.Conditions?.Exists(c => c.Type == DisruptionPlan.Allowed && c.Message == failure) != true)
            Record("Warning", "CalculateExpectedPodCountFailed", $"Failed to calculate the number of expected pods: {failure}");
        foreach (var pod in decision.NotDeleted)
            if (Cache.Get(new ResourceKey("pods", Key.Namespace, pod.Metadata.Name)) is { } entry)
                Services.Events.Tell(RecordEvent.About(entry, "Warning", "NotDeleted", $"Pod was expected by PDB {Key.Namespace}/{Key.Name} to be deleted but it wasn't", Component), Self);
    }

    private void OnAsk(AskDisruption ask)
    {
        var asker = Sender;
        var pod = ask.Eviction.Key;
        void Grant() => Services.Region.Tell(new ToEntity(pod, new DisruptionGranted(ask.Eviction, ask.PodUid)), asker);
        // A budget that has gone meanwhile protects nobody.
        if (Current is null)
        {
            Grant();
            return;
        }
        var budget = Current.Read<PodDisruptionBudget>();
        if (EvictionRules.Refusal(budget) is { } refusal)
        {
            asker.Tell(new ResourceRefused(pod, refusal), Self);
            return;
        }
        if (ask.Eviction.Context.DryRun)
        {
            Grant();
            return;
        }
        var charged = CurrentObject();
        charged["status"] = TypedJson.ToNode(DisruptionPlan.Grant(budget.Status, pod.Name, Now));
        Commit(new WriteDecision.Put(charged, Created: false) { Track = "status" }, Writer, reply =>
        {
            if (reply is ResourceRefused refused) asker.Tell(new ResourceRefused(pod, refused.Status), Self);
            else Grant();
        });
    }
}
