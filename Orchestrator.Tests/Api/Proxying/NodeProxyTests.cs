using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Runtime.Simulated;
using Orchestrator.Tests.Api.Joining;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Proxying;

/// <summary>What clients get of a node over HTTPS; its agent is connected over TLS and runs pods on a simulated engine.</summary>
public sealed class NodeProxyTests
{
    private const string Proxy = "/api/v1/nodes/worker-1/proxy";

    [Fact]
    public async Task A_nodes_pages_are_a_kubelets()
    {
        await using var cluster = await StartAsync();
        using var admin = cluster.Client("admin", "system:masters");
        foreach (var name in new[] { "worker-1", "worker-1:10250", "https:worker-1:10250", "worker-1:" })
            (await admin.GetStringAsync($"/api/v1/nodes/{name}/proxy/healthz")).ShouldBe("ok");
        var pods = await admin.GetFromJsonAsync<JsonNode>($"{Proxy}/pods");
        ((string?)pods!["items"]!.AsArray().ShouldHaveSingleItem()!["metadata"]!["name"]).ShouldBe("web");
        var summary = await admin.GetFromJsonAsync<JsonNode>($"{Proxy}/stats/summary");
        ((long)summary!["node"]!["memory"]!["workingSetBytes"]!).ShouldBeGreaterThan(0, "the agent runs on this machine");
        ((long)summary["pods"]![0]!["containers"]![0]!["memory"]!["workingSetBytes"]!).ShouldBe(64 << 20);
        (await admin.GetStringAsync($"{Proxy}/metrics/resource")).ShouldContain("\npod_memory_working_set_bytes{namespace=\"default\",pod=\"web\"} 67108864 ");
        ((int)(await admin.GetFromJsonAsync<JsonNode>($"{Proxy}/configz"))!["kubeletconfig"]!["maxPods"]!).ShouldBe(110);
        (await admin.GetStringAsync($"{Proxy}/containerLogs/default/web/c?follow=true")).ShouldBe("hello\n");
        using var ran = await admin.PostAsync($"{Proxy}/run/default/web/c?cmd=ls%20-l", null);
        (await ran.Content.ReadAsStringAsync()).ShouldBe("ls -l");
    }

    [Fact]
    public async Task Codes_methods_and_redirects_of_the_node_pass_through()
    {
        await using var cluster = await StartAsync();
        using var admin = cluster.Client("admin", "system:masters");
        using var missing = await admin.GetAsync($"{Proxy}/nothing");
        (missing.StatusCode, await missing.Content.ReadAsStringAsync()).ShouldBe((HttpStatusCode.NotFound, "404 page not found\n"));
        using var refused = await admin.PutAsync($"{Proxy}/pods", null);
        refused.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
        refused.Content.Headers.Allow.ShouldBe(["GET"]);
        using var head = await admin.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"{Proxy}/healthz"));
        (head.StatusCode, head.Content.Headers.ContentLength).ShouldBe((HttpStatusCode.OK, 2));
        using var moved = await admin.GetAsync($"{Proxy}/runningpods");
        moved.RequestMessage!.RequestUri!.AbsolutePath.ShouldBe($"{Proxy}/runningpods/");
        moved.StatusCode.ShouldBe(HttpStatusCode.OK);
        using var root = await admin.GetAsync($"{Proxy}?a=b");
        root.RequestMessage!.RequestUri!.PathAndQuery.ShouldBe($"{Proxy}/?a=b");
        root.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_node_that_cannot_be_reached_says_why()
    {
        await using var cluster = await StartAsync();
        await cluster.CreateAsync("nodes", """{"apiVersion":"v1","kind":"Node","metadata":{"name":"ghost"} }""");
        using var admin = cluster.Client("admin", "system:masters");
        await RefusedAsync(admin, "/api/v1/nodes/none/proxy/healthz", 404, "nodes \"none\" not found");
        await RefusedAsync(admin, "/api/v1/nodes/ghost/proxy/healthz", 503, "error trying to reach service: the agent of node ghost is not connected");
        await RefusedAsync(admin, "/api/v1/nodes/worker-1:9100/proxy/metrics", 503, "error trying to reach service: node worker-1 is connected by its agent's port 10250 only, not by 9100");
        await RefusedAsync(admin, "/api/v1/nodes/ftp:worker-1:1/proxy/healthz", 400, "invalid node request \"ftp:worker-1:1\"");
    }

    [Fact]
    public async Task Who_may_get_may_not_run()
    {
        await using var cluster = await StartAsync();
        using var reader = cluster.Client("reader");
        (await reader.GetAsync($"{Proxy}/healthz")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        await cluster.CreateAsync("clusterroles.rbac.authorization.k8s.io", """
            {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"stats"},"rules":[{"apiGroups":[""],"resources":["nodes/proxy"],"verbs":["get"]}]}
            """);
        await cluster.CreateAsync("clusterrolebindings.rbac.authorization.k8s.io", """
            {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"stats"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"stats"},
             "subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"reader"}]}
            """);
        (await reader.GetStringAsync($"{Proxy}/healthz")).ShouldBe("ok");
        (await reader.PostAsync($"{Proxy}/run/default/web/c?cmd=ls", null)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Logs_and_commands_of_a_simulated_node_come_through_the_pods_own_subresources_too()
    {
        await using var cluster = await StartAsync();
        using var admin = cluster.Client("admin", "system:masters");
        (await admin.GetStringAsync("/api/v1/namespaces/default/pods/web/log")).ShouldBe("hello\n");

        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("v4.channel.k8s.io");
        socket.Options.ClientCertificates.Add(cluster.Authority.IssueClient("admin", "system:masters"));
        socket.Options.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        await socket.ConnectAsync(new UriBuilder(cluster.Api.Address) { Scheme = "wss", Path = "/api/v1/namespaces/default/pods/web/exec", Query = "command=ls&command=-l&stdout=true" }.Uri, CancellationToken.None);
        var channels = new Dictionary<byte, string>();
        var buffer = new byte[4096];
        while (await socket.ReceiveAsync(buffer, CancellationToken.None) is { MessageType: not WebSocketMessageType.Close } message)
            channels[buffer[0]] = channels.GetValueOrDefault(buffer[0]) + Encoding.UTF8.GetString(buffer, 1, message.Count - 1);
        channels[1].ShouldBe("ls -l");
        ((string?)JsonNode.Parse(channels[3])!["status"]).ShouldBe("Success");
    }

    private static async Task<RemoteClusterFixture> StartAsync()
    {
        var cluster = await RemoteClusterFixture.StartAsync();
        await cluster.StartAgentAsync("worker-1", new SimulatedRuntime(
            new SimulatedOptions
            {
                Behaviour = _ => new SimulatedBehaviour { Log = "hello\n", Uses = new SimulatedUse(250, 64 << 20) },
                Exec = (_, command) => new ExecResult(0, string.Join(' ', command)),
            },
            TimeProvider.System));
        await cluster.UntilAsync(() => cluster.IsReady("worker-1"));
        await cluster.CreatePodAsync("web", "worker-1");
        await cluster.UntilAsync(() => cluster.Phase("web") == "Running");
        return cluster;
    }

    private static async Task RefusedAsync(HttpClient client, string path, int code, string message)
    {
        using var response = await client.GetAsync(path);
        var status = await response.Content.ReadFromJsonAsync<JsonNode>();
        ((int)response.StatusCode, (string?)status!["kind"], (string?)status["message"]).ShouldBe((code, "Status", message));
    }
}
