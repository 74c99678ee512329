using System.Globalization;
using System.Text.Json.Nodes;
using Orchestrator.Api.Commands;
using Shouldly;

namespace Orchestrator.Tests.Acceptance;

/// <summary>What <c>up --members 3</c> promises: any member may go, nodes may go, and what runs goes on.</summary>
[Collection(nameof(MembersCollection))]
[Trait("Needs", "docker")]
public sealed class MembersTests(MembersFixture cluster)
{
    private static string Sims => string.Join(", ", MembersFixture.Simulated);

    [Fact]
    public async Task A_killed_member_stops_no_write_and_up_starts_it_again_where_it_was()
    {
        var ns = await NamespaceAsync();
        using var client = cluster.NewClient();
        var maps = Enumerable.Range(0, 30).Select(i => string.Create(CultureInfo.InvariantCulture, $"m{i}")).ToList();
        foreach (var name in maps) (await cluster.KubectlAsync($"-n {ns} create configmap {name}")).Ok();
        var before = cluster.Members;
        before.Select(m => m.Id).ShouldBe(["member-1", "member-2", "member-3"]);
        before.ShouldAllBe(m => m.IsRunning);

        await cluster.EndAsync(before[1], 9);
        foreach (var name in maps) await MembersFixture.WriteAsync(client, $"/api/v1/namespaces/{ns}/configmaps/{name}", """{"data":{"after":"kill"}}""");
        (await cluster.ItemsAsync($"/api/v1/namespaces/{ns}/configmaps")).Count(m => (string?)m["data"]?["after"] == "kill").ShouldBe(30);

        await cluster.UpAsync();
        var after = cluster.Members;
        after.ShouldAllBe(m => m.IsRunning);
        after.Select(m => (m.Id, m.Address, m.RemotePort)).ShouldBe(before.Select(m => (m.Id, m.Address, m.RemotePort)));
        (after[0].Pid, after[2].Pid).ShouldBe((before[0].Pid, before[2].Pid));
        after[1].Pid.ShouldNotBe(before[1].Pid);
        using var direct = cluster.NewClient(after[1].Address);
        foreach (var name in maps) await MembersFixture.WriteAsync(direct, $"/api/v1/namespaces/{ns}/configmaps/{name}", """{"data":{"after":"start"}}""");
    }

    [Fact]
    public async Task A_rolling_restart_of_the_members_restarts_no_container_and_loses_no_status()
    {
        var ns = await NamespaceAsync();
        await ApplyAsync(Deployment(ns, "spread", 12, $"required: [{Sims}]"));
        await ApplyAsync(Manifests.Pod(ns, "on-near", "sleep 10000", extra: $"nodeSelector: {{kubernetes.io/hostname: {MembersFixture.Near}}}"));
        await ApplyAsync(Manifests.Pod(ns, "on-far", "sleep 10000", extra: $"nodeSelector: {{kubernetes.io/hostname: {MembersFixture.Far}}}"));
        await ReadyAsync(ns, 14);
        var (pods, containers) = (await StatesAsync(ns), await MembersFixture.ContainersAsync(ns));
        foreach (var id in cluster.Members.Select(m => m.Id).ToList())
        {
            await cluster.EndAsync(cluster.Members.Single(m => m.Id == id), 15);
            (await StatesAsync(ns)).ShouldBe(pods, $"without {id}");
            await cluster.UpAsync();
        }
        await ReadyAsync(ns, 14);
        (await StatesAsync(ns)).ShouldBe(pods);
        (await MembersFixture.ContainersAsync(ns)).ShouldBe(containers);
    }

