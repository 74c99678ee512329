using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Api.Commands;
using Orchestrator.Api.Joining;
using Orchestrator.Api.LocalCluster;
using Orchestrator.Api.Security;
using Orchestrator.NodeAgent.Runtime.Simulated;
using Shouldly;

namespace Orchestrator.Tests.Acceptance;

/// <summary>
/// A real cluster of three member processes on a PostgreSQL server of its own, with ten agents: one beside the members and one in a process of its own, both on Docker Engine, and eight
/// in this process on a simulated one. Everything that was started is checked to be gone afterwards.
/// </summary>
public sealed class MembersFixture : IAsyncLifetime
{
    /// <summary>The node beside the members, on Docker.</summary>
    public const string Near = "near";

    /// <summary>The node whose agent is a process of its own, on Docker.</summary>
    public const string Far = "far";

    private const int SimulatedNodes = 8;

    /// <summary>How long anything may take on a busy machine.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);

    private readonly string _agentData = Directory.CreateTempSubdirectory("orchestrator-agent-").FullName;
    private readonly int _port = ClusterFixture.FreePort();
    // The agent's process, and nobody else, has this group: its packets are told by it.
    private readonly int _agentGroup = Random.Shared.Next(20_000, 60_000);
    private readonly Dictionary<string, JoinedNode> _simulated = [];

    /// <summary>The cluster's directory.</summary>
    public ClusterDirectory Data { get; } = new(Directory.CreateTempSubdirectory("orchestrator-members-").FullName);

    /// <summary>What <c>members.json</c> says.</summary>
    public IReadOnlyList<LocalMember> Members => LocalMember.Read(Data);

    /// <summary>Names of the nodes on a simulated engine.</summary>
    public static IReadOnlyList<string> Simulated { get; } = [.. Enumerable.Range(1, SimulatedNodes).Select(i => string.Create(CultureInfo.InvariantCulture, $"sim-{i}"))];

    /// <summary>The published product.</summary>
    public static string Executable { get; } = Path.Combine(ClusterFixture.Tree, "artifacts", "orchestrator", "orchestrator");

