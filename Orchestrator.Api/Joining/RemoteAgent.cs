using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Orchestrator.Actors.Certificates;
using Orchestrator.Api.Security;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote;
using Orchestrator.Engine.Remote.Serialization;
using Orchestrator.NodeAgent.Agent;
using Orchestrator.NodeAgent.Connection;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Protocol.Streams;

namespace Orchestrator.Api.Joining;

/// <summary>What a node's agent in a process of its own needs.</summary>
public sealed record RemoteAgentOptions
{
    /// <summary>How it reaches the control plane.</summary>
    public required AgentConnectionOptions Connection { get; init; }

    /// <summary>The node's client certificate, read anew for each connection so that it can be renewed.</summary>
    public required Func<X509Certificate2> Certificate { get; init; }

    /// <summary>The cluster's authority.</summary>
    public required X509Certificate2 Authority { get; init; }

    /// <summary>How it runs pods, given the system it lives in and the control plane.</summary>
    public required Func<ActorSystem, IActorRef, NodeAgentOptions> Agent { get; init; }

    /// <summary>Times and limits of its connections.</summary>
    public Func<WireCatalog, RemoteSettings> Settings { get; init; } = static messages => new RemoteSettings { Messages = messages };

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Logging.</summary>
    public required ILoggerFactory Logging { get; init; }
}

/// <summary>A node's agent with an actor system of its own, connected with the members. Disposing of it stops the agent; its containers run on.</summary>
public sealed class RemoteAgent : IAsyncDisposable
{
    private RemoteAgent(ActorSystem system, IActorRef controlPlane, NodeAgentHandle agent) => (System, ControlPlane, Agent) = (system, controlPlane, agent);

    /// <summary>Its actors.</summary>
    public ActorSystem System { get; }

    /// <summary>The members, as the agent sees them.</summary>
    public IActorRef ControlPlane { get; }

    /// <summary>The node's agent.</summary>
    public NodeAgentHandle Agent { get; }

    /// <summary>Starts it; it connects by itself.</summary>
    public static async Task<RemoteAgent> StartAsync(RemoteAgentOptions options, CancellationToken cancel = default)
    {
        var system = ActorSystem.Create(AgentAddress.System, new ActorSystemSetup { TimeProvider = options.Time, LoggerFactory = options.Logging });
        try
        {
            var transport = new TlsTransport(new TlsTransportSettings
            {
                PublicHost = options.Connection.NodeName,
                ClientCertificate = options.Certificate,
                Authorities = [options.Authority],
                Time = options.Time,
                Logging = options.Logging,
            });
            INodeStreamHandler? streams = null;
            await AgentConnection.StartRemotingAsync(system, transport, () => Volatile.Read(ref streams), Authorize, options.Settings, cancel);
            var controlPlane = AgentConnection.Start(system, options.Connection);
            var agent = NodeAgentHost.Start(system, options.Agent(system, controlPlane));
            Volatile.Write(ref streams, agent.Streams);
            AgentConnection.Attach(controlPlane, agent);
            return new RemoteAgent(system, controlPlane, agent);
        }
        catch
        {
            await system.Terminate();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Agent.StopAsync();
        await System.Terminate();
        await Remoting.Get(System).DisposeAsync();
    }

    private static PeerGrant Authorize(PeerIdentity peer)
    {
        if (peer.Certificate is not { } certificate) return PeerGrant.Refused("a certificate is needed");
        var (user, groups) = SubjectNames.Of(certificate);
        return !peer.Inbound && MemberCertificate.Is(user, groups) ? PeerGrant.Trusted : PeerGrant.Refused($"{user} is no member of the control plane");
    }
}
