using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Orchestrator.Engine.Configuration;

namespace Orchestrator.Engine.Persistence.Sql.Postgres;

/// <summary>How to reach the database of a cluster.</summary>
/// <param name="ConnectionString">Npgsql's form: <c>Host=db;Database=orchestrator;Username=…;Password=…</c>.</param>
public sealed record PostgresSettings(string ConnectionString)
{
    /// <summary>A statement that takes longer counts as a lost connection.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the opening waits for a database that cannot be reached (it may just be starting).</summary>
    public TimeSpan OpenPatience { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Connections for reads at most.</summary>
    public int MaxReaders { get; init; } = 16;

    /// <summary>For connections that only call functions: the server ends one whose client was stopped between its call and its commit, so that it does not hold a lock for long.</summary>
    internal const string NeverIdleInTransaction = " -c idle_in_transaction_session_timeout=3s";

    /// <summary>Gets told about lost and regained connections.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>Jitter of the pauses between attempts to connect.</summary>
    public Random Random { get; init; } = Random.Shared;

    /// <summary>The connection string from <c>akka.persistence.journal.sql.connection-string</c>.</summary>
    public static PostgresSettings From(IConfiguration configuration) => new(configuration.GetText("akka.persistence.journal.sql.connection-string"));

    /// <summary>The database in words, without the password.</summary>
    internal string Name
    {
        get
        {
            var builder = new NpgsqlConnectionStringBuilder(ConnectionString);
            return $"The PostgreSQL database {builder.Database} at {builder.Host}:{builder.Port}";
        }
    }

    /// <summary>Connections for one purpose, which their name tells in pg_stat_activity.</summary>
    internal NpgsqlDataSource Source(string purpose, Action<NpgsqlConnectionStringBuilder>? change = null)
    {
        var builder = new NpgsqlConnectionStringBuilder(ConnectionString)
        {
            ApplicationName = $"orchestrator {purpose}",
            CommandTimeout = Math.Max(1, (int)CommandTimeout.TotalSeconds),
            Timeout = 5,
            // A server that does not answer a statement in time will not answer its cancellation either.
            CancellationTimeout = -1,
            TcpKeepAlive = true,
            TcpKeepAliveTime = 3,
            TcpKeepAliveInterval = 1,
        };
        // The server's side notices a member that is cut off as soon, and gives up what it has under way.
        builder.Options = $"{builder.Options} -c tcp_keepalives_idle=3 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=3 -c tcp_user_timeout=6000".TrimStart();
        change?.Invoke(builder);
        return new NpgsqlDataSourceBuilder(builder.ToString()).Build();
    }
}
