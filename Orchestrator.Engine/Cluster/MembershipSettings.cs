using System.Collections.Immutable;
using Microsoft.Extensions.Configuration;
using Orchestrator.Engine.Configuration;

namespace Orchestrator.Engine.Cluster;

/// <summary>What a member is, and how it shows that it lives.</summary>
/// <param name="Id">Its stable name, its own in the cluster.</param>
/// <param name="Address">Where others reach it, <c>akka.tls://orchestrator@10.0.0.1:2552</c>.</param>
public sealed record MembershipSettings(string Id, string Address)
{
    /// <summary>Its roles.</summary>
    public ImmutableHashSet<string> Roles { get; init; } = [];

    /// <summary>How long it counts as alive without renewing its lease; it renews three times as often.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Part of the lease by which a member stops earlier than the database's clock would have it, for clocks that do not run at the same rate. Only rates matter: neither side ever
    /// compares its time of day with the other's.
    /// </summary>
    public double Margin { get; init; } = 0.1;

    /// <summary>
    /// How long two members may hear nothing of each other, though both show the database that they live, before they say so.
    /// </summary>
    public TimeSpan AcceptableSilence => Lease;

    /// <summary>
    /// How long what is said about who hears of whom has to stay the same before somebody is declared down for it. Not all notice at once, and who is judged by the first complaint
    /// alone may be the wrong one (Akka's split-brain-resolver.stable-after).
    /// </summary>
    public TimeSpan StableAfter => Lease;

    /// <summary>How long what ran in an earlier life may take to stop before that is complained about, and it is told to again.</summary>
    public TimeSpan StopPatience => Lease * 5;

    /// <summary>How long members that were declared down stay to be seen.</summary>
    public TimeSpan KeepDown { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a renewal is good for, from when it was asked for.</summary>
    public TimeSpan Validity => Lease * (1 - Margin);

    /// <summary>How often the lease is renewed.</summary>
    public TimeSpan Interval => Lease / 3;

    /// <summary>Roles from <c>akka.cluster.roles</c>, lease from <c>orchestrator.cluster.lease</c>.</summary>
    public static MembershipSettings From(IConfiguration configuration, string id, string address) => new(id, address)
    {
        Roles = [.. configuration.GetTexts("akka.cluster.roles")],
        Lease = configuration.GetTimeSpan("orchestrator.cluster.lease"),
    };
}
