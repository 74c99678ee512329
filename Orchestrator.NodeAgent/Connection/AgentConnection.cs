using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote;
using Orchestrator.Engine.Remote.Serialization;
using Orchestrator.NodeAgent.Agent;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Protocol.Streams;

namespace Orchestrator.NodeAgent.Connection;

/// <summary>How an agent in a process of its own reaches the control plane.</summary>
public sealed record AgentConnectionOptions
{
    /// <summary>The Node object's name, which the certificate names too.</summary>
    public required string NodeName { get; init; }

    /// <summary>The members' endpoints as far as they are known (<see cref="MembersChanged"/>). One that lives is enough.</summary>
    public required IReadOnlyList<string> Members { get; init; }

    /// <summary>Keeps the list for the next start.</summary>
    public Func<IReadOnlyList<string>, Task> Remember { get; init; } = static _ => Task.CompletedTask;

    /// <summary>Told why a member has refused the agent.</summary>
    public Action<string> OnRefused { get; init; } = static _ => { };

    /// <summary>Told when a member has welcomed the agent, each time.</summary>
    public Action OnWelcome { get; init; } = static () => { };

    /// <summary>Told when the home is lost, each time.</summary>
    public Action OnLost { get; init; } = static () => { };

    /// <summary>Pause before members are tried again where none can be had; it is shortened by a random part.</summary>
    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A home that has not answered a hello for so long is left for the next one.</summary>
    public TimeSpan HelloDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Source of jitter, and of the choice among members.</summary>
    public Random Random { get; init; } = Random.Shared;
}

/// <summary>Connects an agent's system with the members.</summary>
public static class AgentConnection
{
    /// <summary>What crosses between agents and members.</summary>
    public static WireCatalog Messages { get; } = WireCatalog.Of(typeof(AgentHello).Assembly);

    /// <summary>
    /// Starts the system's remoting, which only dials out: <paramref name="transport"/> has to have the public host <c>NODE</c>. <paramref name="streams"/> serves what members open.
    /// </summary>
    public static Task<Remoting> StartRemotingAsync(ActorSystem system, IRemoteTransport transport, Func<INodeStreamHandler?> streams, Func<PeerIdentity, PeerGrant> authorize,
        Func<WireCatalog, RemoteSettings>? settings = null, CancellationToken cancel = default) => Remoting.StartAsync(
        system,
        (settings?.Invoke(Messages) ?? new RemoteSettings { Messages = Messages }) with { Authorize = authorize, Streams = (request, stream, over) => ServeAsync(streams(), request, stream, over) },
        transport,
        cancel);

    /// <summary>The control plane for <see cref="NodeAgentOptions.ControlPlane"/>; <see cref="Attach"/> has to follow.</summary>
    public static IActorRef Start(ActorSystem system, AgentConnectionOptions options) => system.ActorOf(Props.Create(() => new ControlPlaneActor(options)), "control-plane");

    /// <summary>That agent is the one the members are told of.</summary>
    public static void Attach(IActorRef controlPlane, NodeAgentHandle agent) => controlPlane.Tell(new ConnectAgent(agent.Ref), ActorRefs.NoSender);

    private static Task ServeAsync(INodeStreamHandler? handler, object request, RemoteStream stream, CancellationToken over) => (handler, request) switch
    {
        (null, _) => throw new IOException("the agent is starting"),
        (_, NodeStreamRequest asked) => RemoteNodeStream.ServeAsync(handler, asked, stream, over),
        _ => throw new InvalidOperationException($"an agent serves no stream for {request.GetType().Name}"),
    };
}
