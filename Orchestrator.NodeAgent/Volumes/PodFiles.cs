using System.Text;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.NodeAgent.Pods;

namespace Orchestrator.NodeAgent.Volumes;

/// <summary>How pods resolve names.</summary>
public sealed record DnsOptions(IReadOnlyList<string> ClusterDns, string ClusterDomain, string HostResolvConf);

/// <summary>The text of the files that every container of a pod gets: hosts and resolv.conf (upstream: pkg/kubelet/kubelet_pods.go, network/dns). Pure.</summary>
public static class PodFiles
{
    // Two headers, because programs tell by them whether the file is the pod's own or a copy of the node's.
    private const string HostsHeader = "# Kubernetes-managed hosts file.\n";
    private const string HostNetworkHostsHeader = "# Kubernetes-managed hosts file (host network).\n";

    /// <summary>/etc/hosts of a pod with its own network.</summary>
    public static string Hosts(Pod pod, string podIp, string clusterDomain)
    {
        var text = new StringBuilder(HostsHeader);
        text.Append("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n");
        var host = PodContainers.HostName(pod);
        if (podIp.Length > 0)
            text.Append(pod.Spec.Subdomain.Length > 0 ? $"{podIp}\t{host}.{pod.Spec.Subdomain}.{pod.Metadata.Namespace}.svc.{clusterDomain}\t{host}\n" : $"{podIp}\t{host}\n");
        return Aliases(text, pod);
    }

    /// <summary>/etc/hosts of a pod on the host's network: the host's own and the aliases.</summary>
    public static string HostNetworkHosts(Pod pod, string hostFile) => Aliases(new StringBuilder(HostNetworkHostsHeader).Append(hostFile), pod);

    /// <summary>resolv.conf by dnsPolicy, with dnsConfig merged in.</summary>
    public static string Resolv(Pod pod, DnsOptions dns)
    {
        List<string> servers = [], searches = [];
        var options = new List<(string Name, string? Value)>();
        var policy = pod.Spec.DNSPolicy;
        var cluster = (policy is "ClusterFirst" or "" && !pod.Spec.HostNetwork) || policy == "ClusterFirstWithHostNet";
        if (cluster && dns.ClusterDns.Count > 0)
        {
            servers.AddRange(dns.ClusterDns);
            searches.AddRange([$"{pod.Metadata.Namespace}.svc.{dns.ClusterDomain}", $"svc.{dns.ClusterDomain}", dns.ClusterDomain]);
            searches.AddRange(Host("search"));
            options.Add(("ndots", "5"));
        }
        else if (policy != "None")
        {
            servers.AddRange(Host("nameserver"));
            searches.AddRange(Host("search"));
            options.AddRange(Host("options").Select(ParseOption));
        }
        var config = pod.Spec.DNSConfig;
        servers.AddRange(config?.Nameservers ?? []);
        searches.AddRange(config?.Searches ?? []);
        foreach (var option in config?.Options ?? [])
        {
            options.RemoveAll(o => o.Name == option.Name);
            options.Add((option.Name, option.Value));
        }
        var text = new StringBuilder();
        // The resolver reads no more than three servers.
        foreach (var server in servers.Distinct().Take(3)) text.Append("nameserver ").Append(server).Append('\n');
        if (searches.Count > 0) text.Append("search ").AppendJoin(' ', searches.Distinct().Take(32)).Append('\n');
        if (options.Count > 0) text.Append("options ").AppendJoin(' ', options.Select(o => o.Value is { Length: > 0 } v ? $"{o.Name}:{v}" : o.Name)).Append('\n');
        return text.ToString();

        IEnumerable<string> Host(string keyword) => dns.HostResolvConf.Split('\n').Select(l => l.Trim().Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
            .Where(p => p.Length > 1 && p[0] == keyword).SelectMany(p => p.Skip(1));
    }

    private static (string Name, string? Value) ParseOption(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? (text, null) : (text[..colon], text[(colon + 1)..]);
    }

    private static string Aliases(StringBuilder text, Pod pod)
    {
        if (pod.Spec.HostAliases is not { Count: > 0 } aliases) return text.ToString();
        text.Append("\n# Entries added by HostAliases.\n");
        foreach (var alias in aliases) text.Append(alias.IP).Append('\t').AppendJoin('\t', alias.Hostnames ?? []).Append('\n');
        return text.ToString();
    }
}
