using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Resources;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Api.Aggregation;

/// <summary>
/// Keeps an APIService object for every group version that this server itself serves (kube-aggregator's autoregister and crd-registration controllers): those that are built in are made at
/// the start, those of definitions follow the definitions. An APIService of that name which somebody else made is left alone.
/// </summary>
internal sealed partial class LocalApiServices(ResourceClient client, ILogger<LocalApiServices> log)
{
    private const string Managed = "kube-aggregator.kubernetes.io/automanaged";
    private const string OnStart = "onstart";
    private const string Always = "true";

    private static readonly WriteContext Writer = WriteContext.System("kube-apiserver");

    /// <summary>Makes those of the group versions that are built in, where they are missing.</summary>
    public Task StartAsync(CancellationToken cancel) => Task.WhenAll(GroupPriority.Listed.Select(v => EnsureAsync(v.Group, v.Version, OnStart, cancel)));

    /// <summary>Makes and takes away those of definitions, as they are now.</summary>
    public async Task FollowAsync(CancellationToken cancel)
    {
        var wanted = client.Services.Catalog.All.Where(k => k.IsCustom && k.Served).Select(k => (k.Group, k.Version)).ToHashSet();
        foreach (var (group, version) in wanted) await EnsureAsync(group, version, Always, cancel);
        foreach (var entry in client.Services.Cache.List(AggregatedApis.Resource))
        {
            if (entry.Labels.GetValueOrDefault(Managed) != Always || wanted.Contains(VersionOf(entry))) continue;
            var reply = await client.SendAsync(new DeleteResource(entry.Key, entry.Kind.ApiVersion, Writer, null, null, entry.Uid, null), cancel);
            Note(entry.Name, reply);
        }
    }

    private async Task EnsureAsync(string group, string version, string managed, CancellationToken cancel)
    {
        var kind = client.Services.Catalog.Get(AggregatedApis.Resource);
        var name = $"{version}.{group}";
        if (client.Services.Cache.Get(kind.Key("", name)) is not null) return;
        var priority = GroupPriority.Of(group, version);
        var spec = new JsonObject();
        if (group.Length > 0) spec["group"] = group;
        spec["version"] = version;
        spec["groupPriorityMinimum"] = priority.Group;
        spec["versionPriority"] = priority.Version;
        var service = new JsonObject
        {
            ["apiVersion"] = kind.ApiVersion,
            ["kind"] = kind.Kind,
            ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { [Managed] = managed } },
            ["spec"] = spec,
        };
        Note(name, await client.SendAsync(ResourceWriter.PrepareCreate(client.Services, kind, "", service, Writer), cancel));
    }

    private void Note(string name, ResourceReply reply)
    {
        // Somebody was faster.
        if (reply is ResourceRefused { Status: { Code: not (404 or 409) } status }) LogRefused(log, name, status.Message);
    }

    private static (string Group, string Version) VersionOf(ResourceEntry entry)
    {
        var spec = entry.ToJsonObject()["spec"];
        return ((string?)spec?["group"] ?? "", (string?)spec?["version"] ?? "");
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "the APIService {Name} could not be kept: {Why}")]
    private static partial void LogRefused(ILogger log, string name, string why);
}
