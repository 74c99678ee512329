using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Orchestrator.NodeAgent.Nodes;
using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Runtime.Simulated;
using Orchestrator.Protocol.Streams;
using Orchestrator.Resources.Writing;
using Orchestrator.Tests.NodeAgent.Agent;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.NodeAgent.Pods.PodBuilder;

namespace Orchestrator.Tests.NodeAgent.Server;

/// <summary>What an agent on a simulated engine answers in a kubelet's place.</summary>
public sealed class KubeletServerTests : SimulatedAgentTest
{
    private static readonly SimulatedOptions Measured = new()
    {
        Behaviour = spec => PodLabels.Get(spec.Labels, PodLabels.ContainerName) == "quiet"
            ? new SimulatedBehaviour()
            : new SimulatedBehaviour { Log = "hello\n", Uses = new SimulatedUse(250, 64 << 20) },
        Exec = (_, command) => command[0] == "false" ? new ExecResult(1, "no\n") : new ExecResult(0, string.Join('+', command)),
    };

    [Fact]
    public async Task Pods_are_listed_as_they_were_told_and_as_they_run()
    {
        Use(Measured);
        (await AskAsync("/pods")).Body.ShouldBe("""{"kind":"PodList","apiVersion":"v1","metadata":{},"items":null}""" + "\n");
        Run("web");
        foreach (var path in new[] { "/pods", "/pods/" })
        {
            var (head, body) = await AskAsync(path);
            (head.Code, head.Headers["Content-Type"]).ShouldBe((200, "application/json"));
            var pod = JsonNode.Parse(body)!["items"]!.AsArray().ShouldHaveSingleItem()!;
            ((string?)pod["metadata"]!["uid"]).ShouldBe("uid-web");
            ((string?)pod["spec"]!["nodeName"]).ShouldBe("node-1");
        }
        (await AskAsync("/runningpods/")).Body.ShouldBe(
            """{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"web","namespace":"default","uid":"uid-web","creationTimestamp":null},"spec":{"containers":[{"name":"main","image":"busybox:1","resources":{}}]},"status":{}}]}""" + "\n");
    }

    [Fact]
    public async Task Use_is_told_as_far_as_it_is_known_and_rates_from_the_second_look_on()
    {
        Use(Measured, options => options with { ReadUsage = _ => MachineUsage.Unknown });
        Run("web");
        Run("still", "quiet");
        var began = ObjectMeta.Timestamp(List().Single(c => PodLabels.Get(c.Labels, PodLabels.ContainerName) == "main").StartedAt!.Value);
        await SummaryAsync();
        Time.Advance(TimeSpan.FromSeconds(10));
        var summary = await SummaryAsync();
        var node = summary["node"]!.AsObject();
        ((string?)node["nodeName"]).ShouldBe("node-1");
        node.ContainsKey("startTime").ShouldBeTrue();
        node["startTime"].ShouldBeNull();
        foreach (var unknown in new[] { "cpu", "memory", "network" }) node.ContainsKey(unknown).ShouldBeFalse(unknown);
        ((long)node["fs"]!["capacityBytes"]!).ShouldBeGreaterThan(0);
        ((long)node["rlimit"]!["maxpid"]!).ShouldBeGreaterThan(0);

        var web = Pod(summary, "web");
        var container = web["containers"]!.AsArray().ShouldHaveSingleItem()!;
        ((string?)container["name"]).ShouldBe("main");
        ((string?)container["startTime"]).ShouldBe(began);
        foreach (var measured in new[] { container, web })
        {
            ((long)measured["cpu"]!["usageNanoCores"]!).ShouldBe(250_000_000);
            ((long)measured["cpu"]!["usageCoreNanoSeconds"]!).ShouldBe(2_500_000_000);
            ((long)measured["memory"]!["workingSetBytes"]!).ShouldBe(64 << 20);
            measured["memory"]!.AsObject().ContainsKey("availableBytes").ShouldBeFalse("there is no limit");
        }
        var still = Pod(summary, "still");
        still.AsObject().ContainsKey("cpu").ShouldBeFalse();
        still["containers"]![0]!.AsObject().ContainsKey("memory").ShouldBeFalse();

        var brief = JsonNode.Parse((await AskAsync("/stats/summary", "only_cpu_and_memory=true")).Body)!;
        brief["node"]!.AsObject().Select(p => p.Key).ShouldBe(["nodeName", "startTime"]);
        Pod(brief, "web")["cpu"].ShouldNotBeNull();
    }

