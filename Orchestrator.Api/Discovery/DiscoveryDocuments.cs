using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Extensions;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Api.Discovery;

/// <summary>A document and its entity tag (quoted).</summary>
public sealed record Document(ReadOnlyMemory<byte> Json, string ETag, string ContentType);

/// <summary>
/// Everything under <c>/api</c> and <c>/apis</c> that describes what is served: plain (APIVersions, APIGroupList, APIGroup, APIResourceList) and
/// aggregated (APIGroupDiscoveryList). Built from the catalogue of kinds and built again when that changes.
/// </summary>
public sealed class DiscoveryDocuments(KindCatalog catalog, Func<string> serverAddress)
{
    private sealed record Built(IReadOnlyList<ResourceKind> Of, object Aggregate, Dictionary<string, Document> Plain, Dictionary<(string Path, string Version), Document> Aggregated);

    private volatile Built? _built;

    /// <summary>What other servers serve; null for nothing.</summary>
    internal Aggregation.AggregatedDiscovery? Others { get; init; }

    /// <summary>The document at a path (<c>/api</c>, <c>/api/v1</c>, <c>/apis</c>, <c>/apis/apps</c>, <c>/apis/apps/v1</c>), or null where there is none.</summary>
    public Document? Plain(string path) => Current().Plain.GetValueOrDefault(path);

    /// <summary>The aggregated form of <c>/api</c> or <c>/apis</c>; <paramref name="version"/> is <c>v2</c> or <c>v2beta1</c>.</summary>
    public Document? Aggregated(string path, string version) => Current().Aggregated.GetValueOrDefault((path, version));

    /// <summary>Every plain path, for the index at <c>/</c>.</summary>
    public IEnumerable<string> Paths => Current().Plain.Keys;

    private Built Current()
    {
        var kinds = catalog.All;
        var (built, aggregate) = (_built, Others?.Stamp ?? this);
        if (built is not null && ReferenceEquals(built.Of, kinds) && built.Aggregate.Equals(aggregate)) return built;
        return _built = Build(kinds, aggregate);
    }

    private Built Build(IReadOnlyList<ResourceKind> kinds, object aggregate)
    {
        var others = Others?.Versions() ?? [];
        var served = InOrder([.. GroupVersions(kinds).Where(own => !others.Any(o => o.GroupVersion == own.GroupVersion)), .. others]);
        var plain = new Dictionary<string, Document>(StringComparer.Ordinal)
        {
            ["/api"] = Encode(new JsonObject
            {
                ["kind"] = "APIVersions",
                ["versions"] = new JsonArray("v1"),
                ["serverAddressByClientCIDRs"] = new JsonArray(new JsonObject { ["clientCIDR"] = "0.0.0.0/0", ["serverAddress"] = serverAddress() }),
            }),
        };
        var groups = new JsonArray();
        foreach (var group in served.Where(v => v.Group.Length > 0).GroupBy(v => v.Group))
        {
            var json = GroupJson([.. group]);
            groups.Add((JsonNode)json.DeepClone());
            plain[$"/apis/{group.Key}"] = Encode(Headed("APIGroup", json));
        }
        plain["/apis"] = Encode(new JsonObject { ["kind"] = "APIGroupList", ["apiVersion"] = "v1", ["groups"] = groups });
        // The document of a version of another server is that server's to give.
        foreach (var version in served.Where(v => !v.IsAggregated))
            plain[version.Group.Length == 0 ? $"/api/{version.Version}" : $"/apis/{version.Group}/{version.Version}"] = Encode(ResourceList(version));

        var aggregated = new Dictionary<(string, string), Document>();
        foreach (var form in (ReadOnlySpan<string>)["v2", "v2beta1"])
        {
            aggregated[("/api", form)] = AggregatedList(served.Where(v => v.Group.Length == 0), form);
            aggregated[("/apis", form)] = AggregatedList(served.Where(v => v.Group.Length > 0), form);
        }
        return new Built(kinds, aggregate, plain, aggregated);
    }

