using Microsoft.Extensions.Logging;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Persistence;

namespace Orchestrator.Actors.Resources;

/// <summary>Compacts the journal to the retention time, every minute. A singleton: once for all members.</summary>
public sealed partial class JournalMaintenanceActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly ControlPlaneServices _services;
    private readonly IJournal _journal;
    private readonly ILogger _log;

    /// <param name="services">Shared services.</param>
    /// <param name="journal">The journal.</param>
    public JournalMaintenanceActor(ControlPlaneServices services, IJournal journal)
    {
        (_services, _journal, _log) = (services, journal, services.Logging.CreateLogger<JournalMaintenanceActor>());
        Receive<Compact>(_ => CompactAsync().PipeTo(Self));
        Receive<Compacted>(_ => Again());
        Receive<Status.Failure>(failure =>
        {
            LogFailed(_log, failure.Cause);
            Again();
        });
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override void PreStart() => Again();

    private void Again() => Timers.StartSingleTimer(nameof(Compact), Compact.Instance, Interval);

    private async Task<object> CompactAsync()
    {
        var upTo = await _journal.OrderingAtAsync(_services.Time.GetUtcNow() - _services.Options.Retention);
        if (upTo > _journal.CompactedTo) await _journal.CompactAsync(upTo);
        return Compacted.Instance;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "journal compaction failed; it is tried again in a minute")]
    private static partial void LogFailed(ILogger log, Exception cause);

    private sealed record Compacted
    {
        public static Compacted Instance { get; } = new();
    }

    private sealed record Compact
    {
        public static Compact Instance { get; } = new();
    }
}
