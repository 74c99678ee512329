using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Runtime.Docker;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.NodeAgent.Runtime;

public sealed class ContainerStatesTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_container_never_ends_before_it_started()
    {
        var state = ContainerStates.From(Inspection("exited", Noon, Noon.AddMilliseconds(-3)));
        state.StartedAt.ShouldBe(Noon);
        state.FinishedAt.ShouldBe(Noon);
    }

    [Fact]
    public void Start_and_end_of_an_ordinary_container_are_the_engines()
    {
        var state = ContainerStates.From(Inspection("exited", Noon, Noon.AddMinutes(1)));
        (state.Phase, state.StartedAt, state.FinishedAt).ShouldBe((ContainerPhase.Exited, Noon, Noon.AddMinutes(1)));
    }

    [Fact]
    public void A_container_that_never_started_has_neither_time()
    {
        var state = ContainerStates.From(Inspection("created", default, default));
        (state.Phase, state.StartedAt, state.FinishedAt).ShouldBe((ContainerPhase.Created, null, null));
    }

    [Fact]
    public void A_running_container_has_no_end_even_where_the_engine_remembers_the_last_one() =>
        ContainerStates.From(Inspection("running", Noon, Noon.AddHours(-1))).FinishedAt.ShouldBeNull();

    private static ContainerInspection Inspection(string status, DateTimeOffset started, DateTimeOffset finished) =>
        new("id", "/name", Noon, "sha256:1", new InspectedState(status, status == "running", false, 0, 0, null, started, finished), new InspectedConfig("image", false, false, null),
            new InspectedHostConfig(null, null));
}
