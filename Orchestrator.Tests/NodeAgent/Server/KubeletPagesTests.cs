using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Orchestrator.NodeAgent.Nodes;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Server;
using Orchestrator.NodeAgent.Server.Stats;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.NodeAgent.Server;

/// <summary>The pure parts of what a kubelet's server answers.</summary>
public sealed class KubeletPagesTests
{
    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("GET", "/", 404, "404 page not found\n")]
    [InlineData("GET", "/nothing", 404, "404 page not found\n")]
    [InlineData("GET", "/healthz/", 404, "404 page not found\n")]
    [InlineData("GET", "/healthz/nothing", 404, "404 page not found\n")]
    [InlineData("GET", "/metrics/cadvisor", 404, "404 page not found\n")]
    [InlineData("GET", "/pods/web", 404, "404: Page Not Found")]
    [InlineData("GET", "/stats/", 404, "404: Page Not Found")]
    [InlineData("GET", "/containerLogs/default/web", 404, "404: Page Not Found")]
    [InlineData("POST", "/pods", 405, "405: Method Not Allowed")]
    [InlineData("HEAD", "/pods", 405, "405: Method Not Allowed")]
    [InlineData("GET", "/run/default/web/main", 405, "405: Method Not Allowed")]
    [InlineData("GET", "/logs/", 405, "logs endpoint is disabled.\n")]
    [InlineData("GET", "/logs/syslog", 405, "logs endpoint is disabled.\n")]
    [InlineData("GET", "/debug/pprof/heap", 405, "profiling endpoint is disabled.\n")]
    [InlineData("PUT", "/debug/flags/v", 405, "flags endpoint is disabled.\n")]
    public void What_there_is_not_is_refused_in_the_words_of_who_would_serve_it(string method, string path, int code, string text)
    {
        var (route, refusal) = KubeletRoutes.Find(method, path, "");
        route.ShouldBeNull();
        (refusal!.Code, Encoding.UTF8.GetString(refusal.Body.Span)).ShouldBe((code, text));
        refusal.Headers["Content-Type"].ShouldBe("text/plain; charset=utf-8");
    }

    [Fact]
    public void A_missing_slash_is_added_by_a_redirect_that_keeps_the_query() =>
        KubeletRoutes.Find("GET", "/runningpods", "a=b").Refusal!.ShouldSatisfyAllConditions(p => p.Code.ShouldBe(301), p => p.Headers["Location"].ShouldBe("/runningpods/?a=b"));

    [Fact]
    public void Names_in_paths_are_decoded_and_a_uid_is_passed_over()
    {
        KubeletRoutes.Find("GET", "/containerLogs/default/w%65b/main", "").Route!.Names.ShouldBe(["default", "web", "main"]);
        KubeletRoutes.Find("POST", "/run/default/web/uid/main", "").Route!.Names.ShouldBe(["default", "web", "main"]);
        KubeletRoutes.Find("POST", "/stats/summary", "").Route!.Topic.ShouldBe(KubeletTopic.Summary);
        KubeletRoutes.Find("HEAD", "/metrics", "").Route!.Topic.ShouldBe(KubeletTopic.Metrics);
    }

    [Theory]
    [InlineData(null, "", 500, "[+]ping ok\n[+]log ok\n[-]syncloop failed: reason withheld\nhealthz check failed\n")]
    [InlineData(null, "exclude=syncloop&verbose", 200, "[+]ping ok\n[+]log ok\n[+]syncloop excluded: ok\nhealthz check passed\n")]
    [InlineData(null, "exclude=other&exclude=syncloop&verbose", 200, "[+]ping ok\n[+]log ok\n[+]syncloop excluded: ok\nwarn: some health checks cannot be excluded: no matches for \"other\"\nhealthz check passed\n")]
    [InlineData("syncloop", "", 500, "internal server error: it hangs\n")]
    [InlineData("ping", "", 200, "ok")]
    public void A_node_whose_actor_hangs_is_not_healthy(string? check, string query, int code, string text)
    {
        var page = HealthPage.Of(check, "it hangs", QueryHelpers.ParseQuery(query));
        (page.Code, Encoding.UTF8.GetString(page.Body.Span)).ShouldBe((code, text));
    }

    [Theory]
    [InlineData("", false, null, null, false)]
    [InlineData("follow=true&tailLines=3&limitBytes=9", true, 3L, 9L, false)]
    [InlineData("follow=false&tail=all&tailLines=3", false, null, null, false)]
    [InlineData("follow&tail=4&previous=1", true, 4L, null, true)]
    public void Log_options_are_read(string query, bool follow, long? tail, long? limit, bool previous)
    {
        var (log, _) = LogQuery.Parse(QueryHelpers.ParseQuery(query), Noon);
        log.ShouldBe(new LogQuery(new LogOptions(follow, false, null, tail, limit), previous));
    }

    [Theory]
    [InlineData("sinceSeconds=60")]
    [InlineData("sinceTime=2030-01-01T11:59:00Z")]
    public void Log_options_give_a_moment(string query) => LogQuery.Parse(QueryHelpers.ParseQuery(query), Noon).Query!.Options.Since.ShouldBe(Noon.AddMinutes(-1));

    [Theory]
    [InlineData("tailLines=x", 400)]
    [InlineData("sinceTime=yesterday", 400)]
    [InlineData("limitBytes=0", 422)]
    [InlineData("sinceSeconds=1&sinceTime=2030-01-01T11:59:00Z", 422)]
    public void Other_log_options_are_refused(string query, int code) => LogQuery.Parse(QueryHelpers.ParseQuery(query), Noon).Refusal!.Code.ShouldBe(code);

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(0.25, "250ms")]
    [InlineData(10, "10s")]
    [InlineData(1.5, "1.5s")]
    [InlineData(120, "2m0s")]
    [InlineData(3661.5, "1h1m1.5s")]
    public void Durations_are_written_as_go_writes_them(double seconds, string text) => ConfigPage.Duration(TimeSpan.FromSeconds(seconds)).ShouldBe(text);

    [Fact]
    public void Rates_need_two_looks_that_are_a_second_apart()
    {
        var first = CpuRates.Step(null, Noon, 1000);
        first.ShouldBe(new CpuSample(Noon, 1000, null));
        CpuRates.Step(first, Noon.AddMilliseconds(500), 5000).ShouldBe(first, "too soon");
        var second = CpuRates.Step(first, Noon.AddSeconds(2), 5000);
        second.ShouldBe(new CpuSample(Noon.AddSeconds(2), 5000, 2000));
        CpuRates.Step(second, Noon.AddSeconds(2.5), 9000).NanoCores.ShouldBe(2000, "what is known still holds");
        CpuRates.Step(second, Noon.AddSeconds(9), 10).ShouldBe(new CpuSample(Noon.AddSeconds(9), 10, null), "another counter");
    }

    [Fact]
    public void What_is_not_looked_at_any_more_is_forgotten()
    {
        var rates = new CpuRates();
        rates.Next("gone", Noon, 0);
        rates.Next("stays", Noon.AddMinutes(10), 0);
        rates.Forget(Noon.AddMinutes(11));
        rates.Next("gone", Noon.AddMinutes(12), 1000).ShouldBeNull();
        rates.Next("stays", Noon.AddMinutes(12), 120_000).ShouldBe(1000);
    }

    [Fact]
    public void A_machine_is_read_from_the_kernels_files()
    {
        var usage = MachineUsage.Parse(
            Noon,
            ["cpu  10 20 30 1000 5 6 7 8 0 0", "cpu0 10 20 30 1000 5 6 7 8 0 0", "btime 1893456000", "intr 5 0 1"],
            ["MemTotal:       1000 kB", "MemFree:         400 kB", "Inactive(file):  100 kB", "AnonPages:        50 kB", "HugePages_Total:       0"],
            ["pgfault 77", "pgmajfault 3"]);
        usage.BootedAt.ShouldBe(DateTimeOffset.FromUnixTimeSeconds(1893456000));
        usage.Resources.ShouldBe(new ResourceUsage(Noon, 730_000_000, 600 * 1024, 500 * 1024) { MemoryLimitBytes = 1000 * 1024, RssBytes = 50 * 1024, PageFaults = 77, MajorPageFaults = 3 });
    }

    [Fact]
    public void This_machine_can_be_read()
    {
        var usage = MachineUsage.OfMachine(Noon);
        usage.BootedAt.ShouldNotBeNull();
        usage.Resources!.CpuNanoseconds.ShouldBeGreaterThan(0);
        usage.Resources.WorkingSetBytes.ShouldBeInRange(1, usage.Resources.MemoryBytes);
        usage.Interfaces.ShouldNotBeNull();
        InterfaceCounters.Of(int.MaxValue).ShouldBeNull();
    }

    [Fact]
    public void Interfaces_are_read_and_those_of_the_node_itself_left_out() => InterfaceCounters.Parse(
    [
        "Inter-|   Receive                                                |  Transmit",
        " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed",
        "    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0",
        "  eth0:  1234      5    6    0    0     0          0         0    7890      1    2    0    0     0       0          0",
        "veth01: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0",
    ]).ShouldBe([new InterfaceUsage("eth0", 1234, 6, 7890, 2)]);

    [Fact]
    public void A_pods_network_is_its_eth0_and_its_limit_leaves_memory_available()
    {
        var use = new MeasuredUse(new ResourceUsage(Noon, 5, 300, 200) { MemoryLimitBytes = 1000 }, 9);
        var pod = new PodFigures("default", "web", "u", Noon, [], use, [new InterfaceUsage("eth1", 1, 0, 1, 0), new InterfaceUsage("eth0", 2, 0, 3, 0)]);
        var json = Encoding.UTF8.GetString(SummaryJson.Write(new NodeFigures("n", Noon, Noon, null, null, null, new DiskFigures(10, 4), (9, 1), [pod]), false).Span);
        json.ShouldStartWith("{\n \"node\": {\n  \"nodeName\": \"n\",\n  \"startTime\": \"2030-01-01T12:00:00Z\"");
        var node = System.Text.Json.Nodes.JsonNode.Parse(json)!;
        ((long)node["node"]!["runtime"]!["imageFs"]!["availableBytes"]!).ShouldBe(4);
        ((long)node["pods"]![0]!["memory"]!["availableBytes"]!).ShouldBe(800);
        ((string?)node["pods"]![0]!["network"]!["name"]).ShouldBe("eth0");
        ((long)node["pods"]![0]!["network"]!["rxBytes"]!).ShouldBe(2);
        node["pods"]![0]!["network"]!["interfaces"]!.AsArray().Count.ShouldBe(2);
    }
}
