using Microsoft.Extensions.Logging;
using Orchestrator.Actors.Resources;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Persistence;

namespace Orchestrator.Actors.Caching;

/// <summary>Keeps this member's watch windows to the retention time, every minute, as the journal's compaction does with the journal for all members.</summary>
public sealed partial class CacheWindowActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly ILogger _log;

    /// <param name="services">Shared services.</param>
    /// <param name="journal">The journal.</param>
    public CacheWindowActor(ControlPlaneServices services, IJournal journal)
    {
        _log = services.Logging.CreateLogger<CacheWindowActor>();
        Receive<Look>(_ => journal.OrderingAtAsync(services.Time.GetUtcNow() - services.Options.Retention).AsTask().PipeTo(Self, Self, upTo => new WindowEnd(upTo)));
        Receive<WindowEnd>(end =>
        {
            services.Cache.Forget(end.Ordering);
            Again();
        });
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

    private void Again() => Timers.StartSingleTimer(nameof(Look), Look.Instance, Interval);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the end of the watch windows could not be found; it is looked for again in a minute")]
    private static partial void LogFailed(ILogger log, Exception cause);

    private sealed record WindowEnd(long Ordering);

    private sealed record Look
    {
        public static Look Instance { get; } = new();
    }
}
