using System.Net;
using Microsoft.Extensions.Logging;
using Orchestrator.Actors.Admission;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Extensions;
using Orchestrator.Engine.Actor;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Actors.Resources;

/// <summary>What every object's actor is given: the read model, the way to other objects, and the clock.</summary>
public sealed class ControlPlaneServices
{
    private IActorRef? _region;
    private IActorRef? _events;
    private IActorRef? _addresses;
    private IActorRef? _scheduler;

    /// <summary>The catalogue of kinds.</summary>
    public required KindCatalog Catalog { get; init; }

    /// <summary>The read model.</summary>
    public required ResourceCache Cache { get; init; }

    /// <summary>Encryption at rest.</summary>
    public required SecretSealer Sealer { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Configuration.</summary>
    public required ControlPlaneOptions Options { get; init; }

    /// <summary>Logging.</summary>
    public required ILoggerFactory Logging { get; init; }

    /// <summary>Where others write the journal, too: completes when this member has been given all that was committed when it was called. Null where nobody does.</summary>
    public Func<CancellationToken, Task>? CaughtUp { get; init; }

    /// <summary>Shard region <c>resources</c>: takes <see cref="Protocol.Resources.ResourceCommand"/>s and <see cref="ToEntity"/>.</summary>
    public IActorRef Region { get => _region ?? throw NotStarted(); internal set => _region = value; }

    /// <summary>Takes <see cref="Events.RecordEvent"/>.</summary>
    public IActorRef Events { get => _events ?? throw NotStarted(); internal set => _events = value; }

    /// <summary>The singleton that hands out addresses and ports.</summary>
    public IActorRef Addresses { get => _addresses ?? throw NotStarted(); internal set => _addresses = value; }

    /// <summary>Webhooks and policies; the gateway's server puts its own here when it starts.</summary>
    public IDynamicAdmission Admission { get; set; } = new NoDynamicAdmission();

    /// <summary>Conversion webhooks; the gateway's server puts its own here when it starts.</summary>
    public IObjectConverter Converter { get; set; } = new NoConverter();

    /// <summary>The singleton that places pods; takes <see cref="Scheduling.ExplainPod"/>.</summary>
    public IActorRef Scheduler { get => _scheduler ?? throw NotStarted(); internal set => _scheduler = value; }

    /// <summary>Where the members that are up serve the API; empty where nobody does.</summary>
    public Func<IReadOnlyList<IPEndPoint>> ApiServers { get; init; } = () => [];

    /// <summary>New object uids.</summary>
    public Func<string> NewUid { get; init; } = () => Guid.NewGuid().ToString();

    private static InvalidOperationException NotStarted() => new("the control plane has not been started");
}
