using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Resources;
using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources.Selectors;

namespace Orchestrator.Actors.Access;

/// <summary>Writes into every aggregated ClusterRole the rules of the roles that its selectors match (upstream's clusterrole-aggregation controller).</summary>
public sealed class ClusterRoleAggregatorActor : ReceiveActor
{
    private const string Resource = "clusterroles.rbac.authorization.k8s.io";

    private static readonly WriteContext Writer = WriteContext.System("clusterrole-aggregation-controller");

    private readonly ControlPlaneServices _services;
    private IDisposable? _subscription;

    /// <param name="services">Shared services.</param>
    public ClusterRoleAggregatorActor(ControlPlaneServices services)
    {
        _services = services;
        Receive<Look>(_ => OnLook());
        Receive<ResourceWritten>(_ => { });
        Receive<ResourceRefused>(_ => { }); // gone, or changed: its change makes another look
    }

    /// <inheritdoc/>
    protected override void PreStart()
    {
        var self = Self;
        _subscription = _services.Cache.Subscribe(changes =>
        {
            if (changes.Any(c => c.Entry.Key.Resource == Resource)) self.Tell(Look.Instance, self);
        });
        self.Tell(Look.Instance, self);
    }

    /// <inheritdoc/>
    protected override void PostStop() => _subscription?.Dispose();

    /// <summary>The rules that an aggregated role should have: those of the others that it selects, by name, each once.</summary>
    public static JsonArray Collect(JsonObject role, IEnumerable<(string Name, IReadOnlyDictionary<string, string> Labels, JsonObject Role)> others)
    {
        var selectors = (role["aggregationRule"]?["clusterRoleSelectors"] as JsonArray ?? []).Select(s => LabelSelector.FromJson(s)).ToList();
        var own = (string?)role["metadata"]?["name"];
        var rules = new JsonArray();
        foreach (var (_, _, other) in others.Where(o => o.Name != own && selectors.Any(s => s.Matches(o.Labels))).OrderBy(o => o.Name, StringComparer.Ordinal))
            foreach (var rule in other["rules"] as JsonArray ?? [])
                if (!rules.Any(r => JsonNode.DeepEquals(r, rule))) rules.Add(rule?.DeepClone());
        return rules;
    }

    private void OnLook()
    {
        var roles = _services.Cache.List(Resource).Select(e => (Entry: e, Role: e.ToJsonObject())).ToList();
        var kind = _services.Catalog.Get(Resource);
        foreach (var (entry, role) in roles)
        {
            if (role["aggregationRule"] is null) continue;
            var rules = Collect(role, roles.Select(r => (r.Entry.Name, r.Entry.Labels, r.Role)));
            if (JsonNode.DeepEquals(rules, role["rules"] as JsonArray ?? [])) continue;
            var wanted = new JsonObject { ["apiVersion"] = kind.ApiVersion, ["kind"] = kind.Kind, ["metadata"] = new JsonObject { ["name"] = entry.Name, ["uid"] = entry.Uid }, ["rules"] = rules };
            _services.Region.Tell(new PatchResource(entry.Key, kind.ApiVersion, Writer, PatchType.Apply, Encoding.UTF8.GetBytes(wanted.ToJsonString()), "", Force: true), Self);
        }
    }

    private sealed record Look
    {
        public static Look Instance { get; } = new();
    }
}
