using Orchestrator.Api.Aggregation;
using Orchestrator.Api.Negotiation;
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
    private Built<(Document Json, Document Protobuf)>? _v2;
    private Built<Dictionary<string, Document>>? _v3;

    /// <summary>What other servers have; null for nothing.</summary>
    internal AggregatedOpenApi? Others { get; init; }

    /// <summary>The v2 document; protobuf where the client prefers it (kubectl before 1.27).</summary>
    public Document V2(string accept)
    {
        lock (_building)
        {
            var (json, protobuf) = Current(ref _v2, kinds =>
            {
                var (asJson, asProtobuf) = OpenApiV2.Build([.. kinds.Where(k => k.Served)], SchemaCatalog.Default, ServerVersion.GitVersion, Others?.Parts ?? []);
                return (Tagged(asJson, "application/json"), Tagged(asProtobuf, OpenApiV2.ProtobufMediaType));
            });
            foreach (var range in MediaRange.Parse(accept))
            {
                if (range.Type is OpenApiV2.RequestedProtobufMediaType or OpenApiV2.ProtobufMediaType) return protobuf;
                if (range.Covers("application/json")) return json;
            }
            return json;
        }
    }

    /// <summary>The v3 index (empty path) or the document of a group version (<c>apis/apps/v1</c>), which may be another server's to give; null where there is none.</summary>
    public async Task<Document?> V3Async(string path, CancellationToken cancel) => (Others is null ? null : await Others.FindAsync(path, cancel)) ?? V3(path);

    private Document? V3(string path)
    {
        lock (_building)
        {
            return Current(ref _v3, kinds =>
            {
                kinds = [.. kinds.Where(k => k.Served)];
                var served = kinds.Select(k => (k.Group, k.Version)).Concat(VirtualKinds.All.Where(k => k.Plural.Length > 0).Select(k => (k.Group, k.Version))).Distinct();
                var groups = served.ToDictionary(
                    g => OpenApiV3.PathOf(g.Group, g.Version),
                    g => OpenApiV3.BuildGroup(g.Group, g.Version, kinds, SchemaCatalog.Default, ServerVersion.GitVersion), StringComparer.Ordinal);
                var documents = groups.ToDictionary(g => g.Key, g => Tagged(g.Value, "application/json"), StringComparer.Ordinal);
                var hashes = groups.ToDictionary(g => g.Key, g => g.Value.Hash, StringComparer.Ordinal);
                foreach (var (other, hash) in Others?.Index ?? []) hashes[other] = hash;
                documents[""] = Tagged(OpenApiV3.BuildIndex(hashes), "application/json");
                return documents;
            }).GetValueOrDefault(path);
        }
    }

    private T Current<T>(ref Built<T>? built, Func<IReadOnlyList<ResourceKind>, T> build)
    {
        var (kinds, others) = (catalog.All, Others?.Stamp ?? "");
        if (built is null || !ReferenceEquals(built.Of, kinds) || built.Others != others) built = new Built<T>(kinds, others, build(kinds));
        return built.Documents;
    }

    private static Document Tagged(OpenApiDocument document, string contentType) => new(document.Content, $"\"{document.Hash}\"", contentType);
}
