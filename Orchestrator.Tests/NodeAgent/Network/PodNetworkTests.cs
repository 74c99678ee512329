using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.NodeAgent.Network;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Runtime.Docker;
using Orchestrator.Tests.NodeAgent.Runtime;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.NodeAgent.Network;

[Trait("Needs", "docker")]
[Collection(DockerTestEngine.Collection)]
public sealed class PodNetworkTests(DockerTestEngine engine)
{
    private const string Answer = "echo -e 'HTTP/1.0 200 OK\\r\\n\\r\\nhello from '$(hostname) > /tmp/index.html; httpd -f -p 8080 -h /tmp";

    [Fact]
    public async Task Pods_reach_each_other_on_one_node_across_nodes_and_from_the_machine()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var server = await node.RunSandboxAsync("server");
        await node.RunAsync(server, "sh", "-c", Answer);
        var client = await node.RunAsync(await node.RunSandboxAsync("client"), "sleep", "1000");
        var other = node.AddRuntime("node-b");
        await other.ConfigureNetworkAsync(node.PodCidr(1), node.Cancel);
        var remote = await other.RunSandboxAsync(node.Sandbox("remote"), node.Cancel);
        var remoteClient = await node.RunAsync(remote, "sleep", "1000");

        await node.EventuallyAsync(async () => (await node.Runtime.ExecAsync(client, ["wget", "-qO-", $"http://{server.Ip}:8080/"], 1000, node.Cancel)).Output.Contains("hello from server"));
        (await node.ShellAsync(remoteClient, $"wget -qO- http://{server.Ip}:8080/")).ShouldContain("hello from server");
        using var http = new HttpClient();
        (await http.GetStringAsync($"http://{server.Ip}:8080/", node.Cancel)).ShouldContain("hello from server");
        (await node.ShellAsync(client, $"ping -c1 -W5 {node.Runtime.Network.Gateway}")).ShouldContain("1 packets received");
        (await node.ShellAsync(client, $"ping -c1 -W5 {remote.Ip}")).ShouldContain("1 packets received");
    }

    [Fact]
    public async Task A_pod_keeps_its_source_address_inside_the_cluster_and_borrows_the_machines_outside()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var rules = await HostCommand.ExpectAsync("nft", ["list", "table", "ip", node.Runtime.Network.Bridge], null, node.Cancel);
        rules.ShouldContain($"ip saddr {node.PodCidr(0)} ip daddr != {node.PodCidr(0).Split('.')[0]}.");
        rules.ShouldContain("masquerade");

        // Seen from a listener on the machine, the pod is itself: the machine's own addresses are not behind postrouting.
        using var listener = new TcpListener(IPAddress.Any, 0);
        listener.Start();
        var sandbox = await node.RunSandboxAsync();
        var container = await node.RunAsync(sandbox, "sleep", "1000");
        var accepting = listener.AcceptTcpClientAsync(node.Cancel).AsTask();
        var asking = node.Runtime.ExecAsync(container, ["wget", "-qO-", $"http://{node.Runtime.Network.Gateway}:{((IPEndPoint)listener.LocalEndpoint).Port}/"], 1000, node.Cancel);
        using (var accepted = await accepting)
        {
            ((IPEndPoint)accepted.Client.RemoteEndPoint!).Address.ToString().ShouldBe(sandbox.Ip);
        }

        await asking;
    }

    [Fact]
    public async Task A_host_port_leads_to_the_pod_from_the_machine_and_from_pods_and_goes_with_it()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var port = FreePort();
        var sandbox = await node.Runtime.RunSandboxAsync(node.Sandbox("published") with { HostPorts = [new HostPort("", port, 8080, "TCP")] }, node.Cancel);
        var container = await node.RunAsync(sandbox, "sh", "-c", Answer);
        await node.EventuallyAsync(async () => (await node.Runtime.ExecAsync(container, ["wget", "-qO-", "http://127.0.0.1:8080/"], 1000, node.Cancel)).ExitCode == 0);

        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        (await http.GetStringAsync($"http://127.0.0.1:{port}/", node.Cancel)).ShouldContain("hello from published");
        (await node.ShellAsync(container, $"wget -qO- http://{node.Runtime.Network.Gateway}:{port}/")).ShouldContain("hello from published");

        await node.Runtime.RemoveSandboxAsync(sandbox.Id, node.Cancel);
        using var fresh = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        await Should.ThrowAsync<HttpRequestException>(() => fresh.GetStringAsync($"http://127.0.0.1:{port}/", node.Cancel));
    }

    [Fact]
    public async Task An_agent_that_comes_back_keeps_addresses_ports_and_cables()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var port = FreePort();
        var sandbox = await node.Runtime.RunSandboxAsync(node.Sandbox("kept") with { HostPorts = [new HostPort("127.0.0.1", port, 8080, "TCP")] }, node.Cancel);
        var container = await node.RunAsync(sandbox, "sh", "-c", Answer);
        await HostCommand.ExpectAsync("ip", ["link", "delete", PodNetworkNames.HostEnd(sandbox.Id)], null, node.Cancel);

        var again = node.AddRuntime("node-a");
        await again.ConfigureNetworkAsync(node.PodCidr(0), node.Cancel);

        (await node.ShellAsync(container, "ip -4 addr show eth0")).ShouldContain(sandbox.Ip!);
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        (await http.GetStringAsync($"http://127.0.0.1:{port}/", node.Cancel)).ShouldContain("hello from kept");
        (await again.RunSandboxAsync(node.Sandbox(), node.Cancel)).Ip.ShouldNotBe(sandbox.Ip);
        await again.RemoveSandboxAsync(sandbox.Id, node.Cancel);
        (await HostCommand.ExpectAsync("nft", ["list", "table", "ip", again.Network.Bridge], null, node.Cancel)).ShouldNotContain($"{port}");
    }

    [Fact]
    public async Task A_reset_leaves_nothing_behind()
    {
        string bridge;
        await using (var node = await DockerTestNode.StartAsync(engine))
        {
            bridge = node.Runtime.Network.Bridge;
            await node.RunSandboxAsync();
            Directory.Exists($"/sys/class/net/{bridge}").ShouldBeTrue();
        }

        Directory.Exists($"/sys/class/net/{bridge}").ShouldBeFalse();
        (await HostCommand.ExpectAsync("nft", ["list", "tables"], null, CancellationToken.None)).ShouldNotContain(bridge);
        (await HostCommand.ExpectAsync("iptables", ["-w", "-S"], null, CancellationToken.None)).ShouldNotContain(bridge);
    }

    [Fact]
    public async Task A_sandbox_is_refused_in_plain_words_before_the_node_has_a_pod_cidr()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var unready = node.AddRuntime("node-b");
        (await Should.ThrowAsync<RuntimeException>(() => unready.RunSandboxAsync(node.Sandbox(), node.Cancel))).Message.ShouldContain("no pod CIDR");
    }

    [Fact]
    public async Task A_pod_cidr_that_another_clusters_bridge_has_is_refused_in_plain_words()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        await using var other = DockerRuntime.Create(new DockerOptions { ClusterId = "test-" + Guid.NewGuid().ToString("N"), NodeName = "node-a", ClusterCidr = node.PodCidr(0) },
            TimeProvider.System, NullLogger.Instance);

        var refusal = await Should.ThrowAsync<RuntimeException>(() => other.ConfigureNetworkAsync(node.PodCidr(0), node.Cancel));

        refusal.Message.ShouldContain($"is already the network of interface {node.Runtime.Network.Bridge}");
        refusal.Message.ShouldContain("orchestrator.network.cluster-cidr");
        Directory.Exists($"/sys/class/net/{other.Network.Bridge}").ShouldBeFalse();
    }

    [Fact]
    public async Task A_network_whose_process_was_killed_goes_when_the_next_one_on_the_machine_starts()
    {
        await using var killed = await DockerTestNode.StartAsync(engine);
        var bridge = killed.Runtime.Network.Bridge;
        // Stands in for an agent: it holds the network as one does, and is killed as one can be.
        using var agent = Process.Start("flock", ["--shared", "--no-fork", $"/run/orchestrator/networks/{bridge}", "sleep", "1000"]);
        await killed.EventuallyAsync(async () => (await File.ReadAllTextAsync($"/proc/{agent.Id}/comm", killed.Cancel)).Trim() == "sleep");
        await killed.Runtime.DisposeAsync();

        await using (await DockerTestNode.StartAsync(engine))
        {
            (await LeftOf(bridge)).ShouldBe((true, true, true), "its process lives");
        }

        agent.Kill();
        await agent.WaitForExitAsync(killed.Cancel);
        await using (await DockerTestNode.StartAsync(engine))
        {
            (await LeftOf(bridge)).ShouldBe((false, false, false));
        }

        // Its own cluster, should it come back, makes it anew.
        await killed.AddRuntime("node-a").ConfigureNetworkAsync(killed.PodCidr(0), killed.Cancel);
        (await LeftOf(bridge)).ShouldBe((true, true, true));
    }

    [Fact]
    public async Task A_network_that_sandboxes_still_use_stays_though_nobody_looks_after_it()
    {
        await using var stopped = await DockerTestNode.StartAsync(engine);
        var container = await stopped.RunAsync(await stopped.RunSandboxAsync(), "sleep", "1000");
        await stopped.Runtime.DisposeAsync();

        await using var next = await DockerTestNode.StartAsync(engine);

        (await LeftOf(stopped.Runtime.Network.Bridge)).ShouldBe((true, true, true));
        var back = stopped.AddRuntime("node-a");
        await back.ConfigureNetworkAsync(stopped.PodCidr(0), stopped.Cancel);
        (await back.ExecAsync(container, ["ping", "-c1", "-W5", $"{back.Network.Gateway}"], 1000, stopped.Cancel)).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task A_reset_of_a_cluster_whose_process_was_killed_leaves_nothing_behind()
    {
        string bridge;
        await using (var node = await DockerTestNode.StartAsync(engine))
        {
            bridge = node.Runtime.Network.Bridge;
            await node.RunSandboxAsync();
            await node.Runtime.DisposeAsync();
            await DockerCleanup.RemoveClusterAsync(node.ClusterId, DockerTestEngine.Socket, node.Cancel);
        }

        (await LeftOf(bridge)).ShouldBe((false, false, false));
        File.Exists($"/run/orchestrator/networks/{bridge}").ShouldBeFalse();
    }

    private static async Task<(bool Bridge, bool Table, bool Rules)> LeftOf(string bridge) => (
        Directory.Exists($"/sys/class/net/{bridge}"),
        (await HostCommand.ExpectAsync("nft", ["list", "tables"], null, CancellationToken.None)).Contains(bridge),
        (await HostCommand.ExpectAsync("iptables", ["-w", "-S"], null, CancellationToken.None)).Contains(bridge));

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
