using Orchestrator.NodeAgent.Agent;
using Orchestrator.Resources.Json;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.NodeAgent.Pods.PodBuilder;

namespace Orchestrator.Tests.NodeAgent.Agent;

public sealed class KnownPodTests
{
    [Fact]
    public void The_workers_own_becomes_the_newer_version_and_lets_go_of_the_older_one()
    {
        var (older, newer) = (TypedJson.Write(Pod("a")), TypedJson.Write(Pod("b")));
        var own = new KnownPod(older);
        own.Pod.Metadata.Name.ShouldBe("a");
        var told = new KnownPod(newer);
        var read = told.Pod;
        own.Become(told);
        own.Pod.ShouldBeSameAs(read);
        own.Json.Equals(newer).ShouldBeTrue();
        told.Pod.ShouldNotBeSameAs(read); // it rests: the pod is read again by who asks
        own.Become(own);
        own.Pod.ShouldBeSameAs(read);
    }

    [Fact]
    public void What_rests_is_read_again_from_its_bytes()
    {
        var known = new KnownPod(TypedJson.Write(Pod("a")));
        var read = known.Pod;
        known.Rest();
        known.Pod.ShouldNotBeSameAs(read);
        known.Pod.Metadata.Name.ShouldBe("a");
        known.Containers.Count.ShouldBe(read.Spec.Containers!.Count);
    }
}
