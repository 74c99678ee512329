using Microsoft.Extensions.Logging;

namespace Orchestrator.Engine.Persistence.Sql.Postgres;

/// <summary>What the PostgreSQL provider logs.</summary>
internal static partial class PostgresLog
{
    [LoggerMessage(EventId = 100, Level = LogLevel.Warning, Message = "{Database}: the {Purpose} lost its connection ({Reason}); it is tried again in {Pause}")]
    public static partial void ConnectionLost(ILogger logger, string database, string purpose, string reason, TimeSpan pause);

    [LoggerMessage(EventId = 101, Level = LogLevel.Warning, Message = "{Database}: the {Purpose} is connected again")]
    public static partial void Reconnected(ILogger logger, string database, string purpose);

    [LoggerMessage(EventId = 102, Level = LogLevel.Warning, Message = "{Database}: a write of {Rows} rows whose connection was lost {Outcome}")]
    public static partial void OutcomeFound(ILogger logger, string database, int rows, string outcome);
}
