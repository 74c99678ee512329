using System.Net;
using Microsoft.Extensions.Logging;
using Orchestrator.Actors;
using Orchestrator.Api.Joining;
using Orchestrator.Api.Security;
using Orchestrator.Engine.Persistence;

namespace Orchestrator.Api.Hosting;

/// <summary>What an API server needs; everything here is its caller's to dispose.</summary>
public sealed record ApiServerOptions
{
    /// <summary>Where to listen.</summary>
    public required IPAddress Address { get; init; }

    /// <summary>Port; 0 takes a free one.</summary>
    public required int Port { get; init; }

    /// <summary>Keys and certificates.</summary>
    public required ClusterPki Pki { get; init; }

    /// <summary>Issues and verifies service-account tokens.</summary>
    public required ServiceAccountTokens Tokens { get; init; }

    /// <summary>The control plane behind the API.</summary>
    public required ControlPlane Plane { get; init; }

    /// <summary>The journal.</summary>
    public required IJournal Journal { get; init; }

    /// <summary>Whether other members write the journal too: reads then ask the database how far it is.</summary>
    public bool JournalIsShared { get; init; }

    /// <summary>What agents that join are told; null where none can.</summary>
    public Func<JoinDocument>? Join { get; init; }

    /// <summary>Why this member should not get requests now, null where it should: <c>/readyz</c> tells load balancers.</summary>
    public Func<string?> MemberProblem { get; init; } = () => null;

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Logging.</summary>
    public required ILoggerFactory Logging { get; init; }
}
