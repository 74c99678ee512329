using System.IO.Pipelines;
using System.Security.Cryptography.X509Certificates;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Remote;

public sealed class LinkTests
{
    /// <summary>A connection that takes the place of another aborts it; the other may have ended a moment before, which nobody has been told yet.</summary>
    [Fact]
    public async Task A_connection_that_has_ended_may_still_be_aborted()
    {
        await using var fixture = new RemoteFixture();
        var system = await fixture.StartAsync("one");
        var connection = new ClosedConnection();
        var association = Remoting.Get(system).AssociationOf(Address.Remote("test", "two", 1));
        var link = new Link(association, connection, uid: 1, PeerGrant.Trusted, inbound: true);
        await link.RunAsync();

        link.Abort(new IOException("a newer connection has taken its place"));

        connection.WasAborted.ShouldBeTrue();
    }

    /// <summary>The other side has closed it.</summary>
    private sealed class ClosedConnection : ITransportConnection
    {
        private readonly Pipe _input = new();
        private readonly Pipe _output = new();

        public ClosedConnection() => _input.Writer.Complete();

        public bool WasAborted { get; private set; }

        public PipeReader Input => _input.Reader;

        public PipeWriter Output => _output.Writer;

        public X509Certificate2? PeerCertificate => null;

        public void Abort() => WasAborted = true;

        public ValueTask DisposeAsync() => default;
    }
}
