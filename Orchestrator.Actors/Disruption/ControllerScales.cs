using Orchestrator.Actors.Caching;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Writing;
using OwnerReference = Orchestrator.Resources.Types.Meta.V1.OwnerReference;

namespace Orchestrator.Actors.Disruption;

/// <summary>How many pods the controller of a pod wants, custom kinds with a scale included.</summary>
internal static class ControllerScales
{
    /// <summary>
    /// The scale of the controller, or of the Deployment behind it; null where there is no such controller any more. Throws <see cref="ScaleUnknownException"/> for a
    /// kind that has no scale.
    /// </summary>
    public static ControllerScale? Of(OwnerReference controller, string ns, KindCatalog catalog, ResourceCache cache)
    {
        var group = controller.APIVersion.IndexOf('/') is var slash && slash < 0 ? "" : controller.APIVersion[..slash];
        if (catalog.FindByKind(group, controller.Kind) is not { } kind) throw new ScaleUnknownException($"no matches for kind \"{controller.Kind}\" in group \"{group}\"");
        if (!ScaleRules.Has(kind)) throw new ScaleUnknownException($"{kind.GroupResource} does not implement the scale subresource");
        if (Find(kind, ns, controller.Name, controller.UID, cache) is not { } entry) return null;
        if (kind.GroupResource == "replicasets.apps" && entry.Header.ControllerOwner is { Kind: "Deployment" } owner
            && Find(catalog.Get("deployments.apps"), ns, owner.Name, owner.Uid, cache) is { } deployment) entry = deployment;
        return new ControllerScale(entry.Uid, ScaleRules.Replicas(entry.Kind, entry.ToJsonObject()));
    }

    private static ResourceEntry? Find(ResourceKind kind, string ns, string name, string uid, ResourceCache cache) =>
        cache.Get(kind.Key(ns, name)) is { } entry && entry.Uid == uid ? entry : null;
}
