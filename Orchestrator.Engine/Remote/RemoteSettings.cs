using System.Security.Cryptography.X509Certificates;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote.Serialization;

namespace Orchestrator.Engine.Remote;

/// <summary>How a system talks to others; <see cref="RemoteConfiguration"/> reads most of it.</summary>
public sealed record RemoteSettings
{
    /// <summary>What may cross.</summary>
    public required WireCatalog Messages { get; init; }

    /// <summary>Decides what a peer may do, once its certificate and the address it claims are known. By default every peer is trusted: for tests in one process.</summary>
    public Func<PeerIdentity, PeerGrant> Authorize { get; init; } = static _ => PeerGrant.Trusted;

    /// <summary>Serves streams that peers open; null refuses them.</summary>
    public RemoteStreamHandler? Streams { get; init; }

    /// <summary>Bytes of the largest frame; the other side must allow as many. A larger message is logged and becomes a dead letter.</summary>
    public int MaxFrameSize { get; init; } = 16 * 1024 * 1024;

    /// <summary>Messages per peer that may wait to be sent; more are dead letters. The engine's own do not count.</summary>
    public int SendQueue { get; init; } = 100_000;

    /// <summary>Bytes of one stream that may be under way unread, in each direction.</summary>
    public int StreamWindow { get; init; } = 256 * 1024;

    /// <summary>Time for connecting, TLS and the handshake together.</summary>
    public TimeSpan ConnectionTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Pause before the first new attempt to connect; it doubles up to <see cref="MaxRetryGate"/>, and each is shortened by a random part.</summary>
    public TimeSpan RetryGate { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest pause between two attempts.</summary>
    public TimeSpan MaxRetryGate { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How often each side shows that it is alive.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Silent for so long, a connection is dead.</summary>
    public TimeSpan AcceptableHeartbeatPause { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Without a connection for so long, a system that is no member is given up: whoever watches its actors gets <see cref="Terminated"/>, what waits to be sent is
    /// dead letters. For members, membership alone decides.
    /// </summary>
    public TimeSpan UnreachableAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest wait, at the end, for what has been sent to go out.</summary>
    public TimeSpan FlushOnShutdown { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Source of jitter.</summary>
    public Random Random { get; init; } = Random.Shared;
}

/// <summary>Who a peer says it is, and what proves it.</summary>
/// <param name="Address">The address it claims.</param>
/// <param name="Certificate">The certificate whose key it has, already found to be of the CA; null over a transport without any.</param>
/// <param name="Inbound">Whether it dialled us.</param>
public sealed record PeerIdentity(Address Address, X509Certificate2? Certificate, bool Inbound);

/// <summary>What a peer may do.</summary>
public sealed class PeerGrant
{
    private readonly string[]? _recipients;

    private PeerGrant(string? refusal, string[]? recipients)
    {
        Refusal = refusal;
        _recipients = recipients;
    }

    /// <summary>A member: everything.</summary>
    public static PeerGrant Trusted { get; } = new(null, null);

    /// <summary>Why it is turned away; null where it is not.</summary>
    public string? Refusal { get; }

    internal bool IsLimited => _recipients is not null;

    /// <summary>Turned away.</summary>
    public static PeerGrant Refused(string reason) => new(reason, []);

    /// <summary>
    /// An agent: it may send to these paths (e.g. <c>/user/agents</c>), watch them, and answer what it is asked, in its own name only; it opens no streams.
    /// </summary>
    public static PeerGrant To(params IEnumerable<string> recipients) => new(null, [.. recipients]);

    internal bool AllowsRecipient(ReadOnlySpan<char> name)
    {
        if (_recipients is null || name.StartsWith(TemporaryActorRef.Prefix))
            return true;
        var hash = name.LastIndexOf('#');
        if (hash >= 0)
            name = name[..hash];
        foreach (var allowed in _recipients)
        {
            if (name.SequenceEqual(allowed))
                return true;
        }

        return false;
    }
}
