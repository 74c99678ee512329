using Orchestrator.Engine.Actor;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Probes;

/// <summary>A probe's threshold was reached, for the pod's worker.</summary>
public sealed record ProbeVerdict(string ContainerId, string Container, ProbeKind Kind, bool Success);

/// <summary>One probe failed, for the Unhealthy event.</summary>
public sealed record ProbeFailed(string ContainerId, string Container, ProbeKind Kind, string Message);

/// <summary>
/// One probe of one running container: waits the initial delay, then probes every period, one at a time, and tells its parent each failure and each verdict that
/// differs from the last one. Stopped by the parent together with the container.
/// </summary>
public sealed class ProbeActor : ReceiveActor, IWithTimers
{
    private readonly ProbeKind _kind;
    private readonly Probe _probe;
    private readonly ProbeTarget _target;
    private readonly Prober _prober;
    private readonly CancellationTokenSource _stopped = new();
    private ProbeCounter _counter = ProbeCounter.Start;
    private bool? _told;
    private bool _running;

    /// <param name="kind">Which one.</param>
    /// <param name="probe">Its spec.</param>
    /// <param name="target">Its container.</param>
    /// <param name="prober">Runs it.</param>
    public ProbeActor(ProbeKind kind, Probe probe, ProbeTarget target, Prober prober)
    {
        (_kind, _probe, _target, _prober) = (kind, probe, target, prober);
        Receive<Due>(_ => OnDue());
        Receive<ProbeOutcome>(OnOutcome);
        Receive<Status.Failure>(failure =>
        {
            _running = false;
            // The engine is away: no verdict. The pod's worker hears of it through the node.
            if (failure.Cause is not (RuntimeUnavailableException or OperationCanceledException)) throw new InvalidOperationException("probe failed unexpectedly", failure.Cause);
        });
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override void PreStart()
    {
        var period = TimeSpan.FromSeconds(Math.Max(1, _probe.PeriodSeconds));
        Timers.StartPeriodicTimer("due", Due.Now, TimeSpan.FromSeconds(_probe.InitialDelaySeconds), period);
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _stopped.Cancel();
        _stopped.Dispose();
    }

    private void OnDue()
    {
        if (_running) return;
        _running = true;
        var cancel = _stopped.Token;
        Task.Run(() => _prober.ProbeAsync(_probe, _target, cancel), cancel).PipeTo(Self);
    }

    private void OnOutcome(ProbeOutcome outcome)
    {
        _running = false;
        if (!outcome.Success) Context.Parent.Tell(new ProbeFailed(_target.ContainerId, _target.Container.Name, _kind, outcome.Message));
        (_counter, var verdict) = _counter.Count(outcome.Success, _probe);
        if (verdict is not { } success || success == _told) return;
        _told = success;
        Context.Parent.Tell(new ProbeVerdict(_target.ContainerId, _target.Container.Name, _kind, success));
    }

    private sealed class Due
    {
        public static readonly Due Now = new();
    }
}
