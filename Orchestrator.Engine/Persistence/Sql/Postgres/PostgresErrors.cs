using System.Net.Sockets;
using Npgsql;

namespace Orchestrator.Engine.Persistence.Sql.Postgres;

/// <summary>What PostgreSQL's errors mean for the journal.</summary>
internal static class PostgresErrors
{
    /// <summary>
    /// The connection is of no more use, and another one, now or later, may be: the server stops, starts, is cut off, has no connection to spare, or only reads
    /// (a standby). What ran when it came has an unknown outcome.
    /// </summary>
    public static bool IsConnectionLost(Exception error) => error switch
    {
        PostgresException { InvariantSeverity: "FATAL" or "PANIC" } => true,
        PostgresException { SqlState: { } state } => state.StartsWith("08", StringComparison.Ordinal) || state.StartsWith("57", StringComparison.Ordinal)
            || state is PostgresErrorCodes.TooManyConnections or PostgresErrorCodes.ReadOnlySqlTransaction,
        NpgsqlException or IOException or SocketException or TimeoutException => true,
        _ => false,
    };

    /// <summary>The database is damaged.</summary>
    public static JournalUnusableException? Explain(Exception error, string database) => error is PostgresException
    {
        SqlState: PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted
    } damaged
        ? new JournalUnusableException($"{database} is damaged ({damaged.MessageText}). Restore it from a backup.", error)
        : null;

    /// <summary>Why a database cannot be opened at all, in words that say what to do.</summary>
    public static JournalUnusableException CannotOpen(Exception error, string database) => new(error switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } => $"{database} does not exist. Make it: CREATE DATABASE … ENCODING 'UTF8'.",
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } refused =>
            $"{database} refuses the user ({refused.MessageText}). Check the connection string.",
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } refused =>
            $"{database} cannot be written ({refused.MessageText}). The user must own the database, or have CREATE on its schema.",
        PostgresException other => $"{database} cannot be used ({other.MessageText}).",
        _ => $"{database} cannot be reached ({error.Message}). Check that it runs, and the connection string.",
    }, error);
}
