using System.Globalization;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Pods;

/// <summary>Environment variables that name the services a pod may want (upstream: pkg/kubelet/envvars).</summary>
public static class ServiceEnvironment
{
    /// <summary>
    /// Variables for the services of the pod's namespace where <paramref name="links"/>, and always for <c>default/kubernetes</c>. Headless services have none.
    /// </summary>
    public static IReadOnlyDictionary<string, string> For(string podNamespace, bool links, IEnumerable<Service> services)
    {
        var chosen = new SortedDictionary<string, Service>(StringComparer.Ordinal);
        foreach (var service in services)
        {
            if (service.Spec.ClusterIP is "" or "None") continue;
            var (ns, name) = (service.Metadata.Namespace, service.Metadata.Name);
            var master = ns == "default" && name == "kubernetes";
            if (master && !(links && podNamespace == "default")) chosen.TryAdd(name, service);
            else if (links && ns == podNamespace) chosen[name] = service;
        }
        var result = new Dictionary<string, string>();
        foreach (var service in chosen.Values) Add(service, result);
        return result;
    }

    private static void Add(Service service, Dictionary<string, string> result)
    {
        var ports = service.Spec.Ports ?? [];
        if (ports.Count == 0) return;
        var name = service.Metadata.Name.Replace('-', '_').ToUpperInvariant();
        var ip = service.Spec.ClusterIP;
        var host = ip.Contains(':', StringComparison.Ordinal) ? $"[{ip}]" : ip;
        result[$"{name}_SERVICE_HOST"] = ip;
        result[$"{name}_SERVICE_PORT"] = Text(ports[0].Port);
        foreach (var port in ports.Where(p => p.Name.Length > 0)) result[$"{name}_SERVICE_PORT_{port.Name.Replace('-', '_').ToUpperInvariant()}"] = Text(port.Port);
        for (var i = 0; i < ports.Count; i++)
        {
            var protocol = ports[i].Protocol.Length > 0 ? ports[i].Protocol : "TCP";
            var url = $"{protocol.ToLowerInvariant()}://{host}:{Text(ports[i].Port)}";
            var prefix = $"{name}_PORT_{Text(ports[i].Port)}_{protocol.ToUpperInvariant()}";
            if (i == 0) result[$"{name}_PORT"] = url;
            result[prefix] = url;
            result[$"{prefix}_PROTO"] = protocol.ToLowerInvariant();
            result[$"{prefix}_PORT"] = Text(ports[i].Port);
            result[$"{prefix}_ADDR"] = ip;
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
