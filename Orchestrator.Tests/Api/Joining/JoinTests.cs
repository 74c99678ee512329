using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Actors.Certificates;
using Orchestrator.Api.Joining;
using Orchestrator.NodeAgent.Runtime.Simulated;
using Orchestrator.Resources;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Joining;

public sealed class JoinTests
{
    [Fact]
    public async Task A_node_joins_with_a_token_and_starts_again_without_one()
    {
        await using var cluster = await RemoteClusterFixture.StartAsync();
        var token = await cluster.TokenAsync();
        var directory = Directory(cluster, "w1");
        await Join(cluster, token.Text).RunAsync(directory, "worker-1", CancellationToken.None);
        directory.HasJoined.ShouldBeTrue();
        File.GetUnixFileMode(Path.Combine(cluster.Directory, "w1", "node.pem")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var request = cluster.Plane.Services.Cache.List(CsrResource).ShouldHaveSingleItem().ToJsonObject();
        ((string?)request["spec"]!["username"]).ShouldBe($"system:bootstrap:{token.Id}");
        ((string?)request["status"]!["conditions"]![0]!["reason"]).ShouldBe("AutoApproved");

        await using (var node = await StartAsync(cluster, directory))
        {
            await cluster.UntilAsync(() => cluster.IsReady("worker-1"));
            await cluster.CreatePodAsync("web", "worker-1");
            await cluster.UntilAsync(() => cluster.Phase("web") == "Running");
            await node.ShutDownAsync(drain: false, TimeSpan.FromSeconds(10));
        }

        await cluster.UntilAsync(() => !cluster.IsReady("worker-1"));
        Ready(cluster, "worker-1").ShouldBe(("False", "KubeletNotReady", "node is shutting down"));
        cluster.Phase("web").ShouldBe("Running", "its containers run on");
        await using var again = await StartAsync(cluster, directory);
        await cluster.UntilAsync(() => cluster.IsReady("worker-1"));
    }

    [Fact]
    public async Task What_cannot_join_is_told_why_in_one_sentence()
    {
        await using var cluster = await RemoteClusterFixture.StartAsync();
        var token = await cluster.TokenAsync();
        var ended = await cluster.TokenAsync(TimeSpan.FromSeconds(-1));
        var address = cluster.Api.Address.Authority;
        (await Refusal(new ClusterJoin(address, token.Text, "sha256:" + new string('0', 64), TimeProvider.System))).ShouldContain("this is another cluster");
        (await Refusal(Join(cluster, ended.Text))).ShouldContain("unknown or has expired");
        (await Refusal(Join(cluster, "abcdef.0123456789abcdef"))).ShouldContain("unknown or has expired");
        (await Refusal(Join(cluster, token.Id + ".0123456789abcdef"))).ShouldContain("unknown or has expired");
        (await Refusal(new ClusterJoin("127.0.0.1:1", token.Text, cluster.Authority.PublicKeyHash, TimeProvider.System))).ShouldContain("cannot be reached");

        var directory = Directory(cluster, "first");
        await Join(cluster, token.Text).RunAsync(directory, "taken", CancellationToken.None);
        await using var node = await StartAsync(cluster, directory);
        await cluster.UntilAsync(() => cluster.IsReady("taken"));
        (await Refusal(Join(cluster, token.Text))).ShouldContain("choose another name");

        async Task<string> Refusal(ClusterJoin join)
        {
            var refused = Directory(cluster, "refused");
            var message = (await Should.ThrowAsync<JoinRefusedException>(() => join.RunAsync(refused, "taken", CancellationToken.None))).Message;
            refused.HasJoined.ShouldBeFalse();
            message.ShouldNotContain("\n");
            return message;
        }
    }

    [Fact]
    public async Task Of_two_machines_that_join_under_one_name_at_once_one_is_let_in_and_nothing_of_the_other_is_kept()
    {
        await using var cluster = await RemoteClusterFixture.StartAsync();
        var token = await cluster.TokenAsync();
        AgentDirectory[] machines = [Directory(cluster, "m1"), Directory(cluster, "m2")];

        var joins = await Task.WhenAll(machines.Select(async machine =>
        {
            try
            {
                await Join(cluster, token.Text).RunAsync(machine, "same", CancellationToken.None);
                return null;
            }
            catch (JoinRefusedException refused)
            {
                return refused.Message;
            }
        }));

        var loser = Array.FindIndex(joins, message => message is not null);
        joins.Count(message => message is null).ShouldBe(1);
        joins[loser]!.ShouldContain("another machine is joining as node same at this moment: choose another name with --node-name");
        machines[loser].HasJoined.ShouldBeFalse();
        machines[1 - loser].HasJoined.ShouldBeTrue();
        await using var node = await StartAsync(cluster, machines[1 - loser]);
        await cluster.UntilAsync(() => cluster.IsReady("same"));
        await Join(cluster, token.Text).RunAsync(machines[loser], "another", CancellationToken.None);
    }

    [Fact]
    public async Task An_ended_token_is_removed()
    {
        await using var cluster = await RemoteClusterFixture.StartAsync();
        var token = await cluster.TokenAsync(TimeSpan.FromSeconds(1));
        await cluster.UntilAsync(() => cluster.Json(BootstrapToken.KeyOf(token.Id)) is null);
    }

    [Fact]
    public async Task A_shutdown_with_drain_ends_the_pods_and_says_so()
    {
        await using var cluster = await RemoteClusterFixture.StartAsync();
        var directory = Directory(cluster, "w1");
        await Join(cluster, (await cluster.TokenAsync()).Text).RunAsync(directory, "worker-1", CancellationToken.None);
        await using var node = await StartAsync(cluster, directory);
        await cluster.UntilAsync(() => cluster.IsReady("worker-1"));
        await cluster.CreatePodAsync("web", "worker-1");
        await cluster.UntilAsync(() => cluster.Phase("web") == "Running");
        await node.ShutDownAsync(drain: true, TimeSpan.FromSeconds(20));
        await cluster.UntilAsync(() => !cluster.IsReady("worker-1"));
        cluster.Phase("web").ShouldBe("Failed", "its status was accepted before the agent stopped");
        ((string?)cluster.Json(new ResourceKey("pods", "default", "web"))!["status"]!["reason"]).ShouldBe("Terminated");
        Ready(cluster, "worker-1").Status.ShouldBe("False");
    }

    [Fact]
    public async Task A_node_renews_its_certificate_over_its_connection()
    {
        await using var cluster = await RemoteClusterFixture.StartAsync();
        var directory = Directory(cluster, "w1");
        await Join(cluster, (await cluster.TokenAsync()).Text).RunAsync(directory, "worker-1", CancellationToken.None);
        // A certificate at the end of its life: it is renewed as soon as the node is connected.
        using (var request = new NodeCertificateRequest("worker-1"))
            directory.WriteCertificate(cluster.Authority.Sign(RequestedCertificate.Parse(request.Pem), ["digital signature", "client auth"], TimeSpan.FromSeconds(20)), request.Key).Dispose();
        using var old = directory.ReadCertificate();
        await using var node = await StartAsync(cluster, directory);
        await cluster.UntilAsync(() => cluster.IsReady("worker-1"));
        await cluster.UntilAsync(() => Csrs(cluster).Any(c => (string?)c["spec"]!["username"] == "system:node:worker-1" && c["status"]?["certificate"] is not null));
        var renewed = SpinWait.SpinUntil(() => node.Certificate.SerialNumber != old.SerialNumber, TimeSpan.FromSeconds(20));
        renewed.ShouldBeTrue();
        node.Certificate.NotAfter.ShouldBeGreaterThan(old.NotAfter.AddDays(300));
        directory.ReadCertificate().SerialNumber.ShouldBe(node.Certificate.SerialNumber);
    }

    private const string CsrResource = "certificatesigningrequests.certificates.k8s.io";

    private static IEnumerable<JsonObject> Csrs(RemoteClusterFixture cluster) => cluster.Plane.Services.Cache.List(CsrResource).Select(c => c.ToJsonObject());

    private static AgentDirectory Directory(RemoteClusterFixture cluster, string name) => new(Path.Combine(cluster.Directory, name));

    private static ClusterJoin Join(RemoteClusterFixture cluster, string token) => new(cluster.Api.Address.Authority, token, cluster.Authority.PublicKeyHash, TimeProvider.System);

    private static Task<JoinedNode> StartAsync(RemoteClusterFixture cluster, AgentDirectory directory) => JoinedNode.StartAsync(new JoinedNodeOptions
    {
        Directory = directory,
        DataDirectory = cluster.Directory,
        Runtime = (_, _) => new SimulatedRuntime(new SimulatedOptions(), TimeProvider.System),
        Time = TimeProvider.System,
        Logging = NullLoggerFactory.Instance,
    });

    private static (string? Status, string? Reason, string? Message) Ready(RemoteClusterFixture cluster, string node)
    {
        var ready = cluster.Json(new ResourceKey("nodes", "", node))!["status"]!["conditions"]!.AsArray().Single(c => (string?)c!["type"] == "Ready")!;
        return ((string?)ready["status"], (string?)ready["reason"], (string?)ready["message"]);
    }
}