    [Fact]
    public async Task The_first_look_knows_no_rate()
    {
        Use(Measured);
        Run("web");
        Pod(await SummaryAsync(), "web")["cpu"]!.AsObject().ContainsKey("usageNanoCores").ShouldBeFalse();
    }

    [Fact]
    public async Task Resource_metrics_have_the_kubelets_names_and_none_for_what_is_unknown()
    {
        Use(Measured, options => options with { ReadUsage = at => new MachineUsage { Resources = new ResourceUsage(at, 1_500_000_000, 3000, 2000) } });
        Run("web");
        Run("still", "quiet");
        Time.Advance(TimeSpan.FromSeconds(10));
        var (head, body) = await AskAsync("/metrics/resource");
        head.Headers["Content-Type"].ShouldBe("text/plain; version=0.0.4; charset=utf-8");
        var at = VirtualNow.ToUnixTimeMilliseconds();
        var lines = body.Split('\n');
        lines.ShouldContain($"container_cpu_usage_seconds_total{{container=\"main\",namespace=\"default\",pod=\"web\"}} 2.5 {at}");
        lines.ShouldContain($"container_memory_working_set_bytes{{container=\"main\",namespace=\"default\",pod=\"web\"}} 67108864 {at}");
        lines.ShouldContain($"pod_cpu_usage_seconds_total{{namespace=\"default\",pod=\"web\"}} 2.5 {at}");
        lines.ShouldContain($"pod_memory_working_set_bytes{{namespace=\"default\",pod=\"web\"}} 67108864 {at}");
        lines.ShouldContain($"node_cpu_usage_seconds_total 1.5 {at}");
        lines.ShouldContain($"node_memory_working_set_bytes 2000 {at}");
        lines.ShouldContain("resource_scrape_error 0");
        lines.Where(l => l.Contains("pod=\"still\"", StringComparison.Ordinal)).ShouldHaveSingleItem().ShouldStartWith("container_start_time_seconds{");

        Runtime.GoDown("gone");
        (await AskAsync("/metrics/resource")).Body.Split('\n').Where(l => l.Length > 0 && l[0] != '#').ShouldBe(["resource_scrape_error 1"]);
        var (refused, why) = await AskAsync("/stats/summary");
        (refused.Code, why).ShouldBe((500, "Internal Error: gone"));
    }

