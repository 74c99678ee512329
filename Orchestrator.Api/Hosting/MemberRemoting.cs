using System.Net;
using System.Security.Cryptography.X509Certificates;
using Orchestrator.Actors;
using Orchestrator.Actors.Certificates;
using Orchestrator.Actors.Nodes;
using Orchestrator.Api.Security;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote;
using Orchestrator.Engine.Remote.Serialization;
using Orchestrator.Protocol.Nodes;

namespace Orchestrator.Api.Hosting;

/// <summary>How a control-plane member is reached by members and agents.</summary>
public sealed record MemberRemotingOptions
{
    /// <summary>The member's stable id.</summary>
    public required string MemberId { get; init; }

    /// <summary>Where to listen; port 0 takes a free one.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>Host name or address that members and agents dial.</summary>
    public required string PublicHost { get; init; }

    /// <summary>The cluster's authority, which every member has.</summary>
    public required CertificateAuthority Authority { get; init; }

    /// <summary>More names and addresses the member is dialled by.</summary>
    public IReadOnlyList<string> ExtraHosts { get; init; } = [];

    /// <summary>Times and limits; what may cross, who may do what, and streams are set here.</summary>
    public Func<WireCatalog, RemoteSettings> Settings { get; init; } = static messages => new RemoteSettings { Messages = messages };
}

/// <summary>Starts a member's remoting: members are trusted, a node's agent may talk to the agents' endpoint in its own name, nobody else gets in.</summary>
public static class MemberRemoting
{
    /// <summary>Every message that members exchange.</summary>
    public static WireCatalog Messages { get; } = WireCatalog.Of(typeof(AgentHello).Assembly, typeof(ControlPlane).Assembly);

    /// <summary>
    /// From then on the system's address is the member's. It goes before everything that lets others know the address, and ends with the system. Throws <see cref="IOException"/> where
    /// the port is taken.
    /// </summary>
    public static Task<Remoting> StartAsync(ActorSystem system, MemberRemotingOptions options, CancellationToken cancel = default)
    {
        var certificate = new MemberCertificate(options.Authority, options.MemberId, [options.PublicHost, .. options.ExtraHosts], system.TimeProvider);
        var streams = NodeStreams.Get(system);
        var settings = options.Settings(Messages) with { Authorize = Authorize, Streams = streams.ServeMemberAsync };
        var transport = new TlsTransport(new TlsTransportSettings
        {
            Listen = options.Listen,
            PublicHost = options.PublicHost,
            ServerCertificate = certificate.Current,
            ClientCertificate = certificate.Current,
            Authorities = [X509CertificateLoader.LoadCertificate(options.Authority.Certificate.RawData)],
            Time = system.TimeProvider,
            Logging = system.LoggerFactory,
        });
        return Remoting.StartAsync(system, settings, transport, cancel);
    }

    /// <summary>What a peer may do, by its certificate, which the authority has issued, and by the address it claims.</summary>
    internal static PeerGrant Authorize(PeerIdentity peer)
    {
        if (peer.Certificate is not { } certificate) return PeerGrant.Refused("a certificate is needed");
        var (user, groups) = SubjectNames.Of(certificate);
        if (MemberCertificate.Is(user, groups)) return PeerGrant.Trusted;
        if (NodeUser.NodeOf(user, groups) is not { } node) return PeerGrant.Refused($"{user} is neither a member nor a node");
        return peer.Inbound && peer.Address == AgentAddress.Of(node)
            ? PeerGrant.To(AgentAddress.EndpointPath)
            : PeerGrant.Refused($"the certificate of node {node} does not speak for {peer.Address}");
    }
}
