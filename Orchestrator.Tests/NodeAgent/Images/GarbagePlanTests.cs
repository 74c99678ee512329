using Orchestrator.NodeAgent.Images;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.NodeAgent.Images;

public sealed class GarbagePlanTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly ImageGarbagePolicy Policy = new();

    [Fact]
    public void Below_the_high_threshold_nothing_is_removed() =>
        ImageGarbagePlan.Make(Policy, 1000, 160, [Image("a", 500, used: 10)], Now).Remove.ShouldBeEmpty();

    [Fact]
    public void Above_it_the_least_recently_used_go_until_the_low_threshold_is_reached()
    {
        var plan = ImageGarbagePlan.Make(Policy, 1000, 50, [Image("new", 100, used: 1), Image("old", 100, used: 60), Image("middle", 100, used: 30)], Now);
        plan.BytesWanted.ShouldBe(150);
        plan.Remove.ShouldBe(["old", "middle"]);
    }

    [Fact]
    public void Images_in_use_pinned_or_just_pulled_stay()
    {
        CollectableImage[] images =
        [
            Image("used", 100, used: 60) with { InUse = true },
            Image("pause", 100, used: 60) with { Pinned = true },
            Image("fresh", 100, used: 60) with { FirstSeen = Now.AddSeconds(-119) },
            Image("free", 100, used: 1),
        ];
        ImageGarbagePlan.Make(Policy, 1000, 0, images, Now).Remove.ShouldBe(["free"]);
    }

    [Fact]
    public void A_disk_without_figures_collects_nothing() => ImageGarbagePlan.Make(Policy, 0, 0, [Image("a", 1, used: 10)], Now).Remove.ShouldBeEmpty();

    [Fact]
    public void The_newest_dead_instance_of_a_live_pods_container_stays()
    {
        DeadContainer[] dead =
        [
            new("web-0", "live", "web", Now.AddMinutes(-3)), new("web-2", "live", "web", Now.AddMinutes(-1)), new("web-1", "live", "web", Now.AddMinutes(-2)),
            new("side-0", "live", "side", Now.AddMinutes(-9)), new("gone-0", "gone", "web", Now.AddMinutes(-5)),
        ];
        ContainerGarbage.Plan(dead, new HashSet<string> { "live" }).ShouldBe(["gone-0", "web-0", "web-1"]);
    }

    private static CollectableImage Image(string id, long size, int used) => new(id, size, Now.AddHours(-2), Now.AddMinutes(-used), false, false);
}