    [Fact]
    public async Task The_agents_own_metrics_name_the_node_and_count_what_runs()
    {
        Use(Measured);
        Run("web");
        var lines = (await AskAsync("/metrics")).Body.Split('\n');
        lines.ShouldContain("kubelet_node_name{node=\"node-1\"} 1");
        lines.ShouldContain("kubelet_running_pods 1");
        lines.ShouldContain("kubelet_running_containers{container_state=\"running\"} 1");
        lines.ShouldContain(l => l.StartsWith("process_cpu_seconds_total ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Health_and_settings_are_told()
    {
        Use(Measured, options => options with { MaxPods = 7 });
        Run("web");
        foreach (var path in new[] { "/healthz", "/healthz/ping", "/healthz/log", "/healthz/syncloop" }) (await AskAsync(path)).Body.ShouldBe("ok");
        (await AskAsync("/healthz", "verbose")).Body.ShouldBe("[+]ping ok\n[+]log ok\n[+]syncloop ok\nhealthz check passed\n");
        var config = JsonNode.Parse((await AskAsync("/configz")).Body)!["kubeletconfig"]!;
        ((int)config["maxPods"]!, (int)config["port"]!, (string?)config["podCIDR"], (string?)config["nodeStatusUpdateFrequency"]).ShouldBe((7, 10250, "10.244.1.0/24", "10s"));
    }

    [Fact]
    public async Task Logs_come_as_they_are_and_refusals_in_the_kubelets_words()
    {
        Use(Measured);
        Run("web");
        var (head, body) = await AskAsync("/containerLogs/default/web/main", "tailLines=5");
        (head.Code, body).ShouldBe((200, "hello\n"));
        head.Headers.ContainsKey("Content-Length").ShouldBeFalse("it may be followed");
        await RefusedAsync("/containerLogs/default/web/nobody", 404, "container \"nobody\" not found in pod \"web\"");
        await RefusedAsync("/containerLogs/default/none/main", 404, "pod \"none\" does not exist");
        await RefusedAsync("/containerLogs/default/web/main", 400, "previous terminated container \"main\" in pod \"web\" not found", "previous=true");
        await RefusedAsync("/containerLogs/default/web/main", 422, "{\"message\": \"Invalid request.\"}", "tailLines=-1");
    }

    [Fact]
    public async Task A_command_runs_to_its_end()
    {
        Use(Measured);
        Run("web");
        (await AskAsync("/run/default/web/main", "cmd=ls%20-l", "POST")).Body.ShouldBe("ls+-l");
        (await AskAsync("/run/default/web/uid-web/main", "cmd=ls", "POST")).Body.ShouldBe("ls");
        await RefusedAsync("/run/default/web/main", 500, "command 'false' exited with 1: no\n", "cmd=false", "POST");
        await RefusedAsync("/run/default/none/main", 404, "pod does not exist", "cmd=ls", "POST");
        await RefusedAsync("/run/default/web/nobody", 500, "container not found (\"nobody\")", "cmd=ls", "POST");
    }

    [Fact]
    public async Task Head_is_an_answer_without_its_body()
    {
        Use(Measured);
        var (head, body) = await AskAsync("/healthz", method: "HEAD");
        (head.Code, head.Headers["Content-Length"], body).ShouldBe((200, "2", ""));
    }

    private void Run(string name, string container = "main")
    {
        var pod = Pods.PodBuilder.Pod(name, "Always", Container(container));
        Fixture.Put(pod);
        Until(() => Fixture.Status(pod)?.Phase == "Running");
    }

    private async Task<JsonNode> SummaryAsync() => JsonNode.Parse((await AskAsync("/stats/summary")).Body)!;

    private static JsonNode Pod(JsonNode summary, string name) => summary["pods"]!.AsArray().Single(p => (string?)p!["podRef"]!["name"] == name)!;

    private async Task RefusedAsync(string path, int code, string message, string query = "", string method = "GET")
    {
        var (head, body) = await AskAsync(path, query, method);
        (head.Code, body).ShouldBe((code, message));
    }

    private async Task<(KubeletAnswer Head, string Body)> AskAsync(string path, string query = "", string method = "GET")
    {
        await using var stream = new Collected();
        await Fixture.Agent!.Streams.HandleAsync(new KubeletRequest(method, path, query), stream, CancellationToken.None);
        stream.Output.TryComplete();
        var frames = await stream.Frames.ReadAllAsync().ToListAsync();
        frames[0].ShouldBe(StreamFrame.Accepted);
        frames.Skip(2).ShouldAllBe(f => f.Channel == StreamFrame.Stdout);
        return (KubeletAnswer.FromFrame(frames[1]), string.Concat(frames.Skip(2).Select(f => Encoding.UTF8.GetString(f.Data.Span))));
    }

    private sealed class Collected : INodeStream
    {
        private readonly Channel<StreamFrame> _frames = Channel.CreateUnbounded<StreamFrame>();
        private readonly Channel<StreamFrame> _nothing = Channel.CreateUnbounded<StreamFrame>();

        public ChannelReader<StreamFrame> Frames => _frames.Reader;

        public ChannelReader<StreamFrame> Input => _nothing.Reader;

        public ChannelWriter<StreamFrame> Output => _frames.Writer;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
