using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Orchestrator.Api.Hosting;
using Orchestrator.Engine.Configuration;
using Orchestrator.Engine.Remote;

namespace Orchestrator.Api.Members;

/// <summary>What a process is among the members of a control plane, and how others reach it.</summary>
public sealed record MemberConfiguration
{
    /// <summary>Stable name among the members.</summary>
    public required string Id { get; init; }

    /// <summary>Connection string of the shared database; null for an embedded one, which makes this the only member.</summary>
    public required string? Postgres { get; init; }

    /// <summary>How long the member counts as alive without showing it.</summary>
    public required TimeSpan Lease { get; init; }

    /// <summary>Roles that other members see.</summary>
    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>How members and agents talk to each other.</summary>
    public required RemoteConfiguration Remote { get; init; }

    /// <summary>Where to listen, decided: a port of 0 becomes the one after <paramref name="apiPort"/> where that is free, and stays 0, for any, where it is not.</summary>
    public IPEndPoint ListenBeside(int apiPort)
    {
        var listen = Remote.Listen;
        if (listen.Port != 0 || apiPort is 0 or 65_535) return listen;
        var wanted = new IPEndPoint(listen.Address, apiPort + 1);
        try
        {
            using var probe = new TcpListener(wanted);
            probe.Start();
            return wanted;
        }
        catch (SocketException)
        {
            return listen;
        }
    }

    /// <summary>Reads the keys. Throws <see cref="HoconException"/> for a value that a key cannot have, a missing connection string included.</summary>
    public static MemberConfiguration From(IConfiguration values)
    {
        var provider = values.Get<string>("akka.persistence.journal.sql.provider-name", "sqlite or postgresql", Text(t => t is "sqlite" or "postgresql"));
        var connection = values.Get<string>("akka.persistence.journal.sql.connection-string", "a connection string where the provider is postgresql, else empty",
            Text(t => t.Length > 0 == (provider == "postgresql")));
        var id = values.Get<string>("orchestrator.cluster.member-id", "a name, or empty", Text(t => t.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.')));
        return new MemberConfiguration
        {
            Id = id.Length > 0 ? id : Environment.MachineName.ToLowerInvariant(),
            Postgres = connection.Length > 0 ? connection : null,
            Lease = values.GetTimeSpan("orchestrator.cluster.lease"),
            Roles = values.GetTexts("akka.cluster.roles"),
            Remote = RemoteConfiguration.From(values, MemberRemoting.Messages),
        };
    }

    private static ConfigurationReading.Parser<string> Text(Func<string, bool> fits) => (string text, [MaybeNullWhen(false)] out string value) => fits(value = text);
}