    private List<ServedVersion> GroupVersions(IReadOnlyList<ResourceKind> kinds)
    {
        var served = new Dictionary<(string, string), ServedVersion>();
        ServedVersion At(string group, string version) =>
            served.TryGetValue((group, version), out var at) ? at : served[(group, version)] = new ServedVersion(group, version);
        foreach (var kind in kinds.Where(k => k.Served)) At(kind.Group, kind.Version).Resources.Add(ServedResource.Of(kind, catalog.FindByGroupResource(kind.StoredAs) ?? kind));
        foreach (var kind in VirtualKinds.All)
            if (kind.Plural.Length > 0) At(kind.Group, kind.Version).Resources.Add(ServedResource.Of(kind));
        foreach (var version in served.Values) version.Resources.Sort((a, b) => string.CompareOrdinal(a.Plural, b.Plural));
        return [.. served.Values];
    }

    /// <summary>Groups and their versions as clients should prefer them; a group's priority is the highest of its versions'.</summary>
    private static List<ServedVersion> InOrder(IEnumerable<ServedVersion> versions) =>
        [.. versions.GroupBy(v => v.Group).OrderByDescending(g => g.Max(v => v.Priority.Group)).ThenBy(g => g.Key, StringComparer.Ordinal)
            .SelectMany(g => g.OrderByDescending(v => v.Priority.Version).ThenBy(v => v.Version, KubeVersions.NewestFirst))];

    private static JsonObject GroupJson(IReadOnlyList<ServedVersion> versions)
    {
        static JsonObject Version(ServedVersion v) => new() { ["groupVersion"] = v.GroupVersion, ["version"] = v.Version };
        return new JsonObject
        {
            ["name"] = versions[0].Group,
            ["versions"] = new JsonArray([.. versions.Select(Version)]),
            ["preferredVersion"] = Version(versions[0]),
        };
    }

    private static JsonObject Headed(string kind, JsonObject body)
    {
        var json = new JsonObject { ["kind"] = kind, ["apiVersion"] = "v1" };
        foreach (var (name, value) in body) json[name] = value?.DeepClone();
        return json;
    }

    private static JsonObject ResourceList(ServedVersion version)
    {
        var resources = new JsonArray();
        foreach (var resource in version.Resources)
        {
            resources.Add((JsonNode)resource.ToPlainJson());
            foreach (var sub in resource.Subresources) resources.Add((JsonNode)sub.ToPlainJson(resource));
        }
        var list = new JsonObject { ["kind"] = "APIResourceList" };
        if (version.Group.Length > 0) list["apiVersion"] = "v1";
        list["groupVersion"] = version.GroupVersion;
        list["resources"] = resources;
        return list;
    }

    private static Document AggregatedList(IEnumerable<ServedVersion> served, string form)
    {
        var items = new JsonArray();
        foreach (var group in served.GroupBy(v => v.Group))
        {
            var metadata = new JsonObject();
            if (group.Key.Length > 0) metadata["name"] = group.Key;
            metadata["creationTimestamp"] = null;
            var versions = group.Select(v => (JsonNode)new JsonObject
            {
                ["version"] = v.Version,
                ["resources"] = new JsonArray([.. v.Resources.Select(r => r.ToAggregatedJson(v))]),
                ["freshness"] = v.IsStale ? "Stale" : "Current",
            });
            items.Add((JsonNode)new JsonObject { ["metadata"] = metadata, ["versions"] = new JsonArray([.. versions]) });
        }
        return Encode(
            new JsonObject { ["kind"] = "APIGroupDiscoveryList", ["apiVersion"] = $"apidiscovery.k8s.io/{form}", ["metadata"] = new JsonObject(), ["items"] = items },
            $"application/json;g=apidiscovery.k8s.io;v={form};as=APIGroupDiscoveryList");
    }

    private static Document Encode(JsonObject json, string contentType = "application/json")
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(json);
        return new Document(bytes, $"\"{Convert.ToHexString(SHA256.HashData(bytes))}\"", contentType);
    }
}
