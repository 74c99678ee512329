using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Api.Discovery;
using Orchestrator.Resources.OpenApi;

namespace Orchestrator.Api.Aggregation;

/// <summary>
/// What aggregated servers say of their types, beside our own: their OpenAPI 3 documents, which are asked for when a client does; where a server has none, made from its Swagger 2
/// document (kube-aggregator's openapiv3 and openapi aggregators).
/// </summary>
internal sealed class AggregatedOpenApi(AggregatedApis apis, AggregationProxy proxy)
{
    private sealed record Known(string Hash, bool HasVersion3, OpenApiPart? Part)
    {
        public Document? Document { get; init; }
    }

    private readonly ConcurrentDictionary<string, Known> _known = new(StringComparer.Ordinal);

    /// <summary>Changes where what is shown does.</summary>
    public string Stamp => string.Join(' ', Shown().Select(s => $"{s.Api.Name}={s.Known.Hash}"));

    /// <summary>Documents of the index, by their path below <c>/openapi/v3/</c>, with their hashes.</summary>
    public IReadOnlyList<(string Path, string Hash)> Index => [.. Shown().Select(s => (PathOf(s.Api), s.Known.Hash))];

    /// <summary>Parts of the one Swagger 2 document.</summary>
    public IReadOnlyList<OpenApiPart> Parts => [.. Shown().Select(s => s.Known.Part).OfType<OpenApiPart>()];

    /// <summary>The document at a path below <c>/openapi/v3/</c>, or null. Throws <see cref="Orchestrator.Resources.Errors.StatusException"/> 503 where its server does not give it.</summary>
    public async Task<Document?> FindAsync(string path, CancellationToken cancel)
    {
        if (apis.Current().FirstOrDefault(a => PathOf(a) == path) is not { } api || !_known.TryGetValue(api.Name, out var known)) return null;
        if (known.Document is { } document) return document;
        try
        {
            var bytes = await proxy.GetAsync(api, $"/openapi/v3/{path}", "application/json", cancel);
            document = new Document(bytes, $"\"{known.Hash}\"", "application/json");
        }
        catch (IOException e)
        {
            throw Orchestrator.Resources.Errors.ApiStatus.ServiceUnavailable(e.Message).AsException();
        }
        _known.TryUpdate(api.Name, known with { Document = document }, known);
        return document;
    }

    /// <summary>Asks a server what it has. One that has nothing is shown without.</summary>
    public async Task LookAsync(AggregatedApi api, CancellationToken cancel)
    {
        var part = await AskAsync(api, "/openapi/v2", cancel) is { } swagger ? OpenApiPart.Of(swagger, api.Group, api.Version) : null;
        Known? now = null;
        if ((string?)(await AskAsync(api, "/openapi/v3", cancel))?["paths"]?[PathOf(api)]?["serverRelativeURL"] is { } url)
        {
            var at = url.IndexOf("hash=", StringComparison.Ordinal);
            now = new Known(at < 0 ? "" : url[(at + 5)..], true, part);
        }
        else if (part is not null)
        {
            var document = part.ToVersion3();
            now = new Known(document.Hash, false, part) { Document = new Document(document.Content, $"\"{document.Hash}\"", "application/json") };
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

    private static string PathOf(AggregatedApi api) => OpenApiV3.PathOf(api.Group, api.Version);
}