    private string Table => string.Create(CultureInfo.InvariantCulture, $"cut{_agentGroup}");

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        await ClusterFixture.ImportImageAsync();
        // A pod network of its own: other clusters may run on this machine. The grace is for a machine that is busy with other tests.
        await File.WriteAllTextAsync(Data.File(ClusterConfiguration.FileName), $$"""
            orchestrator.network.cluster-cidr = "10.{{176 + Random.Shared.Next(64)}}.0.0/16"
            orchestrator.controllers.node-monitor-grace-period = 15s

            """);
        await UpAsync();
        var join = (await OrchestratorAsync("token", "create")).Ok().Trim().Split(' ');
        var (token, hash) = (join[Array.IndexOf(join, "--token") + 1], join[Array.IndexOf(join, "--ca-hash") + 1]);
        (await Shell.RunAsync("setpriv", [$"--regid={_agentGroup}", "--clear-groups", Executable, "agent", "--detach", "--data", _agentData, "--node-name", Far,
            "--join", $"127.0.0.1:{_port}", "--token", token, "--ca-hash", hash])).Ok();
        foreach (var name in Simulated)
        {
            await new ClusterJoin($"127.0.0.1:{_port}", token, hash, TimeProvider.System).RunAsync(Kept(name), name, default);
            await StartSimulatedAsync(name);
        }
        await EventuallyAsync("all nodes are ready", async () => (await ItemsAsync("/api/v1/nodes")).Count(IsReady) == SimulatedNodes + 2);
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        foreach (var node in _simulated.Values) await node.DisposeAsync();
        var id = Data.ClusterId!;
        (await Shell.RunAsync(Executable, ["down", "--data", _agentData])).Ok();
        (await OrchestratorAsync("down")).Ok();
        Processes(Data.Path).ShouldBeEmpty("down left processes running");
        Processes(_agentData).ShouldBeEmpty("down left the agent running");
        (await OrchestratorAsync("down")).Ok(); // nothing to do is no error
        Members.Count.ShouldBe(3, "down forgets no member");
        (await Shell.RunAsync(Executable, ["reset", "--data", _agentData])).Ok();
        (await OrchestratorAsync("reset")).Ok();
        (await Shell.RunAsync("docker", ["ps", "-aq", "--filter", $"label=orchestrator.cluster={id}"])).Ok().Trim().ShouldBeEmpty("reset left containers behind");
        Directory.Exists(Data.Path).ShouldBeFalse("reset left the data directory behind");
        Directory.Exists(_agentData).ShouldBeFalse("reset left the agent's directory behind");
        Directory.Exists($"/run/orchestrator-postgres-{id}").ShouldBeFalse("the database's place is left behind");
    }

    /// <summary>Starts the cluster, or what is missing of it.</summary>
    public async Task UpAsync() => (await OrchestratorAsync("up", "--port", $"{_port}", "--detach", "--members", "3", "--node-name", Near)).Ok();

    /// <summary>Runs the product's own command on this cluster.</summary>
    public Task<ShellResult> OrchestratorAsync(string command, params IEnumerable<string> arguments) => Shell.RunAsync(Path.Combine(ClusterFixture.Tree, "orchestrator"), [command, .. arguments, "--data", Data.Path]);

    /// <summary>Runs kubectl on this cluster.</summary>
    public Task<ShellResult> KubectlAsync(string commandLine, string? input = null) =>
        Shell.RunAsync(ClusterFixture.KubectlPath("1.32"), ClusterFixture.Split(commandLine), input, new Dictionary<string, string> { ["KUBECONFIG"] = Data.Kubeconfig });

    /// <summary>Starts a program that the test ends; its output goes to a file of the cluster's directory.</summary>
    public Process Start(string log, string program, params IEnumerable<string> arguments) =>
        Process.Start(new ProcessStartInfo("sh", ["-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1", "sh", Data.File(log), program, .. arguments]))!;

    /// <summary>Ends a member's process and waits until it has.</summary>
    public async Task EndAsync(LocalMember member, int signal)
    {
        (await Shell.RunAsync("kill", [$"-{signal}", $"{member.Pid}"])).Ok();
        await EventuallyAsync($"{member.Id} has ended", () => Task.FromResult(!member.IsRunning));
    }

    /// <summary>An administrator's client; through the one address in front of the members where none is named.</summary>
    public HttpClient NewClient(Uri? server = null)
    {
        var config = KubeconfigFile.Read(Data.Kubeconfig);
        return new HttpClient(new SocketsHttpHandler { SslOptions = ClusterTls.Trusting(config.Authority, config.Client) }) { BaseAddress = server ?? config.Server, Timeout = TimeSpan.FromSeconds(30) };
    }

    /// <summary>Writes until it succeeds, as a client does whose connection broke.</summary>
    public static Task WriteAsync(HttpClient client, string path, string patch) => EventuallyAsync($"{path} can be written", async () =>
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, path) { Content = new StringContent(patch, Encoding.UTF8, "application/merge-patch+json") };
        using var answer = await client.SendAsync(request);
        return answer.StatusCode == HttpStatusCode.OK;
    });

    /// <summary>The items of a list.</summary>
    public async Task<IReadOnlyList<JsonNode>> ItemsAsync(string path)
    {
        using var client = NewClient();
        return [.. JsonNode.Parse(await client.GetStringAsync(path))!["items"]!.AsArray().Select(i => i!)];
    }

    /// <summary>Ids and start times of a pod's containers that run, the sandbox aside.</summary>
    public static async Task<string> ContainersAsync(string ns, string pod = "")
    {
        var ids = (await Shell.RunAsync("docker", ["ps", "-q", "--no-trunc", "--filter", $"name=k8s_main_{pod}", "--filter", $"label=io.kubernetes.pod.namespace={ns}"])).Ok()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal).ToList();
        return ids.Count == 0 ? "" : (await Shell.RunAsync("docker", ["inspect", "-f", "{{.Id}} {{.State.StartedAt}}", .. ids])).Ok();
    }

    /// <summary>The packets between the far node's agent and the members vanish, in both directions.</summary>
    public async Task CutFarAsync()
    {
        var ports = string.Join(", ", Members.Select(m => m.RemotePort));
        await NftAsync($$"""
            add table inet {{Table}}
            add chain inet {{Table}} out { type filter hook output priority 0; }
            add chain inet {{Table}} in { type filter hook input priority 0; }
            add rule inet {{Table}} out meta skgid {{_agentGroup}} tcp dport { {{ports}} } ct mark set {{_agentGroup}}
            add rule inet {{Table}} out ct mark {{_agentGroup}} drop
            add rule inet {{Table}} in ct mark {{_agentGroup}} drop

            """);
    }

    /// <summary>Ends what <see cref="CutFarAsync"/> began.</summary>
    public Task HealFarAsync() => NftAsync($"add table inet {Table}\ndelete table inet {Table}\n");

    /// <summary>A node goes without a word.</summary>
    public async Task LoseAsync(string simulated)
    {
        await _simulated[simulated].DisposeAsync();
        _simulated.Remove(simulated);
    }

    /// <summary>Starts a node that has joined.</summary>
    public async Task StartSimulatedAsync(string name) => _simulated[name] = await JoinedNode.StartAsync(new JoinedNodeOptions
    {
        Directory = Kept(name),
        DataDirectory = Path.Combine(_agentData, name),
        Runtime = (_, _) => new SimulatedRuntime(new SimulatedOptions(), TimeProvider.System),
        Configure = agent => agent with { HostIp = "127.0.0.1" },
        Time = TimeProvider.System,
        Logging = NullLoggerFactory.Instance,
    });

    /// <summary>Whether an object's Ready condition is True.</summary>
    public static bool IsReady(JsonNode obj) => (obj["status"]?["conditions"] as JsonArray ?? []).Any(c => (string?)c!["type"] == "Ready" && (string?)c["status"] == "True");

    /// <summary>Waits until something holds; a request that fails meanwhile counts as not yet.</summary>
    public static async Task EventuallyAsync(string what, Func<Task<bool>> condition)
    {
        var start = TimeProvider.System.GetTimestamp();
        Exception? last = null;
        while (true)
        {
            try
            {
                if (await condition()) return;
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
            {
                last = e;
            }
            if (TimeProvider.System.GetElapsedTime(start) > Deadline) throw new TimeoutException($"it never came true that {what}", last);
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }

    private AgentDirectory Kept(string name) => new(Path.Combine(_agentData, name, "agent"));

    private static async Task NftAsync(string rules) => (await Shell.RunAsync("nft", ["-f", "-"], rules)).Ok();

    /// <summary>Processes whose command line names a directory, this command's own aside.</summary>
    private static IReadOnlyList<string> Processes(string directory) => [.. Directory.GetDirectories("/proc").Where(p => int.TryParse(Path.GetFileName(p), CultureInfo.InvariantCulture, out _)).Select(CommandLine).Where(c => c.Contains(directory, StringComparison.Ordinal))];

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline")).Replace('\0', ' ');
        }
        catch (IOException)
        {
            return ""; // it has just ended
        }
    }
}

/// <summary>The tests of several members share one cluster.</summary>
[CollectionDefinition(nameof(MembersCollection))]
public sealed class MembersCollection : ICollectionFixture<MembersFixture>;
