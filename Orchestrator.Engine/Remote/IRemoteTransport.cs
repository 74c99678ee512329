using System.IO.Pipelines;
using System.Security.Cryptography.X509Certificates;
using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Remote;

/// <summary>Carries bytes between systems; what they mean is not its concern. One per system.</summary>
public interface IRemoteTransport : IAsyncDisposable
{
    /// <summary>
    /// Starts listening, where it does, and tells under which address others reach the system. <paramref name="accept"/> is called with each connection that somebody
    /// opens, and runs until that connection is over.
    /// </summary>
    ValueTask<Address> StartAsync(string system, Func<ITransportConnection, Task> accept, CancellationToken cancel);

    /// <summary>Opens a connection. Throws <see cref="IOException"/>, <see cref="System.Net.Sockets.SocketException"/> or <see cref="System.Security.Authentication.AuthenticationException"/>.</summary>
    ValueTask<ITransportConnection> DialAsync(Address remote, CancellationToken cancel);
}

/// <summary>A connection of two systems. Disposing it closes it when what was written has gone out.</summary>
public interface ITransportConnection : IDuplexPipe, IAsyncDisposable
{
    /// <summary>What the peer proved to have; null over a transport that proves nothing.</summary>
    X509Certificate2? PeerCertificate { get; }

    /// <summary>Breaks it at once: pending reads and writes fail.</summary>
    void Abort();
}
