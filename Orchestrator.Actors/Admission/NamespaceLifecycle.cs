using Orchestrator.Actors.Caching;
using Orchestrator.Resources;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Actors.Admission;

/// <summary>Nothing is created in a namespace that is missing or terminating (upstream's NamespaceLifecycle admission plugin), nor of a custom kind that is going.</summary>
public static class NamespaceLifecycle
{
    /// <summary>Throws 404 for a missing namespace, 403 with cause NamespaceTerminating for one that is going.</summary>
    public static void Check(ResourceKind kind, string ns, string name, ResourceCache cache)
    {
        if (kind.IsCustom && cache.Get(new ResourceKey(Extensions.DefinitionCatalog.Resource, "", kind.GroupResource)) is { Header.Deleting: true })
            throw new ApiStatus(405, "MethodNotAllowed", "create not allowed while custom resource definition is terminating").AsException();
        if (!kind.Namespaced) return;
        var found = cache.Get(new ResourceKey("namespaces", "", ns));
        if (found is null) throw ApiStatus.NotFound("namespaces", ns).AsException();
        if (!found.Header.Deleting && found.Header.Phase != "Terminating") return;
        throw (ApiStatus.Forbidden(kind.GroupResource, name, $"unable to create new content in namespace {ns} because it is being terminated") with
        {
            Causes = [new StatusCause("NamespaceTerminating", $"namespace {ns} is being terminated", "metadata.namespace")],
        }).AsException();
    }
}
