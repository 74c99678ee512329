using Orchestrator.Engine.Cluster;
using Shouldly;
using Xunit;
using Membership = Orchestrator.Engine.Cluster.Cluster;

namespace Orchestrator.Tests.Engine.Cluster;

public sealed class ClusterTests : TestKit.TestKit
{
    [Fact]
    public void A_cluster_of_one_is_up_and_led_by_itself()
    {
        var cluster = Membership.Get(Sys);
        cluster.Subscribe(TestActor);
        ExpectMsg<ClusterEvent.CurrentClusterState>().Members.ShouldBeEmpty();

        cluster.JoinAlone("m1", "https://localhost:6443", 3, "control-plane");

        ExpectMsg<ClusterEvent.MemberJoined>();
        ExpectMsg<ClusterEvent.MemberUp>().Member.HasRole("control-plane").ShouldBeTrue();
        ExpectMsg<ClusterEvent.LeaderChanged>().Leader.ShouldBe(cluster.SelfMember);
        cluster.SelfMember.Status.ShouldBe(MemberStatus.Up);
        cluster.State.Members.Length.ShouldBe(1);
    }

    [Fact]
    public void Leaving_goes_through_its_states()
    {
        var cluster = Membership.Get(Sys);
        cluster.JoinAlone("m1", "https://localhost:6443", 1);
        cluster.Subscribe(TestActor);
        ExpectMsg<ClusterEvent.CurrentClusterState>().Members.Length.ShouldBe(1);

        cluster.Leave();

        ExpectMsg<ClusterEvent.MemberLeft>();
        ExpectMsg<ClusterEvent.MemberExited>();
        ExpectMsg<ClusterEvent.MemberRemoved>().PreviousStatus.ShouldBe(MemberStatus.Exiting);
    }

    [Fact]
    public void Another_life_of_a_member_is_another_member() =>
        new Member("m1", "a", 1, MemberStatus.Up, []).ShouldNotBe(new Member("m1", "a", 2, MemberStatus.Up, []));
}
