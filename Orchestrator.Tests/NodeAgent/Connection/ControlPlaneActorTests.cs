using Orchestrator.Engine.Actor;
using Orchestrator.NodeAgent.Agent;
using Orchestrator.NodeAgent.Connection;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Resources;
using Orchestrator.TestKit;
using Orchestrator.Tests.Engine.Remote;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.NodeAgent.Connection;

/// <summary>An agent and three members on a network of the test's own.</summary>
public sealed class ControlPlaneActorTests : IAsyncLifetime
{
    private readonly RemoteFixture _remote = new();
    private readonly Dictionary<string, (ActorSystem System, Member State)> _members = [];
    private readonly List<IReadOnlyList<string>> _remembered = [];
    private ActorSystem _agent = null!;
    private IActorRef _connection = null!;
    private TestProbe _probe = null!;

    public async Task InitializeAsync()
    {
        foreach (var name in new[] { "m1", "m2", "m3" }) await StartMemberAsync(name);
        _agent = await _remote.StartAsync("worker-1", null, RemoteFixture.Settings with { Messages = AgentConnection.Messages });
        _probe = new TestProbe(_agent, null, "agent");
    }

    public async Task DisposeAsync() => await _remote.DisposeAsync();

    [Fact]
    public async Task It_learns_the_other_members_and_takes_one_of_them_at_once_when_its_home_dies()
    {
        Connect("m1");
        Hello();
        var (home, _) = Home();
        home.ShouldBe("m1", "it knew no other");
        TestWait.Until(() => _remembered.Count > 0, "the members are remembered");
        _remembered[^1].Count.ShouldBe(3);
        TestWait.Until(() => _members.Values.All(m => Orchestrator.Engine.Remote.Remoting.Get(_agent).IsConnected(m.System.Address)), "there is a connection to every member");

        // What is reported while there is no home waits for the next one.
        await _remote.KillAsync(_members["m1"].System);
        _members.Remove("m1");
        _probe.ExpectMsg<HomeLost>();
        _connection.Tell(Event("while away"), _probe.Ref);
        Hello();
        var (second, state) = Home();
        second.ShouldNotBe("m1");
        TestWait.Until(() => state.Events.Contains("while away"));
        _connection.Tell(new AgentHeartbeat("worker-1"), _probe.Ref);
        _probe.ExpectMsg<AgentHeartbeatSeen>();
    }

    [Fact]
    public void A_member_that_refuses_is_left_for_the_next_one()
    {
        foreach (var name in new[] { "m1", "m2" }) _members[name].State.Refuses = true;
        Connect("m1", "m2", "m3");
        // Whichever comes first, it ends at the one that does not refuse.
        TestWait.Until(() =>
        {
            while (_probe.Pending > 0)
                if (_probe.ReceiveN(1)[0] is HomeFound) _connection.Tell(new AgentHello("worker-1", _probe.Ref, "{}"u8.ToArray()), _probe.Ref);
            return _members["m3"].State.Welcomed;
        });
        _members["m1"].State.Welcomed.ShouldBeFalse();
        _members["m2"].State.Welcomed.ShouldBeFalse();
    }

    [Fact]
    public void A_former_home_that_still_feeds_is_told_and_not_listened_to()
    {
        Connect("m1");
        Hello();
        Home();
        _members["m2"].State.Feed(new PodsChanged([]), _members["m2"].System.ResolveActorRef(_agent.Address + _connection.Path.ToStringWithoutAddress()));
        TestWait.Until(() => _members["m2"].State.Left);
        _probe.ExpectNoMsg();
        _members["m1"].State.Left.ShouldBeFalse();
    }

    private void Connect(params string[] known)
    {
        _connection = AgentConnection.Start(_agent, new AgentConnectionOptions
        {
            NodeName = "worker-1",
            Members = [.. known.Select(k => Endpoint(_members[k].System))],
            Remember = endpoints =>
            {
                _remembered.Add(endpoints);
                return Task.CompletedTask;
            },
            Random = new Random(3),
        });
        AgentConnection.Attach(_connection, new NodeAgentHandle(_probe.Ref, null!));
    }

    private void Hello()
    {
        _probe.ExpectMsg<HomeFound>();
        _connection.Tell(new AgentHello("worker-1", _probe.Ref, "{}"u8.ToArray()), _probe.Ref);
    }

    /// <summary>The member whose welcome comes, which carries its name.</summary>
    private (string Name, Member State) Home()
    {
        var name = System.Text.Encoding.UTF8.GetString(_probe.ExpectMsg<AgentWelcome>().NodeJson.Span);
        return (name, _members[name].State);
    }

    private async Task StartMemberAsync(string name)
    {
        var state = new Member(name, () => [.. _members.Values.Select(m => Endpoint(m.System))]);
        var system = await _remote.StartAsync(name, 1, RemoteFixture.Settings with { Messages = AgentConnection.Messages });
        state.Endpoint = system.ActorOf(Props.Create(() => new FakeEndpoint(state)), AgentAddress.EndpointName);
        _members[name] = (system, state);
    }

    private static string Endpoint(ActorSystem member) => member.Address + AgentAddress.EndpointPath;

    private static ReportEvent Event(string message) => new(new ResourceKey("nodes", "", "worker-1"), "Node", "v1", "worker-1", "Normal", "Test", message, "", "kubelet", "worker-1");

    internal sealed class Member(string name, Func<IReadOnlyList<string>> endpoints)
    {
        public string Name => name;

        public IReadOnlyList<string> Endpoints => endpoints();

        public IActorRef Endpoint { get; set; } = ActorRefs.Nobody;

        public volatile bool Refuses;

        public volatile bool Welcomed;

        public volatile bool Left;

        public System.Collections.Concurrent.ConcurrentBag<string> Events { get; } = [];

        public void Feed(object message, IActorRef agent) => agent.Tell(message, Endpoint);
    }

    private sealed class FakeEndpoint : ReceiveActor
    {
        public FakeEndpoint(Member member)
        {
            Receive<AgentHello>(hello =>
            {
                if (member.Refuses)
                {
                    hello.Agent.Tell(new AgentRefused("not here"), Self);
                    return;
                }
                member.Welcomed = true;
                hello.Agent.Tell(new AgentWelcome(System.Text.Encoding.UTF8.GetBytes(member.Name), []), Self);
                hello.Agent.Tell(new MembersChanged(member.Endpoints), Self);
            });
            Receive<AgentHeartbeat>(_ => Sender.Tell(new AgentHeartbeatSeen(), Self));
            Receive<ReportEvent>(e => member.Events.Add(e.Message));
            Receive<AgentLeft>(_ => member.Left = true);
        }
    }
}
