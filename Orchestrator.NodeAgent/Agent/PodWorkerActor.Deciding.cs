using Orchestrator.Engine.Actor;
using Orchestrator.NodeAgent.Pods;
using Orchestrator.Resources.Workloads;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>From the picture to the next steps, and their start.</summary>
internal sealed partial class PodWorkerActor
{
    // ---- deciding

    private void Reconcile()
    {
        if (_released)
        {
            if (_objectGone) Release();
            else if (Deleted) CleanUp(everything: true);
            return;
        }
        // What the clean-up removes is not news: the status keeps how the containers ended.
        if (_busy.ContainsKey("clean-up")) return;
        CheckDeadline();
        if (Stopping && _stoppingSince is null && (Deleted || _failure is not null))
        {
            _stoppingSince = Now;
            _health.StopLiveness();
        }
        if (!_runtimeUp)
        {
            ReportStatus();
            return;
        }
        if (!Stopping) MountVolumes();
        var actions = PodPlan.Next(Input());
        if (actions.Finished) _finished = true;
        foreach (var name in actions.BackingOff.Keys) ReportBackOff(name);
        _backingOff = actions.BackingOff;
        foreach (var name in actions.BackingOff.Where(b => b.Value > TimeSpan.Zero && _startErrors.GetValueOrDefault(b.Key)?.Reason == "RunContainerError").Select(b => b.Key)) _startErrors.Remove(name);
        Carry(actions);
        if (actions.Stopped)
        {
            ReportStatus();
            CleanUp(everything: Deleted);
            return;
        }
        if (NextWake(actions) is { } at) Timers.StartSingleTimer("wake", Wake.Look, at > Now ? at - Now : TimeSpan.Zero);
        ReportStatus();
    }

    /// <summary>Once per try that has to wait; the control plane counts the repetitions on one event.</summary>
    private void ReportBackOff(string container)
    {
        if (_observed.Newest(container) is not { } ended || Containers.FirstOrDefault(c => c.Name == container) is not { } spec) return;
        if (_backOffReported.TryGetValue(container, out var id) && id == ended.Id) return;
        _backOffReported[container] = ended.Id;
        _services.Events.Warning(Pod, spec.FieldPath, "BackOff", $"Back-off restarting failed container {container} in pod {PodContainers.Format(Pod)}");
    }

    private PodPlanInput Input() => new()
    {
        Spec = Pod.Spec,
        Containers = Containers,
        Observed = _observed,
        Busy = _busy.Keys.Where(k => k is not ("volumes" or "clean-up")).ToHashSet(),
        Health = _health.ByName,
        RetryAt = _retryAt,
        Stopping = Stopping,
        VolumesReady = _volumes is not null && _services.Objects.ServicesKnown && _services.Objects.Knows(PodReferences.Of(Pod)),
        Now = Now,
    };

    private DateTimeOffset? NextWake(PodActions actions)
    {
        var times = new List<DateTimeOffset>();
        if (actions.WakeAt is { } at) times.Add(at);
        if (_retryAt.TryGetValue("volumes", out var volumes) && volumes > Now) times.Add(volumes);
        if (!Stopping && DeadlineAt() is { } deadline) times.Add(deadline);
        return times.Count > 0 ? times.Min() : null;
    }

    private DateTimeOffset? DeadlineAt() =>
        Pod.Spec.ActiveDeadlineSeconds is { } seconds && (_reporter.Last?.StartTime ?? Pod.Status.StartTime) is { } start ? start.AddSeconds(seconds) : null;

    private void CheckDeadline()
    {
        if (Stopping || DeadlineAt() is not { } at || at > Now) return;
        _failure = new WaitingReason("DeadlineExceeded", "Pod was active on the node longer than the specified deadline");
        _services.Events.Normal(Pod, "", "DeadlineExceeded", _failure.Message);
    }

