using Orchestrator.Api.Aggregation;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.OpenApi;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Api.Discovery;

/// <summary>
/// <c>/openapi/v2</c> and <c>/openapi/v3</c>: built when first asked for, since most processes never are, and again when the catalogue of kinds, or what other servers have, has changed.
/// </summary>
public sealed class OpenApiDocuments(KindCatalog catalog)
{
    private sealed record Built<T>(IReadOnlyList<ResourceKind> Of, string Others, T Documents);

    private readonly Lock _building = new();
    private Built<SchemaDocument>? _v2;
    private Built<(Document Index, Dictionary<string, SchemaDocument> Groups)>? _v3;

    /// <summary>What other servers have; null for nothing.</summary>
    internal AggregatedOpenApi? Others { get; init; }

    /// <summary>The v2 document.</summary>
    public SchemaDocument V2()
    {
        lock (_building)
            return Current(ref _v2, kinds => SchemaDocument.OfVersion2(OpenApiV2.Build([.. kinds.Where(k => k.Served)], SchemaCatalog.Default, ServerVersion.GitVersion, Others?.Parts ?? [])));
    }

    /// <summary>The index of v3.</summary>
    public Document Index() => V3().Index;

    /// <summary>The v3 document of a group version (<c>apis/apps/v1</c>), this server's own or made of another's Swagger 2; null where there is none.</summary>
    public SchemaDocument? Group(string path) => Others?.Find(path) ?? V3().Groups.GetValueOrDefault(path);

    private (Document Index, Dictionary<string, SchemaDocument> Groups) V3()
    {
        lock (_building)
        {
            return Current(ref _v3, kinds =>
            {
                kinds = [.. kinds.Where(k => k.Served)];
                var served = kinds.Select(k => (k.Group, k.Version)).Concat(VirtualKinds.All.Where(k => k.Plural.Length > 0).Select(k => (k.Group, k.Version))).Distinct();
                var groups = served.ToDictionary(
                    g => OpenApiV3.PathOf(g.Group, g.Version),
                    g => SchemaDocument.OfVersion3(OpenApiV3.BuildGroup(g.Group, g.Version, kinds, SchemaCatalog.Default, ServerVersion.GitVersion)), StringComparer.Ordinal);
                var hashes = groups.ToDictionary(g => g.Key, g => g.Value.Hash, StringComparer.Ordinal);
                foreach (var (other, hash) in Others?.Index ?? []) hashes[other] = hash;
                var index = OpenApiV3.BuildIndex(hashes);
                return (new Document(index.Content, $"\"{index.Hash}\"", "application/json"), groups);
            });
        }
    }

    private T Current<T>(ref Built<T>? built, Func<IReadOnlyList<ResourceKind>, T> build)
    {
        var (kinds, others) = (catalog.All, Others?.Stamp ?? "");
        if (built is null || !ReferenceEquals(built.Of, kinds) || built.Others != others) built = new Built<T>(kinds, others, build(kinds));
        return built.Documents;
    }
}
