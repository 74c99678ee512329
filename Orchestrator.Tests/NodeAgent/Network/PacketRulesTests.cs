using System.Net;
using Orchestrator.NodeAgent.Network;
using Orchestrator.NodeAgent.Runtime;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.NodeAgent.Network;

public sealed class PacketRulesTests
{
    private static readonly IPAddress Pod = IPAddress.Parse("10.1.0.5");

    [Fact]
    public void A_port_of_every_address_and_a_port_of_one_go_to_different_maps()
    {
        PacketRules.Publish("orcx", Pod, [new HostPort("", 80, 8080, "TCP"), new HostPort("127.0.0.1", 53, 5353, "UDP")]).ShouldBe(
            "add element ip orcx anywhere { tcp . 80 : 10.1.0.5 . 8080 }\nadd element ip orcx here { 127.0.0.1 . udp . 53 : 10.1.0.5 . 5353 }\n");
        PacketRules.Unpublish("orcx", Pod, [new HostPort("0.0.0.0", 80, 8080, "TCP")]).ShouldBe("delete element ip orcx anywhere { tcp . 80 }\n");
    }

    [Fact]
    public void Names_fit_the_kernel_differ_by_cluster_and_node_and_share_the_clusters_prefix()
    {
        var bridge = PodNetworkNames.Bridge("cluster", "node-with-a-very-long-name.example.com");
        bridge.Length.ShouldBeLessThanOrEqualTo(15);
        bridge.ShouldStartWith(PodNetworkNames.ClusterPrefix("cluster"));
        PodNetworkNames.Bridge("cluster", "other").ShouldNotBe(bridge);
        PodNetworkNames.ClusterPrefix("other").ShouldNotBe(PodNetworkNames.ClusterPrefix("cluster"));
        PodNetworkNames.HostEnd(new string('a', 64)).Length.ShouldBe(15);
    }

    [Fact]
    public void Published_ports_survive_being_written_to_a_label()
    {
        HostPort[] ports = [new("", 80, 8080, "TCP"), new("10.0.0.1", 53, 53, "UDP")];
        HostPortSyntax.Parse(HostPortSyntax.Format(ports)).ShouldBe(ports);
        HostPortSyntax.Parse(HostPortSyntax.Format([])).ShouldBeEmpty();
        Should.Throw<FormatException>(() => HostPortSyntax.Parse("80:8080"));
    }
}
