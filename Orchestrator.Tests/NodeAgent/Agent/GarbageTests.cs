using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Runtime.Simulated;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.NodeAgent.Pods.PodBuilder;

namespace Orchestrator.Tests.NodeAgent.Agent;

public sealed class GarbageTests : SimulatedAgentTest
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(5);

    [Fact]
    public void Within_a_minute_only_the_newest_ended_try_of_a_container_is_left()
    {
        Use(new SimulatedOptions { Behaviour = _ => new SimulatedBehaviour { EndsAfter = TimeSpan.FromSeconds(1), ExitCode = 1 } });
        var pod = Pod();
        Fixture.Put(pod);
        Until(() => Fixture.Status(pod)?.ContainerStatuses![0] is { RestartCount: >= 4, State.Waiting.Reason: "CrashLoopBackOff" }, TimeSpan.FromMilliseconds(500));
        Until(() => List().Count(c => c.Phase == ContainerPhase.Exited) == 1, Step);
        var restarts = Fixture.Status(pod)!.ContainerStatuses![0].RestartCount;
        Until(() => Fixture.Status(pod)!.ContainerStatuses![0].RestartCount > restarts, Step);
        Fixture.Status(pod)!.ContainerStatuses![0].LastTerminationState.Terminated!.ExitCode.ShouldBe(1);
    }

    [Fact]
    public async Task What_is_left_of_a_pod_that_is_gone_goes_too()
    {
        Use(new SimulatedOptions());
        var pod = Pod();
        Fixture.Put(pod);
        Until(() => Fixture.Status(pod)?.Phase == "Running");
        var labels = List().First(c => c.Image.Length > 0).Labels.ToDictionary(l => l.Key, l => l.Value);
        labels[Orchestrator.NodeAgent.Pods.PodLabels.PodUid] = "uid-of-nobody";
        await Runtime.CreateContainerAsync(new ContainerSpec { Name = "left-behind", SandboxId = "s", Image = "busybox:1", Labels = labels }, CancellationToken.None);
        Until(() => List().All(c => c.Name != "left-behind"), Step);
        List().Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_full_disk_costs_the_images_nobody_uses_and_no_others()
    {
        var free = 50L;
        Use(new SimulatedOptions(), o => o with { ReadDisk = _ => (100, Volatile.Read(ref free)) });
        await Runtime.PullImageAsync("by-hand:1", null, CancellationToken.None);
        var (stays, goes) = (Pod("stays"), Pod("goes"));
        goes.Spec.Containers![0].Image = "unused:1";
        Fixture.Put(stays);
        Fixture.Put(goes);
        Until(() => Fixture.Status(stays)?.Phase == "Running" && Fixture.Status(goes)?.Phase == "Running");
        Until(() => Runtime.Calls.GetValueOrDefault("list-images") > 20, Step);
        goes.Metadata.DeletionTimestamp = VirtualNow;
        goes.Metadata.DeletionGracePeriodSeconds = 0;
        Fixture.Put(goes);
        Until(() => Fixture.Gone.Contains(goes.Metadata.UID), TimeSpan.FromSeconds(1));
        Fixture.Remove(goes);
        (await Runtime.FindImageAsync("unused:1", CancellationToken.None)).ShouldNotBeNull("there was room");

        Volatile.Write(ref free, 10);
        Until(() => Runtime.FindImageAsync("unused:1", CancellationToken.None).Result is null, Step);
        (await Runtime.FindImageAsync("busybox:1", CancellationToken.None)).ShouldNotBeNull("a running container uses it");
        (await Runtime.FindImageAsync("by-hand:1", CancellationToken.None)).ShouldNotBeNull("no pod of this node ever used it");
        Runtime.Calls["remove-image"].ShouldBe(1);
    }

    [Fact]
    public void A_full_disk_with_nothing_to_remove_is_an_event_of_the_node()
    {
        Use(new SimulatedOptions(), o => o with { ReadDisk = _ => (1000, 100) });
        Until(() => Fixture.Events.Any(e => e.Reason == "FreeDiskSpaceFailed"), Step);
        var told = Fixture.Events.First(e => e.Reason == "FreeDiskSpaceFailed");
        (told.Kind, told.Type, told.About.Name).ShouldBe(("Node", "Warning", "node-1"));
        told.Message.ShouldBe("Failed to garbage collect required amount of images. Attempted to free 100 bytes, but only found 0 bytes eligible to free.");
    }
}
