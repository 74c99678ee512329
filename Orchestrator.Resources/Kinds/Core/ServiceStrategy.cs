using System.Text.Json.Nodes;
using Orchestrator.Resources.Defaults;
using Orchestrator.Resources.Kinds.Tables;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Kinds.Core;

/// <summary>
/// Services (upstream: pkg/registry/core/service). Addresses and node ports are allocated elsewhere; here an update that does not mention
/// them keeps them, and one that changes the type drops what only the old type had.
/// </summary>
internal sealed class ServiceStrategy : RuledStrategy
{
    private static readonly string[] ClusterFields = ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"];

    public ServiceStrategy()
    {
        Defaults = ServiceDefaults.Service;
        Rules = ServiceValidation.Service;
        Change = ServiceValidation.Change;
        InitialStatus = () => new JsonObject { ["loadBalancer"] = new JsonObject() };
        Table = CoreTables.Service;
        Fields = [("spec.clusterIP", ""), ("spec.type", "")];
    }

    /// <inheritdoc/>
    public override void PrepareForUpdate(JsonObject obj, JsonObject old, string subresource)
    {
        base.PrepareForUpdate(obj, old, subresource);
        if (subresource.Length > 0 || obj["spec"] is not JsonObject spec || old["spec"] is not JsonObject was) return;
        KeepAllocated(spec, was);
        DropForeign(spec, was);
    }

    private static void KeepAllocated(JsonObject spec, JsonObject was)
    {
        if (Type(spec) != "ExternalName" && Type(was) != "ExternalName" && spec.TextAt("clusterIP").Length == 0 && spec["clusterIPs"] is not JsonArray { Count: > 0 })
            Copy(was, spec, "clusterIP", "clusterIPs");
        if (TakesNodePorts(spec) && TakesNodePorts(was))
            foreach (var port in spec.ObjectsAt("ports"))
            {
                if (!Unset.IsZero(port["nodePort"])) continue;
                var same = was.ObjectsAt("ports").FirstOrDefault(p => JsonNode.DeepEquals(p["port"], port["port"]) && Protocol(p) == Protocol(port));
                if (same?["nodePort"] is { } nodePort) port["nodePort"] = nodePort.DeepClone();
            }
        if (NeedsHealthCheck(spec) && NeedsHealthCheck(was) && Unset.IsZero(spec["healthCheckNodePort"])) Copy(was, spec, "healthCheckNodePort");
    }

    /// <summary>What the user left as it was, though the new type does not have it, goes; what the user set anew is left for validation to refuse.</summary>
    private static void DropForeign(JsonObject spec, JsonObject was)
    {
        if (Type(spec) == "ExternalName" && Type(was) != "ExternalName") DropUnchanged(spec, was, ClusterFields);
        if (!TakesNodePorts(spec) && TakesNodePorts(was))
        {
            var had = was.ObjectsAt("ports").Select(p => p["nodePort"]?.ToJsonString()).ToHashSet(StringComparer.Ordinal);
            foreach (var port in spec.ObjectsAt("ports"))
                if (had.Contains(port["nodePort"]?.ToJsonString())) port.Remove("nodePort");
            DropUnchanged(spec, was, ["externalTrafficPolicy"]);
        }
        if (NeedsHealthCheck(was) && !NeedsHealthCheck(spec)) DropUnchanged(spec, was, ["healthCheckNodePort"]);
        if (Type(was) == "LoadBalancer" && Type(spec) != "LoadBalancer") DropUnchanged(spec, was, ["allocateLoadBalancerNodePorts", "loadBalancerClass"]);
    }

    private static void DropUnchanged(JsonObject spec, JsonObject was, string[] fields)
    {
        foreach (var field in fields)
            if (JsonNode.DeepEquals(spec[field], was[field])) spec.Remove(field);
    }

    private static void Copy(JsonObject from, JsonObject to, params ReadOnlySpan<string> fields)
    {
        foreach (var field in fields)
            if (from[field] is { } value) to[field] = value.DeepClone();
    }

    private static string Type(JsonObject spec) => spec.TextAt("type") is { Length: > 0 } type ? type : "ClusterIP";

    private static string Protocol(JsonObject port) => port.TextAt("protocol") is { Length: > 0 } protocol ? protocol : "TCP";

    private static bool TakesNodePorts(JsonObject spec) => Type(spec) is "NodePort" or "LoadBalancer";

    private static bool NeedsHealthCheck(JsonObject spec) => Type(spec) == "LoadBalancer" && spec.TextAt("externalTrafficPolicy") == "Local";
}
