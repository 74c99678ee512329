using Orchestrator.Actors.Events;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Actors.Events;

public sealed class EventSpamFilterTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_source_may_tell_twenty_five_events_about_an_object_at_once_and_one_more_every_five_minutes()
    {
        var filter = new EventSpamFilter();
        Enumerable.Range(0, 100).Count(i => filter.Passes(About("web", $"Created pod: web-{i}"), Now)).ShouldBe(25);
        filter.Passes(About("web", "later"), Now.AddMinutes(4)).ShouldBeFalse();
        filter.Passes(About("web", "later"), Now.AddMinutes(9)).ShouldBeTrue();
        filter.Passes(About("web", "later"), Now.AddMinutes(9)).ShouldBeFalse();
    }

    [Fact]
    public void Other_objects_and_other_sources_have_their_own()
    {
        var filter = new EventSpamFilter();
        while (filter.Passes(About("web", "x"), Now)) { }
        filter.Passes(About("db", "x"), Now).ShouldBeTrue();
        filter.Passes(About("web", "x") with { Component = "kubelet" }, Now).ShouldBeTrue();
    }

    [Fact]
    public void Ten_thousand_objects_are_not_all_remembered()
    {
        var filter = new EventSpamFilter();
        for (var i = 0; i < 10_000; i++) filter.Passes(About($"web-{i}", "x"), Now).ShouldBeTrue();
    }

    private static RecordEvent About(string name, string message) =>
        new("default", "ReplicaSet", "apps/v1", name, $"uid-{name}", "", "", "Normal", "SuccessfulCreate", message, "replicaset-controller", "");
}
