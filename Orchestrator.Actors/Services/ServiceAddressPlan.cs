using System.Text.Json.Nodes;
using Orchestrator.Resources;

namespace Orchestrator.Actors.Services;

/// <summary>What a service object needs in addresses and ports, and how it looks once it has them (upstream's service REST allocators).</summary>
public static class ServiceAddressPlan
{
    /// <summary>
    /// The request for what <paramref name="service"/> lacks, or null where it has all it needs. Addresses of <paramref name="old"/> are kept where the type still uses
    /// them and removed where it does not; <paramref name="service"/> is changed in place.
    /// </summary>
    public static AllocateServiceAddresses? Request(ResourceKey key, JsonObject service, JsonObject? old)
    {
        if (service["spec"] is not JsonObject spec) return null;
        var type = (string?)spec["type"] ?? "ClusterIP";
        if (type == "ExternalName")
        {
            foreach (var field in (ReadOnlySpan<string>)["clusterIP", "clusterIPs"]) spec.Remove(field);
            ClearNodePorts(spec);
            return null;
        }

        var oldSpec = old?["spec"] as JsonObject;
        if ((string?)spec["clusterIP"] is null or "" && (string?)(spec["clusterIPs"] as JsonArray)?.FirstOrDefault() is { Length: > 0 } first) spec["clusterIP"] = first;
        var wanted = (string?)spec["clusterIP"] ?? "";
        var had = (string?)oldSpec?["clusterIP"] ?? "";
        if (wanted.Length == 0 && had.Length > 0) SetIp(spec, wanted = had);
        var ip = wanted == "None" || (wanted.Length > 0 && wanted == had) ? null : wanted;
        if (wanted == "None") SetIp(spec, "None");

        var allocate = type == "NodePort" || (type == "LoadBalancer" && ((bool?)spec["allocateLoadBalancerNodePorts"] ?? true));
        if (type is not ("NodePort" or "LoadBalancer")) ClearNodePorts(spec);
        var ports = Ports(spec).Select(p => (NodePort(p, oldSpec, allocate), (string?)p["protocol"] ?? "TCP")).ToList();
        return ip is null && ports.All(p => p.Item1 is null) ? null : new AllocateServiceAddresses(key, ip, ports);
    }

    /// <summary>Writes what was reserved into the service.</summary>
    public static void Apply(JsonObject service, ServiceAddresses granted)
    {
        var spec = service["spec"]!.AsObject();
        if (granted.ClusterIp is not null) SetIp(spec, granted.ClusterIp);
        foreach (var (port, nodePort) in Ports(spec).Zip(granted.NodePorts))
            if (nodePort is not null) port["nodePort"] = nodePort.Value;
    }

    private static int? NodePort(JsonObject port, JsonObject? oldSpec, bool allocate)
    {
        var asked = (int?)port["nodePort"] ?? 0;
        var same = oldSpec is null ? null : Ports(oldSpec).FirstOrDefault(o => SamePort(o, port));
        var had = (int?)same?["nodePort"] ?? 0;
        if (asked == 0 && had > 0 && allocate)
        {
            port["nodePort"] = had;
            return null;
        }
        if (asked > 0) return oldSpec is not null && Ports(oldSpec).Any(o => (int?)o["nodePort"] == asked) ? null : asked;
        return allocate ? 0 : null;
    }

    private static bool SamePort(JsonObject a, JsonObject b) =>
        (int?)a["port"] == (int?)b["port"] && ((string?)a["protocol"] ?? "TCP") == ((string?)b["protocol"] ?? "TCP");

    private static IEnumerable<JsonObject> Ports(JsonObject spec) => (spec["ports"] as JsonArray ?? []).OfType<JsonObject>();

    private static void ClearNodePorts(JsonObject spec)
    {
        foreach (var port in Ports(spec)) port.Remove("nodePort");
    }

    private static void SetIp(JsonObject spec, string ip)
    {
        spec["clusterIP"] = ip;
        spec["clusterIPs"] = new JsonArray(ip);
    }
}
