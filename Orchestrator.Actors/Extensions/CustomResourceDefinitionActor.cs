using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Resources;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Extensions;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.Extensions;

/// <summary>
/// A CustomResourceDefinition's control loop: accepts its names and establishes it; one that is being deleted takes its objects along and goes after them
/// (apiextensions-apiserver's naming, establishing and finalizing controllers).
/// </summary>
/// <remarks>
/// <code>
///   new ── names free ──► Established ── delete ──► Terminating ── last object gone ──► finalizer removed ──► gone
/// </code>
/// </remarks>
public sealed class CustomResourceDefinitionActor : ControlLoopActor
{
    private const string Finalizer = "customresourcecleanup.apiextensions.k8s.io";
    private const int DeletionsAtOnce = 500;

    private readonly RetryBackoff _retry = new();

    /// <param name="key">The definition.</param>
    /// <param name="services">Shared services.</param>
    public CustomResourceDefinitionActor(ResourceKey key, ControlPlaneServices services) : base(key, services, "kube-apiserver") { }

    private string Now => ObjectMeta.Timestamp(Services.Time.GetUtcNow());

    /// <inheritdoc/>
    protected override void Reconcile()
    {
        if (_retry.Remaining(Services.Time.GetUtcNow()) is { } wait)
        {
            ReconcileAfter(wait);
            return;
        }
        if (Current!.Header.Deleting) Empty();
        else WriteStatus(DefinitionNaming.Status(CurrentObject(), Services.Catalog.All, Now));
    }

    /// <inheritdoc/>
    protected override void OnWritten(ResourceWritten written) => _retry.Succeed();

    /// <inheritdoc/>
    protected override void OnRefused(ResourceRefused refused)
    {
        // Somebody was faster: the next look tells.
        if (refused.Status.Code is not (404 or 409)) _retry.Fail(Services.Time.GetUtcNow());
    }

    private void Empty()
    {
        var definition = CurrentObject();
        if (!ObjectMeta.Finalizers(definition).Contains(Finalizer)) return;
        if (definition["status"] is not JsonObject status) definition["status"] = status = [];
        var objects = Services.Catalog.FindByGroupResource(Key.Name) is { IsCustom: true } ? Cache.List(Key.Name) : SortedEntries.Empty;
        if (objects.Count > 0)
        {
            foreach (var entry in objects.Where(e => !e.Header.Deleting).Take(DeletionsAtOnce).ToList()) SendDelete(entry.Kind, entry.Key, entry.Uid, propagation: null);
            Orchestrator.Resources.Extensions.Conditions.Set(status, "Terminating", true, "InstanceDeletionInProgress", "CustomResource deletion is in progress", Now);
        }
        else
        {
            Orchestrator.Resources.Extensions.Conditions.Set(status, "Terminating", false, "InstanceDeletionCompleted", "removed all instances", Now);
            ObjectMeta.SetFinalizers(definition, [.. ObjectMeta.Finalizers(definition).Where(f => f != Finalizer)]);
        }
        if (!JsonNode.DeepEquals(definition, CurrentObject())) WriteSelf(definition);
    }
}
