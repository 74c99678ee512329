using System.Globalization;
using Microsoft.Extensions.Logging;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Persistence;
using Orchestrator.Protocol.Resources;

namespace Orchestrator.Actors.Resources;

/// <summary>Keeps something to the retention time: every minute it finds where that ends in the journal, and has what is older forgotten.</summary>
public sealed partial class RetentionActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly ControlPlaneServices _services;
    private readonly IJournal _journal;
    private readonly TimeSpan _kept;
    private readonly Func<long, Task> _forget;
    private readonly ILogger _log;

    /// <param name="services">Shared services.</param>
    /// <param name="journal">The journal.</param>
    /// <param name="what">What is kept, for the log.</param>
    /// <param name="kept">How long.</param>
    /// <param name="forget">Forgets everything up to an ordering; may be called for the same one again.</param>
    public RetentionActor(ControlPlaneServices services, IJournal journal, string what, TimeSpan kept, Func<long, Task> forget)
    {
        (_services, _journal, _kept, _forget, _log) = (services, journal, kept, forget, services.Logging.CreateLogger<RetentionActor>());
        Receive<Look>(_ => ForgetAsync().PipeTo(Self));
        Receive<Forgotten>(_ => Again());
        Receive<Status.Failure>(failure =>
        {
            LogFailed(_log, what, failure.Cause);
            Again();
        });
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>Compacts the journal; one for all members.</summary>
    public static Props OfJournal(ControlPlaneServices services, IJournal journal) =>
        Props.Create(() => new RetentionActor(services, journal, "the journal", services.Options.Retention, upTo => upTo > journal.CompactedTo ? journal.CompactAsync(upTo).AsTask() : Task.CompletedTask));

    /// <summary>Shortens the watch windows of this member, and forgets what the journal has dropped.</summary>
    public static Props OfCache(ControlPlaneServices services, IJournal journal) => Props.Create(() => new RetentionActor(services, journal, "the watch windows", services.Options.Retention, async upTo =>
    {
        services.Cache.Forget(upTo);
        services.Cache.ForgetTombstones(await journal.ReadDroppedToAsync());
    }));

    /// <summary>Deletes Events that were last written longer ago than they are kept; one for all members. What times an Event tells does not count, as for upstream's leases in etcd.</summary>
    public static Props OfEvents(ControlPlaneServices services, IJournal journal)
    {
        var context = WriteContext.System("event-retention");
        return Props.Create(() => new RetentionActor(services, journal, "events", services.Options.EventLifetime, upTo =>
        {
            foreach (var entry in services.Cache.List("events"))
                if (entry.ResourceVersion <= upTo) services.Region.Tell(new DeleteResource(entry.Key, "v1", context, null, "Background", entry.Uid, entry.ResourceVersion.ToString(CultureInfo.InvariantCulture)), ActorRefs.NoSender);
            return Task.CompletedTask;
        }));
    }

    /// <inheritdoc/>
    protected override void PreStart() => Again();

    private void Again() => Timers.StartSingleTimer(nameof(Look), Look.Instance, Interval);

    private async Task<object> ForgetAsync()
    {
        await _forget(await _journal.OrderingAtAsync(_services.Time.GetUtcNow() - _kept));
        return Forgotten.Instance;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{What} could not be brought down to the retention time; it is tried again in a minute")]
    private static partial void LogFailed(ILogger log, string what, Exception cause);

    private sealed record Look
    {
        public static Look Instance { get; } = new();
    }

    private sealed record Forgotten
    {
        public static Forgotten Instance { get; } = new();
    }
}
