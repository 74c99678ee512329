using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.NodeAgent.Agent;
using Orchestrator.Resources.Json;

namespace Orchestrator.NodeAgent.Server;

/// <summary><c>/configz</c>: the agent's settings under the names of kubelet.config.k8s.io/v1beta1 KubeletConfiguration; what an agent has no setting for is absent. Pure.</summary>
internal static class ConfigPage
{
    private const string ResolverFile = "/etc/resolv.conf";

    /// <summary>The document.</summary>
    public static ReadOnlyMemory<byte> Write(NodeAgentOptions options, string podCidr)
    {
        var config = new JsonObject
        {
            ["port"] = options.KubeletPort,
            ["clusterDomain"] = options.ClusterDomain,
            ["nodeStatusUpdateFrequency"] = Duration(options.StatusInterval),
            ["imageMinimumGCAge"] = Duration(options.ImageGarbage.MinimumAge),
            ["imageGCHighThresholdPercent"] = options.ImageGarbage.HighPercent,
            ["imageGCLowThresholdPercent"] = options.ImageGarbage.LowPercent,
            ["maxPods"] = options.MaxPods,
            ["resolvConf"] = ResolverFile,
            ["enableDebuggingHandlers"] = true,
            ["enableSystemLogHandler"] = false,
            ["enableProfilingHandler"] = false,
            ["enableDebugFlagsHandler"] = false,
            ["registerNode"] = true,
        };
        if (options.ClusterDns.Count > 0) config["clusterDNS"] = new JsonArray([.. options.ClusterDns.Select(d => (JsonNode)d)]);
        if (podCidr.Length > 0) config["podCIDR"] = podCidr;
        if (options.Taints.Count > 0) config["registerWithTaints"] = new JsonArray([.. options.Taints.Select(t => (JsonNode)TypedJson.ToNode(t))]);
        return JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["kubeletconfig"] = config });
    }

    /// <summary>As Go writes one: <c>1h0m0s</c>, <c>2m0s</c>, <c>1.5s</c>, <c>500ms</c>.</summary>
    internal static string Duration(TimeSpan time)
    {
        if (time < TimeSpan.FromSeconds(1)) return time == TimeSpan.Zero ? "0s" : string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.####}ms");
        var seconds = string.Create(CultureInfo.InvariantCulture, $"{(decimal)(time.Ticks % TimeSpan.TicksPerMinute) / TimeSpan.TicksPerSecond:0.#######}s");
        if (time < TimeSpan.FromMinutes(1)) return seconds;
        return string.Create(CultureInfo.InvariantCulture, $"{(time.TotalHours >= 1 ? $"{(long)time.TotalHours}h" : "")}{time.Minutes}m{seconds}");
    }
}
