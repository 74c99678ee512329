using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Orchestrator.Engine.Remote;

/// <summary>Where a system listens and what it proves itself with. The host gives the certificates.</summary>
public sealed record TlsTransportSettings
{
    /// <summary>Where to listen; null for a system that only dials out.</summary>
    public IPEndPoint? Listen { get; init; }

    /// <summary>Host name or address that others dial (<c>public-hostname</c>); for a system that only dials out, its name among those it dials. Empty for the address it listens on.</summary>
    public string PublicHost { get; init; } = "";

    /// <summary>Certificate for those who dial us, read anew for each connection so that it can be renewed; needed only for listening.</summary>
    public Func<X509Certificate2>? ServerCertificate { get; init; }

    /// <summary>Certificate for those we dial, read anew for each connection.</summary>
    public required Func<X509Certificate2> ClientCertificate { get; init; }

    /// <summary>What both sides' certificates must descend from.</summary>
    public required X509Certificate2Collection Authorities { get; init; }

    /// <summary>Whether a certificate that a listener presents must name the host that was dialled.</summary>
    public bool VerifyHost { get; init; } = true;

    /// <summary>The clock that certificates are checked against.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>For what the listener itself has to say.</summary>
    public ILoggerFactory Logging { get; init; } = NullLoggerFactory.Instance;
}
