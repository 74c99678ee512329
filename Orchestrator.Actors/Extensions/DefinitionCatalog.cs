using Orchestrator.Actors.Caching;
using Orchestrator.Resources.Extensions;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Actors.Extensions;

/// <summary>
/// Keeps the catalogue of kinds and the schema in step with the CustomResourceDefinitions as they are folded, so that every member serves a custom kind from
/// the row on that established it, before whoever waits for that row is answered.
/// </summary>
internal sealed class DefinitionCatalog(KindCatalog catalog)
{
    /// <summary>The resource of definitions.</summary>
    internal const string Resource = "customresourcedefinitions.apiextensions.k8s.io";

    /// <summary>Takes a change; answers with the resource that is served now where the change was about one, else null.</summary>
    internal string? Follow(ResourceChange change)
    {
        if (change.Entry.Key.Resource != Resource) return null;
        var resource = change.Entry.Name;
        if (change.Type == ChangeType.Deleted)
        {
            foreach (var kind in catalog.All.Where(k => k.GroupResource == resource)) SchemaCatalog.Default.Remove(kind.SchemaName);
            catalog.Replace(resource, []);
            return null;
        }
        var definition = change.Entry.ToJsonObject();
        if (!DefinitionNaming.IsEstablished(definition)) return null;
        // What only touches the status changes nothing that is served.
        if (change.Previous?.ToJsonObject() is { } before && DefinitionNaming.IsEstablished(before) && CustomKinds.ServeAlike(before, definition) && catalog.FindByGroupResource(resource) is not null) return null;
        var kinds = CustomKinds.Of(definition, SchemaCatalog.Default);
        foreach (var kind in kinds) SchemaCatalog.Default.Add(kind.Type);
        catalog.Replace(resource, [.. kinds.Select(k => k.Kind)]);
        return resource;
    }
}
