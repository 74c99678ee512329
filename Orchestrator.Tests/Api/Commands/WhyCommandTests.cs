using Orchestrator.Actors.Scheduling;
using Orchestrator.Api.Commands;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Commands;

public sealed class WhyCommandTests
{
    [Fact]
    public void For_a_waiting_pod_every_node_says_no_and_what_would_help() => Text(new PlacementReport("", "",
    [
        new NodeVerdict("a", [new NodeRefusal("NodeResourcesFit", "Insufficient cpu", "the pod asks for cpu 2000m, cpu 500m of cpu 4000m are free")], []),
        new NodeVerdict("b", [new NodeRefusal("NodeUnschedulable", "node(s) were unschedulable", "kubectl uncordon b")], []),
    ])).ShouldBe("""
        default/web has no node: none of 2 takes it.

        a says no:
          NodeResourcesFit: Insufficient cpu
            → the pod asks for cpu 2000m, cpu 500m of cpu 4000m are free

        b says no:
          NodeUnschedulable: node(s) were unschedulable
            → kubectl uncordon b
        """.Split('\n'));

    [Fact]
    public void What_a_waiting_pod_waits_for_is_said() => Text(new PlacementReport("", "", [new NodeVerdict("a", [], [new NodeScore("NodeResourcesFit", 90, 1)])])
    {
        Waits = "it waits until its scheduling gates are removed: example.com/quota",
    }).ShouldBe("""
        default/web has no node yet: 1 of 1 would take it.
        It waits until its scheduling gates are removed: example.com/quota.

        NODE  SUM   NodeResourcesFit×1
        a     90    90
        """.Split('\n'));

    [Fact]
    public void For_a_bound_pod_the_scores_say_why_its_node_won() => Text(new PlacementReport("b", "",
    [
        new NodeVerdict("b", [], [new NodeScore("TaintToleration", 100, 3), new NodeScore("NodeResourcesFit", 90, 1)]),
        new NodeVerdict("a", [], [new NodeScore("TaintToleration", 100, 3), new NodeScore("NodeResourcesFit", 40, 1)]),
    ])).ShouldBe("""
        default/web is on b. Without it, the cluster would now choose so among 2 nodes:

        NODE  SUM   TaintToleration×3  NodeResourcesFit×1
        b *   390   100                90
        a     340   100                40
        """.Split('\n'));

    [Fact]
    public void What_keeps_a_pod_from_every_node_is_said_once() =>
        Text(new PlacementReport("", "persistentvolumeclaim \"data\" not found", [])).ShouldBe(["default/web has no node: persistentvolumeclaim \"data\" not found"]);

    private static string[] Text(PlacementReport report) => [.. WhyCommand.Lines("default/web", report)];
}
