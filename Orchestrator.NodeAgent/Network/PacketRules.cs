using System.Net;
using System.Text;
using Orchestrator.NodeAgent.Runtime;

namespace Orchestrator.NodeAgent.Network;

/// <summary>
/// The node's nftables table as text for <c>nft -f</c>: masquerading of what leaves the cluster, and published host ports (the work of Kubernetes' bridge and
/// portmap CNI plugins). Pure; whole tables are replaced in one transaction.
/// </summary>
internal static class PacketRules
{
    /// <summary>The table from nothing, published ports included.</summary>
    public static string Table(string bridge, IPNetwork podCidr, IPNetwork clusterCidr, IEnumerable<(IPAddress Pod, HostPort Port)> published)
    {
        var text = new StringBuilder();
        text.Append($$"""
            table ip {{bridge}}
            delete table ip {{bridge}}
            table ip {{bridge}} {
              map anywhere { type inet_proto . inet_service : ipv4_addr . inet_service; }
              map here { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
              chain publish {
                dnat ip to ip daddr . meta l4proto . th dport map @here
                dnat ip to meta l4proto . th dport map @anywhere
              }
              chain prerouting {
                type nat hook prerouting priority -101; policy accept;
                fib daddr type local jump publish
              }
              chain output {
                type nat hook output priority -101; policy accept;
                fib daddr type local jump publish
              }
              chain postrouting {
                type nat hook postrouting priority 99; policy accept;
                oifname "{{bridge}}" ct status dnat ip saddr 127.0.0.0/8 masquerade
                oifname "{{bridge}}" ct status dnat ip saddr {{podCidr}} ip daddr {{podCidr}} masquerade
                ip saddr {{podCidr}} ip daddr != {{clusterCidr}} ip daddr != 224.0.0.0/4 masquerade
              }
            }

            """);
        foreach (var (pod, port) in published)
        {
            Element(text, "add", bridge, pod, port, withTarget: true);
        }

        return text.ToString();
    }

    /// <summary>Publishes ports of one pod.</summary>
    public static string Publish(string bridge, IPAddress pod, IEnumerable<HostPort> ports) => Elements("add", bridge, pod, ports, withTarget: true);

    /// <summary>Takes them back. Fails as a whole where one is not there.</summary>
    public static string Unpublish(string bridge, IPAddress pod, IEnumerable<HostPort> ports) => Elements("delete", bridge, pod, ports, withTarget: false);

    private static string Elements(string verb, string bridge, IPAddress pod, IEnumerable<HostPort> ports, bool withTarget)
    {
        var text = new StringBuilder();
        foreach (var port in ports)
        {
            Element(text, verb, bridge, pod, port, withTarget);
        }

        return text.ToString();
    }

    private static void Element(StringBuilder text, string verb, string bridge, IPAddress pod, HostPort port, bool withTarget)
    {
        var anywhere = port.HostIp is "" or "0.0.0.0";
        var key = $"{port.Protocol.ToLowerInvariant()} . {port.Port}";
        text.Append($"{verb} element ip {bridge} {(anywhere ? "anywhere" : "here")} {{ {(anywhere ? key : $"{port.HostIp} . {key}")}");
        text.Append(withTarget ? $" : {pod} . {port.ContainerPort} }}\n" : " }\n");
    }
}
