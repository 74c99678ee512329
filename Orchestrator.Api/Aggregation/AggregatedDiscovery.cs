using System.Text.Json.Nodes;
using Orchestrator.Api.Discovery;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Api.Aggregation;

/// <summary>What aggregated servers serve, as discovery's documents show it beside our own.</summary>
internal sealed class AggregatedDiscovery(AggregatedApis apis, AvailabilityMonitor monitor)
{
    /// <summary>Changes where <see cref="Versions"/> does.</summary>
    public object Stamp => (apis.Current(), monitor.Revision);

    /// <summary>The group versions in order of priority. Those that have not answered yet have no resources.</summary>
    public IReadOnlyList<ServedVersion> Versions()
    {
        var versions = new List<ServedVersion>();
        foreach (var api in apis.Current())
        {
            var version = new ServedVersion(api.Group, api.Version) { Priority = new GroupPriority(api.GroupPriority, api.VersionPriority), IsAggregated = true, IsStale = !api.IsAvailable };
            if (monitor.Resources(api) is { } listed) version.Resources.AddRange(Resources(listed));
            versions.Add(version);
        }
        return versions;
    }

    private static IEnumerable<ServedResource> Resources(JsonArray listed)
    {
        var all = listed.OfType<JsonObject>().ToList();
        foreach (var json in all.Where(r => !Text(r, "name").Contains('/', StringComparison.Ordinal)))
        {
            var prefix = Text(json, "name") + "/";
            var subresources = all.Where(r => Text(r, "name").StartsWith(prefix, StringComparison.Ordinal))
                .Select(r => new ServedSubresource(Text(r, "name")[prefix.Length..], Text(r, "group"), Text(r, "version"), Text(r, "kind"), Texts(r, "verbs"))).ToList();
            yield return new ServedResource(Text(json, "name"), Text(json, "singularName"), (bool?)json["namespaced"] ?? false, Text(json, "kind"), Texts(json, "verbs"), Texts(json, "shortNames"), Texts(json, "categories"), subresources);
        }
    }

    private static string Text(JsonObject json, string name) => (string?)json[name] ?? "";

    private static IReadOnlyList<string> Texts(JsonObject json, string name) => [.. (json[name] as JsonArray ?? []).Select(v => (string?)v ?? "")];
}
