using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Meta.V1;
using Orchestrator.Resources.Workloads;
using Shouldly;

namespace Orchestrator.Tests.Resources.Workloads;

public sealed class PodFactsTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("True", 0, 0, true)]
    [InlineData("True", 5, 10, false)]
    [InlineData("True", 10, 10, true)]
    [InlineData("False", 100, 0, false)]
    public void A_pod_is_available_once_it_has_been_ready_for_long_enough(string ready, int secondsSince, int minReadySeconds, bool available)
    {
        var pod = new Pod { Status = { Conditions = [new PodCondition { Type = "Ready", Status = ready, LastTransitionTime = Now.AddSeconds(-secondsSince) }] } };

        PodStatusFacts.IsAvailable(pod, minReadySeconds, Now).ShouldBe(available);
    }

    [Fact]
    public void Control_goes_by_uid()
    {
        var metadata = new ObjectMeta { OwnerReferences = [new OwnerReference { Name = "a", UID = "1" }, new OwnerReference { Name = "b", UID = "2", Controller = true }] };

        PodStatusFacts.IsControlledBy(metadata, "2").ShouldBeTrue();
        PodStatusFacts.IsControlledBy(metadata, "1").ShouldBeFalse();
    }

    [Fact]
    public void A_pod_asks_for_the_larger_of_its_containers_and_its_start()
    {
        var spec = new PodSpec
        {
            Containers = [Container("100m", "1Gi"), Container("200m", null)],
            InitContainers = [Container("1", "100Mi"), Container("50m", "10Mi", sidecar: true), Container("100m", "2Gi")],
            Overhead = new() { ["cpu"] = Quantity.Parse("10m") },
        };

        var requests = PodResources.Requests(spec);

        // CPU: the first init container's 1; memory: the last one's 2Gi beside the sidecar's 10Mi.
        requests["cpu"].ToString().ShouldBe("1010m");
        requests["memory"].ToString().ShouldBe("2058Mi");
    }

    [Theory]
    [InlineData("1", "1Gi", "1", "1Gi", "Guaranteed")]
    [InlineData("500m", "1Gi", "1", "1Gi", "Burstable")]
    [InlineData("1", null, "1", null, "Burstable")]
    [InlineData("1", "1Gi", null, null, "Burstable")]
    [InlineData(null, null, null, null, "BestEffort")]
    [InlineData("0", null, null, null, "BestEffort")]
    public void The_class_of_service_follows_requests_and_limits(string? cpu, string? memory, string? cpuLimit, string? memoryLimit, string expected)
    {
        var container = Container(cpu, memory);
        container.Resources.Limits = Amounts(cpuLimit, memoryLimit);

        QosClass.Of(new PodSpec { Containers = [container] }).ShouldBe(expected);
    }

    private static Container Container(string? cpu, string? memory, bool sidecar = false) =>
        new() { Resources = { Requests = Amounts(cpu, memory) }, RestartPolicy = sidecar ? "Always" : null };

    private static Dictionary<string, Quantity> Amounts(string? cpu, string? memory)
    {
        var amounts = new Dictionary<string, Quantity>();
        if (cpu is not null) amounts["cpu"] = Quantity.Parse(cpu);
        if (memory is not null) amounts["memory"] = Quantity.Parse(memory);
        return amounts;
    }
}
