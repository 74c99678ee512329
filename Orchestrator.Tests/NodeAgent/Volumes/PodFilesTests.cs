using Orchestrator.NodeAgent.Volumes;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Tests.NodeAgent.Pods;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.NodeAgent.Volumes;

public sealed class PodFilesTests
{
    [Fact]
    public void The_hosts_file_of_a_pod_with_its_own_network_says_so_in_its_first_line()
    {
        var text = PodFiles.Hosts(PodBuilder.Pod("web"), "10.0.0.2", "cluster.local");
        text.ShouldStartWith("# Kubernetes-managed hosts file.\n");
        text.ShouldEndWith("10.0.0.2\tweb\n");
    }

    [Fact]
    public void The_hosts_file_of_a_pod_on_the_nodes_network_is_the_nodes_under_another_first_line()
    {
        var pod = PodBuilder.Pod("web");
        PodFiles.HostNetworkHosts(pod, "127.0.0.1 localhost\n").ShouldBe("# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n");
        pod.Spec.HostAliases = [new HostAlias { IP = "10.9.9.9", Hostnames = ["a", "b"] }];
        PodFiles.HostNetworkHosts(pod, "").ShouldEndWith("\n# Entries added by HostAliases.\n10.9.9.9\ta\tb\n");
    }
}