    [Fact]
    public async Task A_node_that_is_cut_off_keeps_its_containers_running_and_on_its_return_nothing_runs_twice()
    {
        var ns = await NamespaceAsync();
        const string Forever = "tolerations: [{key: node.kubernetes.io/unreachable, operator: Exists}, {key: node.kubernetes.io/not-ready, operator: Exists}]";
        await ApplyAsync(Deployment(ns, "stay", 1, $"required: [{MembersFixture.Far}]", Forever));
        await ApplyAsync(Deployment(ns, "move", 1, $"required: [{MembersFixture.Far}, {MembersFixture.Near}], preferred: {MembersFixture.Far}"));
        await ReadyAsync(ns, 2);
        var before = await MembersFixture.ContainersAsync(ns);
        var (stays, moves) = (await MembersFixture.ContainersAsync(ns, "stay"), await MembersFixture.ContainersAsync(ns, "move"));
        (await PodsAsync(ns)).ShouldAllBe(p => (string?)p["spec"]!["nodeName"] == MembersFixture.Far);
        try
        {
            await cluster.CutFarAsync();
            await MembersFixture.EventuallyAsync("the pod was replaced on the other node",
                async () => (await PodsAsync(ns)).Any(p => (string?)p["spec"]!["nodeName"] == MembersFixture.Near && MembersFixture.IsReady(p)));
            (await cluster.ItemsAsync("/api/v1/nodes")).Where(n => (string?)n["metadata"]!["name"] == MembersFixture.Far).ShouldAllBe(n => !MembersFixture.IsReady(n));
            (await MembersFixture.ContainersAsync(ns)).ShouldContain(stays.Trim());
            (await MembersFixture.ContainersAsync(ns)).ShouldContain(moves.Trim(), customMessage: "nobody can stop it there");
        }
        finally
        {
            await cluster.HealFarAsync();
        }
        await ReadyAsync(ns, 2);
        await MembersFixture.EventuallyAsync("the container that was replaced is gone", async () => !(await MembersFixture.ContainersAsync(ns)).Contains(moves.Trim(), StringComparison.Ordinal));
        (await MembersFixture.ContainersAsync(ns, "stay")).ShouldBe(stays);
        (await MembersFixture.ContainersAsync(ns, "move")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(1);
        (await PodsAsync(ns)).ShouldAllBe(p => (int)p["status"]!["containerStatuses"]![0]!["restartCount"]! == 0);
    }

    [Fact]
    public async Task A_lost_nodes_pods_run_elsewhere()
    {
        var ns = await NamespaceAsync();
        var lost = MembersFixture.Simulated[^1];
        await ApplyAsync(Deployment(ns, "apart", 3, $"required: [{Sims}], preferred: {lost}"));
        await ReadyAsync(ns, 3);
        (await PodsAsync(ns)).ShouldContain(p => (string?)p["spec"]!["nodeName"] == lost);
        await cluster.LoseAsync(lost);
        await MembersFixture.EventuallyAsync("three pods run on other nodes", async () => (await PodsAsync(ns)).Count(p => (string?)p["spec"]!["nodeName"] != lost && MembersFixture.IsReady(p)) == 3);
        await cluster.StartSimulatedAsync(lost);
        await ReadyAsync(ns, 3);
        await MembersFixture.EventuallyAsync("the node is ready again", async () =>
            (await cluster.ItemsAsync("/api/v1/nodes")).Any(n => (string?)n["metadata"]!["name"] == lost && MembersFixture.IsReady(n)));
    }

    [Fact]
    public async Task A_drained_nodes_pods_run_elsewhere_and_it_takes_none_until_it_is_uncordoned()
    {
        var ns = await NamespaceAsync();
        var drained = MembersFixture.Simulated[0];
        await ApplyAsync(Deployment(ns, "away", 3, $"required: [{Sims}], preferred: {drained}"));
        await ReadyAsync(ns, 3);
        (await PodsAsync(ns)).ShouldContain(p => (string?)p["spec"]!["nodeName"] == drained);
        try
        {
            (await cluster.KubectlAsync($"drain {drained} --ignore-daemonsets --force --timeout 60s")).Ok();
            await ReadyAsync(ns, 3);
            (await PodsAsync(ns)).ShouldAllBe(p => (string?)p["spec"]!["nodeName"] != drained);
            (await cluster.KubectlAsync($"get node {drained} --no-headers")).Ok().ShouldContain("Ready,SchedulingDisabled");
        }
        finally
        {
            (await cluster.KubectlAsync($"uncordon {drained}")).Ok();
        }
        (await cluster.KubectlAsync($"-n {ns} delete pods --all")).Ok();
        await ReadyAsync(ns, 3);
        (await PodsAsync(ns)).ShouldContain(p => (string?)p["spec"]!["nodeName"] == drained);
    }

    [Fact]
    public async Task A_server_joins_with_a_token_that_was_made_for_one_and_answers_as_a_member()
    {
        var ns = await NamespaceAsync();
        var (api, remote) = (ClusterFixture.FreePort(), ClusterFixture.FreePort());
        var directory = new ClusterDirectory(cluster.Data.File("fourth"));
        var config = cluster.Data.File("fourth.hocon");
        var database = File.ReadLines(cluster.Data.File("members/member-1.hocon")).Single(l => l.StartsWith("akka.persistence", StringComparison.Ordinal));
        await File.WriteAllTextAsync(config, $$"""
            include "{{cluster.Data.File(ClusterConfiguration.FileName)}}"
            orchestrator.cluster.member-id = fourth
            orchestrator.api { address = 127.0.0.1, port = {{api}} }
            akka.remote.dot-netty.tcp { hostname = 127.0.0.1, port = {{remote}}, public-hostname = 127.0.0.1 }
            {{database}}

            """);
        async Task<string[]> ArgumentsAsync(params string[] more) =>
            [.. (await cluster.OrchestratorAsync("token", ["create", .. more])).Ok().Trim().Split(' ')[2..], "--data", directory.Path, "--config", config];
        var refused = await Shell.RunAsync(MembersFixture.Executable, ["server", .. await ArgumentsAsync(), "--server-key", new string('A', 43)]);
        refused.ExitCode.ShouldBe(1);
        refused.Errors.ShouldContain("this token was not made for a server");
        Directory.Exists(directory.Pki).ShouldBeFalse();

        var arguments = await ArgumentsAsync("--server");
        var id = arguments[Array.IndexOf(arguments, "--token") + 1].Split('.')[0];
        (await cluster.KubectlAsync($"-n kube-system get secret bootstrap-token-{id} -o jsonpath={{.data.server-keys}}")).Ok().ShouldNotBeEmpty();
        using var process = cluster.Start("fourth.log", MembersFixture.Executable, ["server", .. arguments]);
        try
        {
            using var client = cluster.NewClient(new Uri($"https://127.0.0.1:{api}"));
            await MembersFixture.EventuallyAsync("the new member is ready", async () =>
            {
                process.HasExited.ShouldBeFalse();
                using var answer = await client.GetAsync("/readyz");
                return answer.IsSuccessStatusCode;
            });
            foreach (var key in new[] { "ca.key", "service-account.key", "encryption.key" })
                (await File.ReadAllBytesAsync(Path.Combine(directory.Pki, key))).ShouldBe(await File.ReadAllBytesAsync(Path.Combine(cluster.Data.Pki, key)));
            (await cluster.KubectlAsync($"-n {ns} create configmap shared")).Ok();
            await MembersFixture.WriteAsync(client, $"/api/v1/namespaces/{ns}/configmaps/shared", """{"data":{"by":"fourth"}}""");
            (await cluster.KubectlAsync($"-n {ns} get configmap shared -o jsonpath={{.data.by}}")).Ok().ShouldBe("fourth");
        }
        finally
        {
            _ = await Shell.RunAsync("kill", ["-15", $"{process.Id}"]); // where it has ended already, the test has failed before
            await process.WaitForExitAsync().WaitAsync(MembersFixture.Deadline);
        }
        (await cluster.OrchestratorAsync("token", "delete", id)).Ok();
    }

    [Fact]
    public async Task A_backup_of_the_running_members_is_whole_and_has_their_keys()
    {
        var ns = await NamespaceAsync();
        (await cluster.KubectlAsync($"-n {ns} create configmap kept")).Ok();
        var file = cluster.Data.File("backup.tar");
        (await cluster.OrchestratorAsync("backup", file)).Ok();
        var names = (await Shell.RunAsync("tar", ["tf", file])).Ok().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        names.ShouldBe(["backup.json", "cluster-id", .. Directory.GetFiles(cluster.Data.Pki).Select(f => "pki/" + Path.GetFileName(f)).Order(StringComparer.Ordinal), "journal.gz"]);
        (await Shell.RunAsync("sh", ["-c", $"tar xOf {file} journal.gz | zcat"])).Ok().ShouldContain($"configmaps/{ns}/kept");
        (await cluster.OrchestratorAsync("restore", file, "--force")).Errors.ShouldContain("is running");
    }

    [Fact]
    public async Task Behind_HAProxy_commands_go_on_and_watches_stay_open_while_a_member_dies()
    {
        var ns = await NamespaceAsync();
        var port = ClusterFixture.FreePort();
        var servers = string.Join('\n', cluster.Members.Select(m => $"    server {m.Id} {m.Address.Authority}"));
        var file = (await File.ReadAllTextAsync(Path.Combine(ClusterFixture.Tree, "docs", "haproxy.cfg")))
            .Replace("bind :6443", $"bind 127.0.0.1:{port}", StringComparison.Ordinal).Replace("/etc/haproxy/orchestrator-ca.crt", Path.Combine(cluster.Data.Pki, "ca.crt"), StringComparison.Ordinal);
        var config = cluster.Data.File("haproxy.cfg");
        await File.WriteAllTextAsync(config, string.Join('\n', file.Split('\n').Where(l => !l.TrimStart().StartsWith("server ", StringComparison.Ordinal))).TrimEnd() + "\n" + servers + "\n");
        (await Shell.RunAsync("haproxy", ["-c", "-f", config])).Ok();
        using var haproxy = cluster.Start("haproxy.log", "haproxy", "-db", "-f", config);
        try
        {
            using var through = cluster.NewClient(new Uri($"https://127.0.0.1:{port}"));
            await MembersFixture.EventuallyAsync("HAProxy passes requests on", async () => (await through.GetAsync("/readyz")).IsSuccessStatusCode);
            // A connection each, so that every member has some of the watches.
            var watches = new List<StreamReader>();
            for (var i = 0; i < 6; i++)
            {
                var client = cluster.NewClient(through.BaseAddress);
                watches.Add(new StreamReader(await (await client.GetAsync($"/api/v1/namespaces/{ns}/configmaps?watch=1&labelSelector=mine", HttpCompletionOption.ResponseHeadersRead)).Content.ReadAsStreamAsync()));
            }
            await cluster.EndAsync(cluster.Members[2], 9);
            // What was under way on a connection that HAProxy ends fails, as docs/haproxy.md says, and whether it was done is not known; tried again, it is done.
            for (var i = 0; i < 10; i++)
            {
                await MembersFixture.EventuallyAsync($"configmap c{i} is created through HAProxy", async () =>
                {
                    var created = await cluster.KubectlAsync($"--server https://127.0.0.1:{port} -n {ns} create configmap c{i}");
                    return created.ExitCode == 0 || created.Errors.Contains("already exists", StringComparison.Ordinal);
                });
            }
            await MembersFixture.EventuallyAsync("the label is set through HAProxy",
                async () => (await cluster.KubectlAsync($"--server https://127.0.0.1:{port} -n {ns} label configmap c0 mine=yes")).ExitCode == 0);
            var seen = 0;
            foreach (var watch in watches) seen += await FirstLineAsync(watch) is { } line && line.Contains("\"c0\"", StringComparison.Ordinal) ? 1 : 0;
            seen.ShouldBeGreaterThanOrEqualTo(3, "watches through the other members saw the change");
        }
        finally
        {
            await cluster.UpAsync();
            haproxy.Kill();
            await haproxy.WaitForExitAsync().WaitAsync(MembersFixture.Deadline);
        }
    }

    /// <summary>Null where the connection ended before.</summary>
    private static async Task<string?> FirstLineAsync(StreamReader watch)
    {
        try
        {
            return await watch.ReadLineAsync().WaitAsync(MembersFixture.Deadline);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return null;
        }
    }

    private async Task<string> NamespaceAsync()
    {
        var name = $"t{Guid.NewGuid().ToString("N")[..10]}";
        (await cluster.KubectlAsync($"create namespace {name}")).Ok();
        await MembersFixture.EventuallyAsync("the namespace has its service account", async () => (await cluster.KubectlAsync($"-n {name} get serviceaccount default")).ExitCode == 0);
        return name;
    }

    private async Task ApplyAsync(string manifest) => (await cluster.KubectlAsync("apply -f -", manifest)).Ok();

    /// <summary>Exactly so many pods that live are there, and all of them are ready.</summary>
    private Task ReadyAsync(string ns, int count) => MembersFixture.EventuallyAsync($"{count} pods are ready", async () =>
        await PodsAsync(ns) is var pods && pods.Count == count && pods.All(MembersFixture.IsReady));

    private Task<IReadOnlyList<JsonNode>> PodsAsync(string ns) => cluster.ItemsAsync($"/api/v1/namespaces/{ns}/pods");

    /// <summary>What a restart of containers or a lost status would change. Not the Ready condition, which a busy machine may miss a moment of.</summary>
    private async Task<IReadOnlyList<string>> StatesAsync(string ns) => [.. (await PodsAsync(ns)).Select(p => string.Join(' ',
        p["metadata"]!["name"], p["metadata"]!["uid"], p["spec"]!["nodeName"], p["status"]!["phase"], p["status"]!["podIP"], p["status"]!["startTime"],
        p["status"]!["containerStatuses"]![0]!["containerID"], p["status"]!["containerStatuses"]![0]!["restartCount"], p["status"]!["containerStatuses"]![0]!["state"]!.ToJsonString()))];

    /// <summary>Pods that sleep. <paramref name="nodes"/>: <c>required: [a, b], preferred: a</c>. Without other tolerations a pod goes a second after its node.</summary>
    private static string Deployment(string ns, string name, int replicas, string nodes, string tolerations =
        "tolerations: [{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 1}, {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 1}]")
    {
        var parts = nodes.Split(", preferred: ");
        var preferred = parts.Length < 2 ? "" : $"preferredDuringSchedulingIgnoredDuringExecution: [{{weight: 100, preference: {{matchExpressions: [{{key: kubernetes.io/hostname, operator: In, values: [{parts[1]}]}}]}}}}]";
        return $$$"""
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: {{{name}}}, namespace: {{{ns}}} }
            spec:
              replicas: {{{replicas}}}
              selector: {matchLabels: {app: {{{name}}} } }
              template:
                metadata: {labels: {app: {{{name}}} } }
                spec:
                  terminationGracePeriodSeconds: 1
                  {{{tolerations}}}
                  affinity:
                    nodeAffinity:
                      requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: {{{parts[0]["required: ".Length..]}}}}]}]}
                      {{{preferred}}}
                  containers:
                  - name: main
                    image: {{{ClusterFixture.Image}}}
                    imagePullPolicy: IfNotPresent
                    command: [sleep, "10000"]
            """;
    }
}
