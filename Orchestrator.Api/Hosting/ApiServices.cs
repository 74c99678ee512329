using Microsoft.Extensions.Logging;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Resources;
using Orchestrator.Api.Aggregation;
using Orchestrator.Api.Health;
using Orchestrator.Api.Joining;
using Orchestrator.Api.Lists;
using Orchestrator.Api.Security;
using Orchestrator.Engine.Persistence;
using Orchestrator.Engine.Persistence.Sql;
using Orchestrator.Protocol.Streams;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Api.Hosting;

/// <summary>What the endpoints share; one instance per server.</summary>
public sealed class ApiServices
{
    /// <summary>The kinds served.</summary>
    public required KindCatalog Catalog { get; init; }

    /// <summary>The read model.</summary>
    public required ResourceCache Cache { get; init; }

    /// <summary>The journal, for reads that must see what other members wrote; null where this process is the only writer, so that the cache always has.</summary>
    public IJournal? SharedJournal { get; init; }

    /// <summary>Changes objects, by commands to their actors.</summary>
    public required ResourceClient Client { get; init; }

    /// <summary>Opens logs, commands and connections on nodes.</summary>
    public required INodeStreamOpener Streams { get; init; }

    /// <summary>Who sends a request.</summary>
    public required Authenticator Authenticator { get; init; }

    /// <summary>What a user may do.</summary>
    public required IAuthorizer Authorizer { get; init; }

    /// <summary>Issues service-account tokens.</summary>
    public required ServiceAccountTokens Tokens { get; init; }

    /// <summary>What agents that join are told; null where none can.</summary>
    public Func<JoinDocument>? Join { get; init; }

    /// <summary>Writes a backup of the journal as of one moment; null where it is kept in no database.</summary>
    public Func<Stream, CancellationToken, ValueTask<ArchiveSummary>>? Backup { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Logging.</summary>
    public required ILoggerFactory Logging { get; init; }

    /// <summary>Cancelled when the server stops: watches and streams end.</summary>
    public required CancellationToken Stopping { get; init; }

    /// <summary>Other API servers behind this one; null for none.</summary>
    internal AggregationLayer? Aggregation { get; init; }

    /// <summary>What has been asked.</summary>
    internal RequestMetrics Metrics { get; } = new();

    /// <summary>Why this member should not get requests now, null where it should.</summary>
    public Func<string?> MemberProblem { get; init; } = () => null;

    /// <summary>Snapshots behind continue tokens.</summary>
    public ListSnapshots Snapshots { get => field ??= new ListSnapshots(Time); init; }
}
