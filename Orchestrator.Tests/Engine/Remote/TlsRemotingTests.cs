using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote;
using Orchestrator.TestKit;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Remote;

/// <summary>Real sockets on loopback, real certificates.</summary>
public sealed class TlsRemotingTests : IAsyncLifetime
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly TestCertificates _certificates = new();
    private readonly List<ActorSystem> _systems = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var system in _systems)
        {
            await system.Terminate();
            await Remoting.Get(system).DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        }

        _certificates.Dispose();
    }

    [Fact]
    public async Task Messages_and_streams_cross_in_both_directions_over_the_connection_an_agent_has_opened()
    {
        var member = await StartAsync(_certificates.Transport("member"));
        var agent = await StartAsync(_certificates.Transport("worker-1", listens: false), RemoteFixture.Settings with { Streams = CopyAsync });
        member.ActorOf(Props.Create(() => new EchoActor()), "echo");
        agent.ActorOf(Props.Create(() => new EchoActor()), "echo");

        (await agent.ResolveActorRef($"{member.Address}/user/echo").Ask<string>("hello", Second * 5)).ShouldBe("echo hello");
        (await member.ResolveActorRef($"{agent.Address}/user/echo").Ask<string>("and back", Second * 5)).ShouldBe("echo and back");

        var sent = new byte[3 * 1024 * 1024];
        new Random(1).NextBytes(sent);
        await using var stream = Remoting.Get(member).OpenStream(agent.Address, "copy");
        var writing = WriteAsync();
        var received = new MemoryStream();
        while (await stream.ReadAsync() is { } chunk)
        {
            chunk.Channel.ShouldBe((byte)7);
            received.Write(chunk.Data.Span);
        }

        await writing;
        received.ToArray().SequenceEqual(sent).ShouldBeTrue();

        async Task WriteAsync()
        {
            await stream.WriteAsync(7, sent);
            stream.Complete();
        }
    }

    [Fact]
    public async Task A_writer_waits_for_its_reader_and_a_failure_ends_the_stream()
    {
        var member = await StartAsync(_certificates.Transport("member"));
        var released = new TaskCompletionSource();
        var agent = await StartAsync(_certificates.Transport("worker-1", listens: false), RemoteFixture.Settings with
        {
            Streams = async (_, stream, _) =>
            {
                await released.Task;
                await stream.ReadAsync();
                throw new InvalidOperationException("no such container");
            },
        });
        member.ActorOf(Props.Create(() => new EchoActor()), "echo");
        await agent.ResolveActorRef($"{member.Address}/user/echo").Ask<string>("hello", Second * 5);
        await using var stream = Remoting.Get(member).OpenStream(agent.Address, "anything");

        var writing = stream.WriteAsync(0, new byte[2 * 1024 * 1024]).AsTask();
        (await agent.ResolveActorRef($"{member.Address}/user/echo").Ask<string>("messages pass meanwhile", Second * 5)).ShouldBe("echo messages pass meanwhile");
        writing.IsCompleted.ShouldBeFalse();
        released.SetResult();

        (await Should.ThrowAsync<IOException>(() => writing.WaitAsync(Second * 5))).Message.ShouldBe("no such container");
        (await Should.ThrowAsync<IOException>(() => stream.ReadAsync().AsTask())).Message.ShouldBe("no such container");
    }

    [Fact]
    public async Task A_stream_ends_with_its_connection()
    {
        var member = await StartAsync(_certificates.Transport("member"));
        var over = new TaskCompletionSource();
        var agent = await StartAsync(_certificates.Transport("worker-1", listens: false), RemoteFixture.Settings with
        {
            Streams = async (_, stream, cancel) =>
            {
                await stream.WriteAsync(1, "ready"u8.ToArray(), cancel);
                using (cancel.Register(over.SetResult))
                    await over.Task;
            },
        });
        member.ActorOf(Props.Create(() => new EchoActor()), "echo");
        await agent.ResolveActorRef($"{member.Address}/user/echo").Ask<string>("hello", Second * 5);
        await using var stream = Remoting.Get(member).OpenStream(agent.Address, "anything");
        (await stream.ReadAsync())!.Value.Data.ToArray().ShouldBe("ready"u8.ToArray());

        Remoting.Get(member).Crash();

        await Should.ThrowAsync<IOException>(() => stream.ReadAsync().AsTask().WaitAsync(Second * 5));
        await over.Task.WaitAsync(Second * 5);
        (await agent.ResolveActorRef($"{member.Address}/user/echo").Ask<string>("connected again", Second * 5)).ShouldBe("echo connected again");
    }

    [Fact]
    public async Task A_certificate_of_another_authority_is_turned_away_on_either_side()
    {
        using var others = new TestCertificates();
        var member = await StartAsync(_certificates.Transport("member"));

        // A client that trusts us but is not ours, and a server that is not ours.
        await DialFails(others.Transport("stranger", trusting: _certificates), member.Address);
        var imposter = await StartAsync(others.Transport("imposter"));
        await DialFails(_certificates.Transport("client"), imposter.Address);
    }

    [Fact]
    public async Task A_peer_is_known_by_its_certificate()
    {
        var member = await StartAsync(_certificates.Transport("member"), RemoteFixture.Settings with
        {
            Authorize = peer => peer.Certificate!.Subject == $"CN={peer.Address.Host}" ? PeerGrant.Trusted : PeerGrant.Refused($"{peer.Certificate.Subject} is not {peer.Address}"),
        });
        member.ActorOf(Props.Create(() => new EchoActor()), "echo");
        var honest = await StartAsync(_certificates.Transport("worker-1", listens: false));
        (await honest.ResolveActorRef($"{member.Address}/user/echo").Ask<string>("hello", Second * 5)).ShouldBe("echo hello");

        var listening = await StartAsync(_certificates.Transport("worker-2"));
        var events = new TestProbe(listening, null, "events");
        listening.EventStream.Subscribe<AssociationErrorEvent>(events.Ref);
        listening.ResolveActorRef($"{member.Address}/user/echo").Tell("hello", null);
        events.ExpectMsg<AssociationErrorEvent>().Cause.ShouldBeOfType<HandshakeRefusedException>().Message.ShouldContain("worker-2 is not");
    }

    [Fact]
    public async Task Nobody_listening_is_told_apart_and_tried_again()
    {
        using var taken = new Socket(SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        var system = await StartAsync(_certificates.Transport("one"));
        var events = new TestProbe(system, null, "events");
        system.EventStream.Subscribe<AssociationErrorEvent>(events.Ref);

        system.ResolveActorRef($"akka.tls://test@127.0.0.1:{port}/user/echo").Tell("hello", null);

        events.ExpectMsg<AssociationErrorEvent>().IsConnectionRefused.ShouldBeTrue();
        events.ExpectMsg<AssociationErrorEvent>().IsConnectionRefused.ShouldBeTrue();
    }

    private static async Task CopyAsync(object request, RemoteStream stream, CancellationToken cancel)
    {
        request.ShouldBe("copy");
        while (await stream.ReadAsync(cancel) is { } chunk)
            await stream.WriteAsync(chunk.Channel, chunk.Data, cancel);
    }

    private async Task<ActorSystem> StartAsync(TlsTransport transport, RemoteSettings? settings = null)
    {
        var system = ActorSystem.Create("test");
        _systems.Add(system);
        await Remoting.StartAsync(system, settings ?? RemoteFixture.Settings, transport);
        return system;
    }

    private async Task DialFails(TlsTransport transport, Address remote)
    {
        var system = await StartAsync(transport);
        var events = new TestProbe(system, null, "events");
        system.EventStream.Subscribe<AssociationErrorEvent>(events.Ref);
        system.ResolveActorRef($"{remote}/user/echo").Tell("hello", null);
        var cause = events.ExpectMsg<AssociationErrorEvent>().Cause;
        (cause is AuthenticationException or IOException or HandshakeRefusedException).ShouldBeTrue(cause.ToString());
        Remoting.Get(system).IsConnected(remote).ShouldBeFalse();
    }
}
