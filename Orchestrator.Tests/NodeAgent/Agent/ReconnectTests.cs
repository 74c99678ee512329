using Orchestrator.NodeAgent.Runtime.Simulated;
using Orchestrator.Resources.Types.Core.V1;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.NodeAgent.Pods.PodBuilder;

namespace Orchestrator.Tests.NodeAgent.Agent;

public sealed class ReconnectTests : SimulatedAgentTest
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    [Fact]
    public void A_pod_whose_node_was_not_ready_yet_is_reported_until_it_is_stored_as_ready()
    {
        Use(new SimulatedOptions());
        Fixture.WithholdsReadiness = true;
        var pod = Pod();
        Fixture.Put(pod);
        Until(() => Fixture.Status(pod)?.Phase == "Running");
        // More than once, so that a report is answered when the pod that it made is there already.
        for (var i = 0; i < 2; i++)
        {
            var seen = Fixture.Status(pod);
            Until(() => !ReferenceEquals(Fixture.Status(pod), seen), TimeSpan.FromSeconds(1));
        }
        Fixture.WithholdsReadiness = false;
        Until(() => Fixture.Status(pod)!.Conditions!.Single(c => c.Type == "Ready").Status == "True", TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void An_answered_heartbeat_needs_no_further_hello()
    {
        Use(new SimulatedOptions());
        Until(() => Fixture.Hellos == 1 && Fixture.Heartbeats == 1);
        Until(() => Fixture.Heartbeats >= 6, Step);
        Fixture.Hellos.ShouldBe(1);
    }

    [Fact]
    public void An_agent_that_the_endpoint_does_not_know_says_hello_at_its_next_heartbeat_and_gets_its_pods()
    {
        Use(new SimulatedOptions());
        var pod = Pod();
        Fixture.Put(pod);
        Until(() => Fixture.Status(pod)?.Phase == "Running");
        var (starts, missed) = (Runtime.Calls["start"], Pod("missed"));
        Fixture.ControlPlaneForgets = true;
        Fixture.PutSilently(missed);
        var before = VirtualNow;
        Until(() => Fixture.Hellos >= 2, Step);
        (VirtualNow - before).ShouldBeLessThanOrEqualTo(TimeSpan.FromSeconds(15));
        Fixture.ControlPlaneForgets = false;
        Until(() => Fixture.Status(missed)?.Phase == "Running");
        Runtime.Calls["start"].ShouldBe(starts + 1, "what ran is left alone");
    }

    [Fact]
    public void A_node_without_a_pod_network_is_not_ready_says_why_and_becomes_ready_when_it_has_one()
    {
        var error = "the CIDR is taken";
        Use(new SimulatedOptions { NetworkError = () => Volatile.Read(ref error) });
        var pod = Pod();
        Fixture.Put(pod);
        Until(() => Ready() is { Status: "False", Reason: "KubeletNotReady", Message: "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:the CIDR is taken" });
        Until(() => Runtime.Calls["network"] >= 3, Step);
        Runtime.Calls.ShouldNotContainKey("start");
        Volatile.Write(ref error, null);
        Until(() => Ready() is { Status: "True", Reason: "KubeletReady" } && Fixture.Status(pod)?.Phase == "Running", Step);
    }

    [Fact]
    public void A_look_at_the_machine_that_began_while_the_engine_was_down_does_not_make_it_down_for_ever()
    {
        using var gate = new ManualResetEventSlim(true);
        var (begun, ended) = (0, 0);
        Use(new SimulatedOptions(), options =>
        {
            var facts = options.Machine();
            return options with
            {
                ReadMachine = () =>
                {
                    Interlocked.Increment(ref begun);
                    gate.Wait();
                    Interlocked.Increment(ref ended);
                    return facts;
                },
            };
        });
        Until(() => Ready() is { Status: "True" });
        Runtime.GoDown("gone");
        Until(() => Ready() is { Status: "False" }, Step);
        Until(() => Volatile.Read(ref begun) == Volatile.Read(ref ended));
        gate.Reset();
        var before = Volatile.Read(ref begun);
        Until(() => Volatile.Read(ref begun) > before, Step);
        Runtime.ComeBack();
        Until(() => Ready() is { Status: "True" }, Step);

        gate.Set();
        Until(() => Volatile.Read(ref ended) >= before + 3, Step);
        Until(() => Ready() is { Status: "True" });
    }

    private NodeCondition? Ready() => Fixture.NodeStatus?.Conditions?.Find(c => c.Type == "Ready");

    [Fact]
    public void A_hello_that_is_stored_after_a_newer_report_does_not_have_the_last_word()
    {
        Use(new SimulatedOptions());
        Until(() => Ready() is { Status: "True" });
        var old = new NodeStatus { Conditions = [new() { Type = "Ready", Status = "False", Reason = "KubeletNotReady" }] };
        Fixture.StoreLate(old);
        Until(() => Ready() is { Status: "True" });
    }

    [Fact]
    public void Without_an_answer_the_agent_says_hello_until_it_is_welcome()
    {
        Use(new SimulatedOptions());
        Until(() => Fixture.Heartbeats >= 1);
        Fixture.ControlPlaneAnswers = false;
        Until(() => Fixture.Hellos >= 4, Step);
        Fixture.ControlPlaneAnswers = true;
        var pod = Pod();
        Fixture.PutSilently(pod);
        Until(() => Fixture.Status(pod)?.Phase == "Running", Step);
    }
}
