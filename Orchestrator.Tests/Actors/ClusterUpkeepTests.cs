using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.TestKit;
using Orchestrator.Tests.Actors.Resources;
using Shouldly;

namespace Orchestrator.Tests.Actors;

public sealed class ClusterUpkeepTests
{
    public static TheoryData<string, string, string> Kept => new()
    {
        { "services", "default", "kubernetes" },
        { "namespaces", "", "kube-node-lease" },
        { "flowschemas.flowcontrol.apiserver.k8s.io", "", "exempt" },
        { "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io", "", "catch-all" },
    };

    [Theory, MemberData(nameof(Kept))]
    public async Task What_every_cluster_has_comes_back(string resource, string ns, string name)
    {
        var time = new VirtualTime();
        await using var plane = await ControlPlaneHarness.StartAsync(time: time);
        var key = new ResourceKey(resource, ns, name);
        var before = plane.Cache.Get(key)!.Uid;
        (await plane.DeleteAsync(key)).ShouldBeOfType<ResourceWritten>();
        await plane.EventuallyAsync(() => plane.Cache.Get(key)?.Uid != before);
        // The singleton may start later than the rest: its time passes until it has looked.
        await plane.EventuallyAsync(() => plane.Cache.Get(key) is { } again && again.Uid != before, () => time.Advance(TimeSpan.FromSeconds(1)));
    }

    [Theory]
    [InlineData("namespaces", "default", "namespaces \"default\" is forbidden: this namespace may not be deleted")]
    [InlineData("priorityclasses.scheduling.k8s.io", "system-node-critical", "priorityclasses.scheduling.k8s.io \"system-node-critical\" is forbidden: this is a system priority class and cannot be deleted")]
    public async Task What_it_does_not_work_without_stays(string resource, string name, string message)
    {
        await using var plane = await ControlPlaneHarness.StartAsync();
        var refused = (await plane.DeleteAsync(new ResourceKey(resource, "", name))).ShouldBeOfType<ResourceRefused>();
        (refused.Status.Code, refused.Status.Message).ShouldBe((403, message));
    }
}
