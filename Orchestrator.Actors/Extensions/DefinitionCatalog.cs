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

    /// <summary>Takes a change before anybody can see it; changes of anything but definitions are none of its business.</summary>
    internal void Follow(ResourceChange change)
    {
        if (change.Entry.Key.Resource != Resource) return;
        var resource = change.Entry.Name;
        if (change.Type == ChangeType.Deleted)
        {
            // The types stay: a request that is under way may still need them, and a definition of the same name replaces them.
            catalog.Replace(resource, []);
            return;
        }
        var definition = change.Entry.ToJsonObject();
        if (!DefinitionNaming.IsEstablished(definition)) return;
        // What only touches the status changes nothing that is served.
        if (catalog.FindByGroupResource(resource) is not null && change.Previous?.ToJsonObject() is { } before && CustomKinds.ServeAlike(before, definition)) return;
        var kinds = CustomKinds.Of(definition, SchemaCatalog.Default);
        foreach (var kind in kinds) SchemaCatalog.Default.Add(kind.Type);
        catalog.Replace(resource, [.. kinds.Select(k => k.Kind)]);
    }
}
