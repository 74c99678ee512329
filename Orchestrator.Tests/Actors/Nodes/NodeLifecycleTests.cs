using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Actors.Nodes;
using Orchestrator.Actors.Resources;
using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Workloads;
using Orchestrator.TestKit;
using Orchestrator.Tests.Actors.Resources;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Actors.Nodes;

/// <summary>A node and a pod on it, whose agent is the test; in virtual time.</summary>
public sealed class NodeLifecycleTests : IAsyncLifetime
{
    private static readonly ResourceKey NodeKey = new("nodes", "", "worker");
    private static readonly ResourceKey PodKey = new("pods", "default", "web");

    private readonly VirtualTime _time = new();
    private ControlPlaneHarness _plane = null!;
    private long _sequence;

    private Pod Pod => _plane.Cache.Get(PodKey)!.Read<Pod>();

    private PodCondition Ready => PodStatusFacts.Condition(Pod, "Ready")!;

    private string? NodeReady => _plane.Cache.Get(NodeKey)!.Read<Node>().Status.Conditions?.Single(c => c.Type == "Ready").Status;

    public async Task InitializeAsync()
    {
        _plane = await ControlPlaneHarness.StartAsync(time: _time);
        _time.Advance(TimeSpan.FromSeconds(2));
        (await _plane.CreateAsync("nodes", """{"apiVersion":"v1","kind":"Node","metadata":{"name":"worker"}}""", "")).ShouldBeOfType<ResourceWritten>();
        NodeSays("True");
        (await _plane.CreateAsync("pods", """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"},"spec":{"nodeName":"worker","containers":[{"name":"c","image":"app"}]}}""")).ShouldBeOfType<ResourceWritten>();
        PodSays("True");
        Ready.Status.ShouldBe("True");
    }

    public async Task DisposeAsync() => await _plane.DisposeAsync();

    [Fact]
    public void Pods_of_a_node_that_is_not_heard_of_are_not_ready_long_before_they_are_evicted()
    {
        var since = Ready.LastTransitionTime;
        _time.Advance(TimeSpan.FromSeconds(9));
        Ready.Status.ShouldBe("True");

        _time.Advance(TimeSpan.FromSeconds(2));

        NodeReady.ShouldBe("Unknown");
        (Ready.Status, Ready.Reason).ShouldBe(("False", "AllWell"), "the agent's own reason stays, as upstream");
        Ready.LastTransitionTime.ShouldNotBe(since);
        Pod.Metadata.DeletionTimestamp.ShouldBeNull();
        Events("NodeNotReady").ShouldBe(["Node is not ready"]);

        _time.Advance(TimeSpan.FromSeconds(280));
        Pod.Metadata.DeletionTimestamp.ShouldBeNull();
        _time.Advance(TimeSpan.FromSeconds(30));
        Pod.Metadata.DeletionTimestamp.ShouldNotBeNull();
        Events("NodeNotReady").Count.ShouldBe(1);
    }

    [Fact]
    public void A_pod_is_ready_again_when_its_node_is_and_its_agent_says_so()
    {
        _time.Advance(TimeSpan.FromSeconds(11));
        Ready.Status.ShouldBe("False");

        // The agent's word alone does not count while nobody has heard of the node, and does not write anything.
        var version = _plane.Cache.Get(PodKey)!.ResourceVersion;
        PodSays("True");
        _plane.Cache.Get(PodKey)!.ResourceVersion.ShouldBe(version);

        NodeSays("True");
        NodeReady.ShouldBe("True");
        Ready.Status.ShouldBe("False");
        PodSays("True");
        Ready.Status.ShouldBe("True");
    }

    [Fact]
    public void Heartbeats_keep_a_node_ready_and_write_nothing()
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        var head = _plane.Journal.Head;
        for (var i = 0; i < 20; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(5));
            Tell(NodeKey, new AgentHeartbeat("worker"));
        }

        NodeReady.ShouldBe("True");
        _plane.Journal.Head.ShouldBe(head);
    }

    [Fact]
    public void Pods_of_a_node_that_says_itself_that_it_is_not_ready_are_not_either()
    {
        NodeSays("False");

        Ready.Status.ShouldBe("False");
        Events("NodeNotReady").ShouldBe(["Node is not ready"]);
        _plane.Cache.Get(NodeKey)!.Read<Node>().Spec.Taints!.Select(t => t.Key).ShouldContain("node.kubernetes.io/not-ready");
    }

    [Fact]
    public async Task Another_machine_cannot_take_the_name_of_a_node_that_is_alive()
    {
        (await RegisterAsync("machine-1")).ShouldBeOfType<NodeRegistered>();
        (await RegisterAsync("machine-1")).ShouldBeOfType<NodeRegistered>("the same machine's agent, started again");
        var version = _plane.Cache.Get(NodeKey)!.ResourceVersion;

        (await RegisterAsync("machine-2")).ShouldBeOfType<NodeNotRegistered>().Reason.ShouldContain("another machine, which is alive");
        _plane.Cache.Get(NodeKey)!.ResourceVersion.ShouldBe(version);

        _time.Advance(TimeSpan.FromSeconds(11));
        NodeReady.ShouldBe("Unknown", "its agent has said nothing, and another's question is no sign of life");
        (await RegisterAsync("machine-2")).ShouldBeOfType<NodeRegistered>("what was there is dead");
    }

    private Task<object> RegisterAsync(string machine) => _plane.Plane.Services.Region.Ask<object>(new ToEntity(NodeKey, new RegisterNode(Bytes(new JsonObject
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Node",
        ["metadata"] = new JsonObject { ["name"] = "worker" },
        ["status"] = new JsonObject
        {
            ["nodeInfo"] = new JsonObject { ["machineID"] = machine, ["systemUUID"] = machine },
            ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True", ["reason"] = "AgentReady", ["message"] = "" }),
        },
    }))), TimeSpan.FromSeconds(20));

    private List<string> Events(string reason)
    {
        _time.Advance(TimeSpan.FromSeconds(1)); // the recorder gathers
        return [.. _plane.Cache.List("events", "default").Select(e => e.Read<Event>()).Where(e => e.Reason == reason && e.InvolvedObject.Kind == "Pod").Select(e => e.Message)];
    }

    private void NodeSays(string ready) => Tell(NodeKey, new ReportNodeStatus("worker", Bytes(new JsonObject
    {
        ["capacity"] = new JsonObject { ["cpu"] = "4", ["memory"] = "8Gi", ["pods"] = "110" },
        ["allocatable"] = new JsonObject { ["cpu"] = "4", ["memory"] = "8Gi", ["pods"] = "110" },
        ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = ready, ["reason"] = "AgentReady", ["message"] = "" }),
    })));

    private void PodSays(string ready) => Tell(PodKey, new ReportPodStatus(PodKey, _plane.Cache.Get(PodKey)!.Uid, Bytes(new JsonObject
    {
        ["phase"] = "Running",
        ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = ready, ["reason"] = "AllWell", ["lastTransitionTime"] = "2030-01-01T00:00:00Z" }),
    }), ++_sequence));

    private void Tell(ResourceKey key, object message)
    {
        _plane.Plane.Services.Region.Tell(new ToEntity(key, message), ActorRefs.NoSender);
        _time.Settle();
    }

    private static ReadOnlyMemory<byte> Bytes(JsonObject json) => Encoding.UTF8.GetBytes(json.ToJsonString());
}
