using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Defaults;

/// <summary>Defaults of Services (upstream: SetDefaults_Service, and the single-stack half of the registry's IP family defaulting).</summary>
internal static class ServiceDefaults
{
    private const int ThreeHours = 10800;

    /// <summary>v1 Service. The cluster IP itself is allocated elsewhere.</summary>
    public static void Service(JsonObject obj)
    {
        var spec = obj.ObjectFor("spec");
        spec.ZeroTo("type", "ClusterIP");
        Affinity(spec);
        foreach (var port in spec.ObjectsAt("ports"))
        {
            port.ZeroTo("protocol", "TCP");
            if (Unset.IsZero(port["targetPort"]) && port["port"] is { } number) port["targetPort"] = number.DeepClone();
        }
        var type = spec.TextAt("type");
        if (type is "NodePort" or "LoadBalancer") spec.ZeroTo("externalTrafficPolicy", "Cluster");
        if (type is "NodePort" or "LoadBalancer" or "ClusterIP") spec.DefaultTo("internalTrafficPolicy", "Cluster");
        if (type == "LoadBalancer") spec.DefaultTo("allocateLoadBalancerNodePorts", true);
        if (type != "ExternalName") Families(spec);
    }

    private static void Affinity(JsonObject spec)
    {
        spec.ZeroTo("sessionAffinity", "None");
        if (spec.TextAt("sessionAffinity") == "None") spec.Remove("sessionAffinityConfig");
        else if (spec.TextAt("sessionAffinity") == "ClientIP")
            spec.ObjectFor("sessionAffinityConfig").ObjectFor("clientIP").DefaultTo("timeoutSeconds", ThreeHours);
    }

    /// <summary>
    /// clusterIP and clusterIPs mirror each other; families follow the addresses, else the cluster's only family, IPv4. A headless
    /// service without a selector serves whatever its owner puts in, hence both families.
    /// </summary>
    private static void Families(JsonObject spec)
    {
        var address = spec.TextAt("clusterIP");
        if (address.Length == 0 && spec["clusterIPs"] is JsonArray { Count: > 0 } addresses)
        {
            address = Validation.Field.AsText(addresses[0]) ?? "";
            spec["clusterIP"] = address;
        }
        if (address.Length > 0 && spec["clusterIPs"] is not JsonArray { Count: > 0 }) spec["clusterIPs"] = new JsonArray(address);
        var anyFamily = address == "None" && spec.ObjectAt("selector") is not { Count: > 0 };
        if (spec["ipFamilies"] is not JsonArray { Count: > 0 })
            spec["ipFamilies"] = address.Contains(':') ? new JsonArray("IPv6")
                : anyFamily && spec.TextAt("ipFamilyPolicy") != "SingleStack" ? new JsonArray("IPv4", "IPv6")
                : new JsonArray("IPv4");
        var two = spec["ipFamilies"] is JsonArray { Count: 2 } || spec["clusterIPs"] is JsonArray { Count: 2 };
        spec.DefaultTo("ipFamilyPolicy", two ? "RequireDualStack" : "SingleStack");
    }
}
