using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Api.Discovery;
using Orchestrator.Resources.OpenApi;

namespace Orchestrator.Api.Aggregation;

/// <summary>
/// What aggregated servers say of their types, beside our own. Who asks for an OpenAPI 3 document of theirs is passed on to them; where a server has none, it is made from its Swagger 2
/// document (kube-aggregator's openapiv3 and openapi aggregators).
/// </summary>
internal sealed class AggregatedOpenApi(AggregatedApis apis, AggregationProxy proxy)
{
    /// <summary>What a server has: its own document of version 3, of which the hash is known, or the one made here.</summary>
    private sealed record Known(string Hash, OpenApiPart? Part, SchemaDocument? Made);

    private readonly ConcurrentDictionary<string, Known> _known = new(StringComparer.Ordinal);

    /// <summary>Changes where what is shown does.</summary>
    public string Stamp => string.Join(' ', Shown().Select(s => $"{s.Api.Name}={s.Known.Hash}"));

    /// <summary>Documents of the index, by their path below <c>/openapi/v3/</c>, with their hashes.</summary>
    public IReadOnlyList<(string Path, string Hash)> Index => [.. Shown().Select(s => (PathOf(s.Api), s.Known.Hash))];

    /// <summary>Parts of the one Swagger 2 document.</summary>
    public IReadOnlyList<OpenApiPart> Parts => [.. Shown().Select(s => s.Known.Part).OfType<OpenApiPart>()];

    /// <summary>The server that has the document at a path below <c>/openapi/v3/</c> itself, or null.</summary>
    public AggregatedApi? ServerOf(string path) => At(path) is { Known.Made: null } shown ? shown.Api : null;

    /// <summary>The document at a path below <c>/openapi/v3/</c> that was made here for its server, or null.</summary>
    public SchemaDocument? Find(string path) => At(path)?.Known.Made;

    /// <summary>Asks a server what it has. One that has nothing is shown without.</summary>
    public async Task LookAsync(AggregatedApi api, CancellationToken cancel)
    {
        var part = await AskAsync(api, "/openapi/v2", cancel) is { } swagger ? OpenApiPart.Of(swagger, api.Group, api.Version) : null;
        Known? now = null;
        if ((string?)(await AskAsync(api, "/openapi/v3", cancel))?["paths"]?[PathOf(api)]?["serverRelativeURL"] is { } url)
        {
            var at = url.IndexOf("hash=", StringComparison.Ordinal);
            now = new Known(at < 0 ? "" : url[(at + 5)..], part, null);
        }
        else if (part is not null)
        {
            var document = SchemaDocument.OfVersion3(part.ToVersion3());
            now = new Known(document.Hash, part, document);
        }
        if (now is null) _known.TryRemove(api.Name, out _);
        else if (!_known.TryGetValue(api.Name, out var before) || before.Hash != now.Hash || before.Hash.Length == 0) _known[api.Name] = now;
    }

    /// <summary>Forgets the servers that are not there any more.</summary>
    public void Keep(IReadOnlyDictionary<string, AggregatedApi> those)
    {
        foreach (var (name, _) in _known)
            if (!those.ContainsKey(name)) _known.TryRemove(name, out _);
    }

    private async Task<JsonObject?> AskAsync(AggregatedApi api, string path, CancellationToken cancel)
    {
        try
        {
            return JsonNode.Parse(await proxy.GetAsync(api, path, "application/json", cancel)) as JsonObject;
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            // Not every server describes its types: clients do without, as upstream has it.
            return null;
        }
    }

    private IEnumerable<(AggregatedApi Api, Known Known)> Shown()
    {
        foreach (var api in apis.Current())
            if (_known.TryGetValue(api.Name, out var known)) yield return (api, known);
    }

    private (AggregatedApi Api, Known Known)? At(string path)
    {
        foreach (var shown in Shown())
            if (PathOf(shown.Api) == path) return shown;
        return null;
    }

    private static string PathOf(AggregatedApi api) => OpenApiV3.PathOf(api.Group, api.Version);
}
