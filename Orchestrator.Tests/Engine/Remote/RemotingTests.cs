using System.Collections.Concurrent;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote;
using Orchestrator.Engine.Remote.Serialization;
using Orchestrator.TestKit;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Remote;

public sealed class RemotingTests : IAsyncLifetime
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly RemoteFixture _fixture = new();
    private ActorSystem _one = null!;
    private ActorSystem _two = null!;
    private TestProbe _probe = null!;

    public async Task InitializeAsync()
    {
        _one = await _fixture.StartAsync("one");
        _two = await _fixture.StartAsync("two");
        _probe = Probe(_one, "probe");
    }

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Fact]
    public void A_message_reaches_an_actor_of_another_system_and_its_sender_is_answered()
    {
        _probe.Send(Echo(), "hello");

        _probe.ExpectMsg("echo hello");
        _probe.LastSender.Path.Address.ShouldBe(_two.Address);
        _probe.Reply("again");
        _probe.ExpectMsg("echo again");
    }

    [Fact]
    public async Task An_Ask_is_answered_and_leaves_nothing_behind()
    {
        (await Echo().Ask<string>("hello", Second * 5)).ShouldBe("echo hello");

        TestWait.Until(() => _one.References.Temporaries == 0);
    }

    [Fact]
    public async Task A_failure_crosses_in_words()
    {
        var failing = _two.ActorOf(Props.Create(() => new Failing()), "failing");
        _ = failing;

        var failure = await Should.ThrowAsync<RemoteFailureException>(() => Ref("failing").Ask<string>("hello", Second * 5));

        failure.Message.ShouldBe("not today");
        failure.RemoteType.ShouldBe(typeof(InvalidOperationException).FullName);
    }

    [Fact]
    public void Messages_of_one_sender_arrive_in_order()
    {
        var echo = Echo();
        for (var i = 0; i < 2_000; i++)
            _probe.Send(echo, $"{i}");

        _probe.ReceiveN(2_000).ShouldBe(Enumerable.Range(0, 2_000).Select(i => (object)$"echo {i}"));
    }

    [Fact]
    public void Everything_in_a_message_crosses_bytes_references_and_messages_within_it_included()
    {
        var bytes = Enumerable.Range(0, 100_000).Select(i => (byte)i).ToArray();
        _probe.Send(Echo(), new Parcel(7, _probe.Ref, bytes, new Parcel(8, null, new byte[] { 1, 2 }, PoisonPill.Instance)));

        var back = _probe.ExpectMsg<Parcel>();

        back.Number.ShouldBe(7);
        back.From.ShouldBe(_probe.Ref);
        back.Bytes.ToArray().ShouldBe(bytes);
        var inside = back.Inside.ShouldBeOfType<Parcel>();
        inside.Bytes.ToArray().ShouldBe([1, 2]);
        inside.Inside.ShouldBeSameAs(PoisonPill.Instance);
    }

    [Fact]
    public async Task A_reference_means_the_same_actor_wherever_it_has_been()
    {
        var three = await _fixture.StartAsync("three");
        var witness = Probe(three, "witness");
        var echo = _two.ActorOf(Props.Create(() => new EchoActor()), "known");

        // From two by way of three to one.
        _probe.Send(_one.ResolveActorRef($"{_two.Address}/user/known"), new Parcel(1, witness.Ref, default, null));
        var seen = _probe.ExpectMsg<Parcel>().From!;
        seen.Tell("to the witness", _probe.Ref);
        witness.ExpectMsg("to the witness");
        witness.LastSender.Path.Address.ShouldBe(_one.Address);
        seen.ShouldBe(_one.ResolveActorRef($"{three.Address}{((InternalActorRef)witness.Ref).WireForm}"));
        _two.ResolveActorRef($"{_two.Address}/user/known").ShouldBeSameAs(echo);
    }

    [Fact]
    public void A_watcher_is_told_when_the_actor_stops_behind_what_it_has_sent()
    {
        var echo = Echo();
        _probe.Watch(echo);
        _probe.Send(echo, "last words");
        _probe.Send(echo, "stop");

        _probe.ExpectMsg("echo last words");
        _probe.ExpectTerminated(echo).ExistenceConfirmed.ShouldBeTrue();
    }

    [Fact]
    public void Watching_somebody_who_is_not_there_ends_at_once()
    {
        var nobody = Ref("nobody");
        _probe.Watch(nobody);

        _probe.ExpectTerminated(nobody).ExistenceConfirmed.ShouldBeFalse();
    }

    [Fact]
    public async Task A_watcher_is_told_when_the_system_has_shut_down()
    {
        var echo = Echo();
        _probe.Watch(echo);
        _probe.Send(echo, "hello");
        _probe.ExpectMsg("echo hello");

        await _two.Terminate();

        _probe.ExpectTerminated(echo);
    }

    [Fact]
    public async Task A_watcher_is_told_when_the_system_was_killed_and_comes_back_in_another_life()
    {
        var echo = Echo();
        _probe.Watch(echo);
        _probe.Send(echo, "hello");
        _probe.ExpectMsg("echo hello");
        await _fixture.KillAsync(_two);
        _two = await _fixture.StartAsync("two");
        Echo("other");

        _probe.Send(Ref("other"), "anybody");

        _probe.FishForMessage<Terminated>().ActorRef.ShouldBe(echo);
        _probe.Send(_probe.LastSender, "the old one");
        _probe.FishForMessage<string>(text => text == "echo anybody");
    }

    [Fact]
    public async Task A_watcher_is_told_when_the_system_stays_unreachable()
    {
        Echo();
        var watching = await _fixture.StartAsync("impatient", 1, RemoteFixture.Impatient);
        var probe = Probe(watching, "watcher");
        var echo = watching.ResolveActorRef($"{_two.Address}/user/echo");
        probe.Send(echo, "hello");
        probe.ExpectMsg("echo hello");
        probe.Watch(echo);

        _fixture.Network.Partition(watching.Address, _two.Address);

        probe.ExpectTerminated(echo);
        // Before the line is whole again: the systems may meet at once.
        watching.EventStream.Subscribe<AssociatedEvent>(probe.Ref);
        _fixture.Network.Heal(watching.Address, _two.Address);
        // What is sent while the other side is being given up goes with what waited: whoever knocks, knocks again.
        var until = TimeProvider.System.GetTimestamp();
        while (!probe.ReceiveAvailable().Any(message => message is AssociatedEvent))
        {
            TimeProvider.System.GetElapsedTime(until).ShouldBeLessThan(Second * 10);
            probe.Send(echo, "knock");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
        watching.EventStream.Unsubscribe(probe.Ref);
        probe.ReceiveAvailable();
        probe.Send(echo, "back again");
        probe.FishForMessage<string>(text => text == "echo back again");
    }

    [Fact]
    public void A_death_during_a_broken_connection_is_not_missed()
    {
        var local = _two.ActorOf(Props.Create(() => new EchoActor()), "echo");
        var echo = Ref("echo");
        _probe.Watch(echo);
        _probe.Send(echo, "hello");
        _probe.ExpectMsg("echo hello");

        _fixture.Network.Partition(_one.Address, _two.Address);
        _two.Stop(local);
        _fixture.Network.Heal(_one.Address, _two.Address);

        _probe.ExpectTerminated(echo);
    }

    [Fact]
    public void Messages_wait_for_the_next_connection()
    {
        var echo = Echo();
        _probe.Send(echo, "hello");
        _probe.ExpectMsg("echo hello");
        _one.EventStream.Subscribe<DisassociatedEvent>(_probe.Ref);
        _fixture.Network.Break(_one.Address, _two.Address);
        _probe.ExpectMsg<DisassociatedEvent>();

        _probe.Send(echo, "later");

        _probe.ExpectMsg("echo later");
    }

    [Fact]
    public async Task Both_may_dial_at_once_and_one_connection_stays()
    {
        for (var round = 0; round < 20; round++)
        {
            await using var fixture = new RemoteFixture(round);
            fixture.Network.MaxDelay = TimeSpan.FromMilliseconds(5);
            var (a, b) = (await fixture.StartAsync("a"), await fixture.StartAsync("b"));
            a.ActorOf(Props.Create(() => new EchoActor()), "echo");
            b.ActorOf(Props.Create(() => new EchoActor()), "echo");
            var (pa, pb) = (Probe(a, "p"), Probe(b, "p"));

            Parallel.Invoke(
                () => pa.Send(a.ResolveActorRef($"{b.Address}/user/echo"), "a"),
                () => pb.Send(b.ResolveActorRef($"{a.Address}/user/echo"), "b"));

            pa.ExpectMsg("echo a");
            pb.ExpectMsg("echo b");
            Remoting.Get(a).IsConnected(b.Address).ShouldBeTrue();
            Remoting.Get(b).IsConnected(a.Address).ShouldBeTrue();
        }
    }

    [Fact]
    public async Task A_system_that_only_dials_out_is_reached_over_its_own_connection()
    {
        var agent = await _fixture.StartAsync("worker-1", null);
        var atAgent = Probe(agent, "agent");
        agent.Address.ToString().ShouldBe("akka.tls://test@worker-1");
        var home = Probe(_two, "home");

        _two.ActorOf(Props.Create(() => new EchoActor()), "echo");
        atAgent.Send(agent.ResolveActorRef($"{_two.Address}/user/echo"), new Parcel(1, atAgent.Ref, default, null));
        var agentRef = atAgent.ExpectMsg<Parcel>().From!;
        agentRef.ShouldBeSameAs(atAgent.Ref);

        // From the member, unasked.
        home.Send(_two.ResolveActorRef($"{agent.Address}{((InternalActorRef)atAgent.Ref).WireForm}"), "unasked");
        atAgent.ExpectMsg("unasked");
        _ = home.Watch(_two.ResolveActorRef($"{agent.Address}{((InternalActorRef)atAgent.Ref).WireForm}"));
        await agent.Terminate();
        home.ExpectMsg<Terminated>(isMessage: gone => gone.ActorRef.Path.Address.Equals(agent.Address));
    }

    [Fact]
    public async Task A_message_without_wire_name_fails_its_sender_and_is_a_dead_letter()
    {
        _one.EventStream.Subscribe<DeadLetter>(_probe.Ref);

        var failure = await Should.ThrowAsync<WireFormatException>(() => Echo().Ask<object>(new Homebody(1), Second * 5));

        failure.Message.ShouldContain("no wire name");
        _probe.ExpectMsg<DeadLetter>().Message.ShouldBe(new Homebody(1));
        (await Echo("second").Ask<string>("fine", Second * 5)).ShouldBe("echo fine");
    }

    [Fact]
    public async Task A_message_the_other_side_does_not_know_fails_its_sender_at_once()
    {
        var old = await _fixture.StartAsync("old", 1, RemoteFixture.Settings with { Messages = WireCatalog.Of() });
        old.ActorOf(Props.Create(() => new EchoActor()), "echo");
        var echo = _one.ResolveActorRef($"{old.Address}/user/echo");
        _one.EventStream.Subscribe<MessageNotUnderstoodEvent>(_probe.Ref);

        var failure = await Should.ThrowAsync<WireFormatException>(() => echo.Ask<object>(new Parcel(1, null, default, null), Second * 5));

        failure.Message.ShouldContain("test.parcel.v1");
        _probe.ExpectMsg<MessageNotUnderstoodEvent>().RemoteAddress.ShouldBe(old.Address);
        (await echo.Ask<string>("fine", Second * 5)).ShouldBe("echo fine");
    }

    [Fact]
    public async Task Eight_mebibytes_pass_and_what_is_too_large_fails_its_sender_only()
    {
        var echo = Echo();
        var large = new byte[8 * 1024 * 1024];
        Random.Shared.NextBytes(large);

        (await echo.Ask<Parcel>(new Parcel(1, null, large, null), Second * 20)).Bytes.Span.SequenceEqual(large).ShouldBeTrue();
        var failure = await Should.ThrowAsync<FrameTooLargeException>(() => echo.Ask<Parcel>(new Parcel(1, null, new byte[17 * 1024 * 1024], null), Second * 20));

        failure.Message.ShouldContain("larger than a frame");
        (await echo.Ask<string>("fine", Second * 5)).ShouldBe("echo fine");
    }

    [Fact]
    public async Task Too_many_waiting_messages_are_dead_letters_while_the_engines_own_pass()
    {
        var lonely = await _fixture.StartAsync("lonely", 1, RemoteFixture.Settings with { SendQueue = 10, UnreachableAfter = Second * 60 });
        var letters = Probe(lonely, "letters");
        lonely.EventStream.Subscribe<DeadLetter>(letters.Ref);
        var nowhere = lonely.ResolveActorRef("akka.tls://test@nowhere:1/user/echo");

        for (var i = 0; i < 15; i++)
            nowhere.Tell($"{i}", letters.Ref);

        letters.ReceiveN(5).Cast<DeadLetter>().Select(letter => letter.Message).ShouldBe(["10", "11", "12", "13", "14"]);
        Remoting.Get(lonely).AddressTerminated(nowhere.Path.Address);
        letters.ReceiveN(10).Cast<DeadLetter>().Select(letter => letter.Message).ShouldBe(Enumerable.Range(0, 10).Select(i => (object)$"{i}"));
    }

    [Fact]
    public async Task Who_asks_a_system_that_is_declared_dead_is_told_so_at_once()
    {
        _two.ActorOf(Props.Create(() => new Silent(_probe.Ref)), "silent");
        (await Echo().Ask<string>("hello", Second * 5)).ShouldBe("echo hello");
        var answer = Ref("silent").Ask<string>("hello", Timeout.InfiniteTimeSpan);
        _probe.ExpectMsg("hello");

        Remoting.Get(_one).AddressTerminated(_two.Address);

        (await Should.ThrowAsync<PeerLostException>(answer)).Sent.ShouldBeTrue();
        Remoting.Get(_one).AssociationOf(_two.Address).Asking.ShouldBe(0);
        _one.References.Temporaries.ShouldBe(0);
    }

    [Fact]
    public async Task A_limited_peer_reaches_only_what_it_may_and_only_in_its_own_name()
    {
        var guarded = await _fixture.StartAsync("guarded", 1, RemoteFixture.Settings with { Authorize = peer => peer.Address.Host == "stranger" ? PeerGrant.Refused("no strangers") : PeerGrant.To("/user/agents") });
        guarded.ActorOf(Props.Create(() => new EchoActor()), "agents");
        guarded.ActorOf(Props.Create(() => new EchoActor()), "secret");
        IActorRef At(string name) => _one.ResolveActorRef($"{guarded.Address}/user/{name}");

        (await At("agents").Ask<string>("hello", Second * 5)).ShouldBe("echo hello");
        (await Should.ThrowAsync<WireFormatException>(() => At("secret").Ask<string>("hello", Second * 5))).Message.ShouldContain("may not send to");
        At("agents").Tell(PoisonPill.Instance, null);
        At("agents").Tell("in another's name", _one.ResolveActorRef($"{_two.Address}/user/echo"));
        (await At("agents").Ask<string>("still there", Second * 5)).ShouldBe("echo still there");
        _probe.Watch(At("secret"));
        _probe.ExpectMsg<Terminated>();

        var stranger = await _fixture.StartAsync("stranger");
        var events = Probe(stranger, "events");
        stranger.EventStream.Subscribe<AssociationErrorEvent>(events.Ref);
        stranger.ResolveActorRef($"{guarded.Address}/user/agents").Tell("hello", null);
        events.ExpectMsg<AssociationErrorEvent>().Cause.Message.ShouldBe("no strangers");
    }

    [Fact]
    public async Task What_was_sent_before_the_end_arrives()
    {
        // Connected already: how long a connection may take to be made is another matter than what a system sends off before it ends.
        Echo();
        var caller = Probe(_one, "caller");
        caller.Send(_one.ResolveActorRef($"{_two.Address}/user/echo"), "hello");
        caller.ExpectMsg("echo hello");
        var sink = Probe(_two, "sink");
        var remote = _one.ResolveActorRef($"{_two.Address}{((InternalActorRef)sink.Ref).WireForm}");
        _two.References.NameOf((InternalActorRef)sink.Ref);
        for (var i = 0; i < 1_000; i++)
            remote.Tell($"{i}", null);

        await _one.Terminate();

        sink.ReceiveN(1_000).Count.ShouldBe(1_000);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_watch_survives_loss_delay_and_broken_connections(int seed)
    {
        await using var fixture = new RemoteFixture(seed);
        fixture.Network.MaxDelay = TimeSpan.FromMilliseconds(2);
        fixture.Network.LossRate = 0.2;
        var (a, b) = (await fixture.StartAsync("a"), await fixture.StartAsync("b"));
        var probe = Probe(a, "p");
        var random = new Random(seed);
        var remote = new List<IActorRef>();
        for (var i = 0; i < 50; i++)
        {
            var local = b.ActorOf(Props.Create(() => new EchoActor()), $"e{i}");
            remote.Add(probe.Watch(a.ResolveActorRef($"{b.Address}{((InternalActorRef)local).WireForm}")));
            if (random.Next(5) == 0)
                fixture.Network.Break(a.Address, b.Address);
            if (random.Next(2) == 0)
                b.Stop(local);
            else
                local.Tell("stop", null);
        }

        var gone = Enumerable.Range(0, 50).Select(_ => probe.ExpectMsg<Terminated>().ActorRef).ToList();
        gone.ShouldBe(remote, ignoreOrder: true);
    }

    private IActorRef Echo(string name = "echo")
    {
        _two.ActorOf(Props.Create(() => new EchoActor()), name);
        return Ref(name);
    }

    private IActorRef Ref(string name) => _one.ResolveActorRef($"{_two.Address}/user/{name}");

    private static TestProbe Probe(ActorSystem system, string name) => new(system, null, name);

    private sealed class Silent : ReceiveActor
    {
        public Silent(IActorRef witness) => ReceiveAny(message => witness.Tell(message, Self));
    }

    private sealed class Failing : UntypedActor
    {
        protected override void OnReceive(object message) => Sender.Tell(new Status.Failure(new InvalidOperationException("not today")), Self);
    }
}
