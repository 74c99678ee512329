using System.Net;

namespace Orchestrator.Actors.Resources;

/// <summary>What the control loops need to know of the cluster's configuration.</summary>
public sealed record ControlPlaneOptions
{
    /// <summary>Pod addresses of all nodes.</summary>
    public IPNetwork ClusterCidr { get; init; } = IPNetwork.Parse("10.244.0.0/16");

    /// <summary>Prefix length of one node's part of it.</summary>
    public int NodeCidrSize { get; init; } = 24;

    /// <summary>Service addresses. The first one is the API server's.</summary>
    public IPNetwork ServiceCidr { get; init; } = IPNetwork.Parse("10.96.0.0/12");

    /// <summary>First node port.</summary>
    public int NodePortFirst { get; init; } = 30000;

    /// <summary>Last node port.</summary>
    public int NodePortLast { get; init; } = 32767;

    /// <summary>The cluster CA certificate in PEM: published to every namespace.</summary>
    public string CaCertificate { get; init; } = "";

    /// <summary>Signs approved certificate requests with the cluster's authority; null where this member has no key of it.</summary>
    public Certificates.ICertificateSigner? CertificateSigner { get; init; }

    /// <summary>How long the journal keeps superseded rows and the cache its windows.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long events are kept.</summary>
    public TimeSpan EventLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Without a heartbeat for this long a node is Unknown.</summary>
    public TimeSpan NodeMonitorGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>An object's actor is passivated after this long without a message.</summary>
    public TimeSpan PassivateAfter { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How pods are placed, one per schedulerName.</summary>
    public IReadOnlyList<Scheduling.SchedulerProfile> SchedulerProfiles { get; init; } = Scheduling.SchedulerProfile.OnlyDefault;

    /// <summary>Number of shards of the resources region.</summary>
    public int Shards { get; init; } = 64;
}
