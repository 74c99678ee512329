using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Resources;

namespace Orchestrator.Api.Proxying;

/// <summary>A ready address of a Service's port. <paramref name="Pod"/> is the pod of the Service's namespace behind it; null for an address that somebody wrote.</summary>
internal sealed record ServiceBackend(string Ip, int Port, ResourceEntry? Pod);

/// <summary>Finds what is behind a Service in its Endpoints.</summary>
internal static class ServiceBackends
{
    /// <summary>The ready addresses of the port of this name, which is empty for the port of a Service that has only one; null where the Service has no Endpoints.</summary>
    public static IReadOnlyList<ServiceBackend>? Of(ResourceCache cache, string ns, string service, string portName)
    {
        if (cache.Get(new ResourceKey("endpoints", ns, service)) is not { } endpoints) return null;
        return
        [
            .. from subset in endpoints.ToJsonObject()["subsets"] as JsonArray ?? []
               from port in subset["ports"] as JsonArray ?? []
               where ((string?)port["name"] ?? "") == portName
               from address in subset["addresses"] as JsonArray ?? []
               select new ServiceBackend((string)address["ip"]!, (int)port["port"]!, Pod(cache, ns, address["targetRef"])),
        ];
    }

    /// <summary>Only pods of the Service's own namespace: Endpoints may be written by its users.</summary>
    private static ResourceEntry? Pod(ResourceCache cache, string ns, JsonNode? target) =>
        (string?)target?["kind"] == "Pod" && ((string?)target["namespace"] ?? ns) == ns && cache.Get(new ResourceKey("pods", ns, (string?)target["name"] ?? "")) is { } pod
        && (string?)target["uid"] is var uid && (uid is null || uid == pod.Uid) ? pod : null;
}
