using System.Diagnostics;
using Orchestrator.Actors.Scheduling;
using Shouldly;
using Xunit;
using Xunit.Abstractions;
using static Orchestrator.Tests.Actors.Scheduling.SchedulingObjects;

namespace Orchestrator.Tests.Actors.Scheduling;

public sealed class SchedulerThroughputTests(ITestOutputHelper output)
{
    /// <summary>Prints what was measured; the bound is far below it, to fail on an order of magnitude and not on a busy machine.</summary>
    [Fact]
    public void Thousands_of_nodes_do_not_slow_decisions_to_a_crawl()
    {
        const int nodes = 5000, pods = 8000;
        var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var scheduler = new ClusterScheduler(seed: 1);
        for (var i = 0; i < nodes; i++) scheduler.NodeChanged(Node($"node-{i}", "64", "256Gi"), now);
        for (var i = 0; i < pods; i++) scheduler.PodChanged(Pod($"pod-{i}", "500m", "512Mi"), now);
        for (var i = 0; i < 2000; i++) scheduler.Next(now)!.Node.ShouldNotBeNull();
        var watch = Stopwatch.StartNew();
        var decided = 0;
        while (scheduler.Next(now) is { } decision)
        {
            decision.Node.ShouldNotBeNull();
            decided++;
        }
        var perSecond = decided / watch.Elapsed.TotalSeconds;
        output.WriteLine($"{decided} decisions at {nodes} nodes: {perSecond:F0}/s");
        perSecond.ShouldBeGreaterThan(500);
        scheduler.Nodes.Nodes.Sum(n => n.PodCount).ShouldBe(pods);
    }
}
