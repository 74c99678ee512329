using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Resources.Admission;
using Orchestrator.Resources.Extensions;

namespace Orchestrator.Api.Aggregation;

/// <summary>A group version that another server in the cluster serves, as its APIService says.</summary>
internal sealed record AggregatedApi(string Name, string Group, string Version, int GroupPriority, int VersionPriority, WebhookClient Server, bool Insecure, bool IsAvailable)
{
    /// <summary>Where the server describes this group version.</summary>
    public string Path => $"/apis/{Group}/{Version}";

    /// <summary>Reads an APIService; null for one that this server serves itself.</summary>
    public static AggregatedApi? Of(JsonObject service)
    {
        var spec = service["spec"] as JsonObject ?? [];
        if (spec["service"] is not JsonObject reference) return null;
        var (ns, name, port) = ((string?)reference["namespace"] ?? "", (string?)reference["name"] ?? "", (int?)reference["port"] ?? 443);
        var bundle = (string?)spec["caBundle"] is { Length: > 0 } base64 ? Encoding.UTF8.GetString(Convert.FromBase64String(base64)) : "";
        var server = new WebhookClient(new Uri(string.Create(CultureInfo.InvariantCulture, $"https://{name}.{ns}.svc:{port}/")), ns, name, port, bundle);
        return new AggregatedApi((string?)service["metadata"]?["name"] ?? "", (string?)spec["group"] ?? "", (string?)spec["version"] ?? "", (int?)spec["groupPriorityMinimum"] ?? 0, (int?)spec["versionPriority"] ?? 0,
            server, (bool?)spec["insecureSkipTLSVerify"] ?? false, service["status"] is JsonObject status && Conditions.Is(status, "Available"));
    }
}

/// <summary>The aggregated APIs of now, compiled again at the first question after an APIService has changed.</summary>
internal sealed class AggregatedApis(ResourceCache cache)
{
    /// <summary>Their resource.</summary>
    public const string Resource = "apiservices.apiregistration.k8s.io";

    private sealed record Compiled(SortedEntries Of, IReadOnlyList<AggregatedApi> Apis);

    private volatile Compiled _compiled = new(SortedEntries.Empty, []);

    /// <summary>All of them, those of higher priority first. The same list as long as nothing has changed.</summary>
    public IReadOnlyList<AggregatedApi> Current()
    {
        var (compiled, entries) = (_compiled, cache.List(Resource));
        if (ReferenceEquals(compiled.Of, entries)) return compiled.Apis;
        List<AggregatedApi> apis = [.. entries.Select(e => AggregatedApi.Of(e.ToJsonObject())).OfType<AggregatedApi>()
            .OrderByDescending(a => a.GroupPriority).ThenBy(a => a.Group, StringComparer.Ordinal).ThenByDescending(a => a.VersionPriority).ThenBy(a => a.Version, KubeVersions.NewestFirst)];
        _compiled = new Compiled(entries, apis);
        return apis;
    }

    /// <summary>Whose business a path is, or null for this server's own.</summary>
    public AggregatedApi? Find(string path)
    {
        var apis = Current();
        if (apis.Count == 0) return null;
        foreach (var api in apis)
            if (path.StartsWith(api.Path, StringComparison.Ordinal) && (path.Length == api.Path.Length || path[api.Path.Length] == '/')) return api;
        return null;
    }
}