    private void MountVolumes()
    {
        if ((_volumes is not null && !_volumesStale) || _busy.ContainsKey("volumes") || !_services.Objects.Knows(PodReferences.Of(Pod))) return;
        if (_retryAt.TryGetValue("volumes", out var at) && at > Now) return;
        _volumesStale = false;
        var (pod, volumes, ip, operations) = (Pod, _podVolumes, PodIp, _operations);
        Begin("volumes", cancel => operations.MountVolumesAsync(pod, volumes, ip, cancel));
    }

    // ---- carrying out

    private void Carry(PodActions actions)
    {
        var (pod, operations, ip, self) = (Pod, _operations, PodIp, Self);
        if (actions.CreateSandbox is { } attempt && !_busy.ContainsKey(""))
        {
            if (attempt > 0) _services.Events.Normal(Pod, "", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
            Begin("", cancel => operations.StartSandboxAsync(pod, attempt, cancel));
        }
        else if (actions.RemoveSandboxes.Count > 0 && !_busy.ContainsKey(""))
        {
            var ids = actions.RemoveSandboxes;
            Begin("", cancel => operations.RemoveSandboxesAsync(ids, cancel));
        }
        foreach (var kill in actions.Kill)
        {
            if (Find(kill.Name) is { } container) Kill(container, kill);
        }
        foreach (var start in actions.Start)
        {
            var volumes = _volumes!;
            Begin(start.Container.Name, cancel => operations.StartContainerAsync(pod, start, ip, volumes, self, cancel));
        }
    }

    private void Kill(PodContainer container, KillContainer kill)
    {
        var grace = Grace(container);
        var (pod, operations, ip) = (Pod, _operations, PodIp);
        Begin(kill.Name, cancel => operations.KillContainerAsync(pod, container, kill, ip, grace, cancel), grace);
    }

    /// <summary>What is left of the pod's grace; a failed probe's own grace where it has one.</summary>
    private TimeSpan Grace(PodContainer container)
    {
        var whole = TimeSpan.FromSeconds(Pod.Metadata.DeletionGracePeriodSeconds ?? Pod.Spec.TerminationGracePeriodSeconds ?? 30);
        if (_objectGone) whole = TimeSpan.FromSeconds(Math.Min(1, whole.TotalSeconds));
        if (_stoppingSince is { } since) return whole <= TimeSpan.Zero ? TimeSpan.Zero : whole - (Now - since) is var left && left > TimeSpan.FromSeconds(1) ? left : TimeSpan.FromSeconds(1);
        return _health.ByName.GetValueOrDefault(container.Name)?.KillReason is not null && container.Spec.LivenessProbe?.TerminationGracePeriodSeconds is { } own ? TimeSpan.FromSeconds(own) : whole;
    }

    /// <summary>A shorter grace than the one a kill is under way with (<c>kubectl delete --force</c>) starts the kill over with the shorter one; starts are given up.</summary>
    private void HastenKills()
    {
        if (!Deleted) return;
        foreach (var (name, operation) in _busy.Where(b => b.Key is not ("" or "volumes" or "clean-up")).ToList())
        {
            if (operation.Grace is { } grace && Find(name) is { } container && Grace(container) >= grace - TimeSpan.FromSeconds(1)) continue;
            // The engine may still carry out what is given up here, so the clean-up looks for it.
            _startGivenUp |= operation.Grace is null;
            _busy.Remove(name);
            operation.Cancel.Cancel();
            operation.Cancel.Dispose();
        }
    }

    private void Begin(string name, Func<CancellationToken, Task<OperationDone>> step, TimeSpan? grace = null)
    {
        var id = ++_operation;
        var cancel = new CancellationTokenSource();
        _busy[name] = (id, cancel, grace);
        var token = cancel.Token;
        Task.Run(() => step(token), CancellationToken.None).PipeTo(Self, null, done => new OperationEnded(id, done),
            e => e is OperationCanceledException ? new OperationEnded(id, new OperationInterrupted(name)) : new Status.Failure(e));
    }
}
