using Microsoft.Extensions.Logging;
using Orchestrator.Engine.Actor;

namespace Orchestrator.Actors;

/// <summary>
/// Makes again what every cluster has and somebody has deleted (upstream's kubernetesservice, system namespaces and the like, at the pace of the first). A singleton.
/// </summary>
internal sealed class ClusterUpkeepActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stopped = new();
    private bool _busy;

    /// <param name="ensure">Makes what is missing, and does nothing where nothing is.</param>
    /// <param name="logging">For what cannot be made now; it is tried again.</param>
    public ClusterUpkeepActor(Func<CancellationToken, Task> ensure, ILoggerFactory logging)
    {
        var log = logging.CreateLogger<ClusterUpkeepActor>();
        Receive<Look>(_ =>
        {
            if (_busy) return;
            _busy = true;
            ensure(_stopped.Token).PipeTo(Self, null, () => Done.Instance);
        });
        Receive<Done>(_ => _busy = false);
        Receive<Status.Failure>(failure =>
        {
            _busy = false;
            log.LogWarning("what every cluster has could not be looked after: {Why}", failure.Cause.Message);
        });
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override void PreStart() => Timers.StartPeriodicTimer(nameof(Look), Look.Instance, Interval);

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _stopped.Cancel();
        _stopped.Dispose();
    }

    private sealed record Look
    {
        public static Look Instance { get; } = new();
    }

    private sealed record Done
    {
        public static Done Instance { get; } = new();
    }
}
