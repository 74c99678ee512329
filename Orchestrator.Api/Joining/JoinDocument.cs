using System.Globalization;
using System.Text.Json.Nodes;
using Orchestrator.Actors.Resources;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Cluster;
using Orchestrator.Protocol.Nodes;

namespace Orchestrator.Api.Joining;

/// <summary>What an agent has to know of the cluster before it can connect: served at <see cref="Path"/> to who shows a bootstrap token or a node's certificate.</summary>
/// <param name="ClusterId">Identity of the cluster, the label on everything it makes in Docker.</param>
/// <param name="ClusterCidr">Addresses of all pods.</param>
/// <param name="ClusterDomain">Domain of Services' names.</param>
/// <param name="HeartbeatInterval">How often the agent shows that it is alive.</param>
/// <param name="Endpoints">The members' endpoints for agents.</param>
public sealed record JoinDocument(string ClusterId, string ClusterCidr, string ClusterDomain, TimeSpan HeartbeatInterval, IReadOnlyList<string> Endpoints)
{
    /// <summary>Where the API serves it.</summary>
    public const string Path = "/orchestrator/v1/join";

    /// <summary>Where the API serves the authority's certificate in PEM, to everybody: who knows its hash can check it.</summary>
    public const string AuthorityPath = "/orchestrator/v1/ca";

    /// <summary>The cluster as this member sees it now.</summary>
    public static JoinDocument Of(ActorSystem system, ControlPlaneOptions options, string clusterId, string clusterDomain)
    {
        var members = Cluster.Get(system).State.Members.Where(m => m.Status == MemberStatus.Up).Select(m => Address.TryParse(m.Address, out var address) ? address : null).OfType<Address>();
        return new JoinDocument(clusterId, options.ClusterCidr.ToString(), clusterDomain, options.NodeMonitorGrace / 4,
            [.. members.Append(system.Address).Where(a => a.CanBeDialled).Select(a => a + AgentAddress.EndpointPath).Distinct().Order(StringComparer.Ordinal)]);
    }

    /// <summary>Reads <see cref="ToJson"/> back. Throws <see cref="FormatException"/> where something is missing.</summary>
    public static JoinDocument Parse(JsonObject json)
    {
        return new JoinDocument(Text("clusterId"), Text("clusterCidr"), Text("clusterDomain"), TimeSpan.FromSeconds(double.Parse(Text("heartbeatSeconds"), CultureInfo.InvariantCulture)),
            [.. (json["endpoints"] as JsonArray ?? throw new FormatException("the join document has no endpoints")).Select(e => (string)e!)]);

        string Text(string field) => json[field]?.ToString() ?? throw new FormatException($"the join document has no {field}");
    }

    /// <summary>Its JSON form.</summary>
    public JsonObject ToJson() => new()
    {
        ["clusterId"] = ClusterId,
        ["clusterCidr"] = ClusterCidr,
        ["clusterDomain"] = ClusterDomain,
        ["heartbeatSeconds"] = HeartbeatInterval.TotalSeconds,
        ["endpoints"] = new JsonArray([.. Endpoints.Select(e => (JsonNode)e)]),
    };
}
