using Orchestrator.Actors.Nodes;
using Orchestrator.Resources.Types.Core.V1;
using Shouldly;

namespace Orchestrator.Tests.Actors.Nodes;

public sealed class TaintEvictionTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Long = Now.AddDays(-1);

    [Fact]
    public void Only_NoExecute_taints_make_pods_go() =>
        TaintEviction.DueAt([new Taint { Key = "a", Effect = "NoSchedule" }, new Taint { Key = "b", Effect = "PreferNoSchedule" }], [], Long, Now).ShouldBeNull();

    [Fact]
    public void A_taint_that_is_not_tolerated_ends_the_pod_at_once_whatever_else_is() =>
        TaintEviction.DueAt([Unreachable(10), new Taint { Key = "other", Effect = "NoExecute" }], [Tolerates("node.kubernetes.io/unreachable", null)], Long, Now).ShouldBe(Now);

    [Fact]
    public void A_taint_that_is_tolerated_without_limit_does_nothing() =>
        TaintEviction.DueAt([Unreachable(1000)], [Tolerates("node.kubernetes.io/unreachable", null)], Long, Now).ShouldBeNull();

    [Theory]
    [InlineData(300, 300)]
    [InlineData(0, 0)]
    [InlineData(-5, 0)]
    public void Seconds_count_from_the_taint_on(long tolerated, int after) =>
        TaintEviction.DueAt([Unreachable(10)], [Tolerates("node.kubernetes.io/unreachable", tolerated)], Long, Now).ShouldBe(Now.AddSeconds(after - 10));

    [Fact]
    public void Of_several_tolerations_the_shortest_counts() =>
        TaintEviction.DueAt([Unreachable(10)], [Tolerates("node.kubernetes.io/unreachable", 300), Tolerates(null, 20), Tolerates("another", 1)], Long, Now).ShouldBe(Now.AddSeconds(10));

    [Fact]
    public void A_pod_that_came_after_the_taint_has_its_whole_time() =>
        TaintEviction.DueAt([Unreachable(1000)], [Tolerates("node.kubernetes.io/unreachable", 60)], Now.AddSeconds(-5), Now).ShouldBe(Now.AddSeconds(55));

    private static Taint Unreachable(int secondsAgo) => new() { Key = "node.kubernetes.io/unreachable", Effect = "NoExecute", TimeAdded = Now.AddSeconds(-secondsAgo) };

    private static Toleration Tolerates(string? key, long? seconds) => new() { Key = key ?? "", Operator = "Exists", Effect = "NoExecute", TolerationSeconds = seconds };
}
