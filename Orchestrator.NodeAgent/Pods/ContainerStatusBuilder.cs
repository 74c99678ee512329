using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Pods;

/// <summary>Why a container is not running yet: the waiting reason and its message.</summary>
public sealed record WaitingReason(string Reason, string Message);

/// <summary>A container's status in the kubelet's words. Pure.</summary>
public static class ContainerStatusBuilder
{
    /// <summary>Prefix of container ids.</summary>
    public const string IdPrefix = "docker://";

    /// <summary>Builds the status of one container.</summary>
    /// <param name="container">From the spec.</param>
    /// <param name="input">The pod's facts.</param>
    /// <param name="podInitializing">Whether the containers still wait for init containers.</param>
    public static ContainerStatus Build(PodContainer container, PodStatusInput input, bool podInitializing)
    {
        var newest = input.Observed.Newest(container.Name);
        var health = input.Health.GetValueOrDefault(container.Name, ContainerHealth.Unknown);
        var status = new ContainerStatus
        {
            Name = container.Name,
            Image = newest?.Image is { Length: > 0 } image ? image : container.Spec.Image,
            ImageID = newest?.ImageId is { Length: > 0 } id ? IdPrefix + id : "",
            ContainerID = newest is null ? "" : IdPrefix + newest.Id,
            RestartCount = newest?.Attempt ?? 0,
        };
        var waiting = Waiting(container, input, newest);
        if (newest is null || (newest.Phase == Runtime.ContainerPhase.Created && !newest.HasEnded))
        {
            waiting ??= new WaitingReason(podInitializing || (container.Kind is ContainerKind.Init or ContainerKind.Sidecar) ? "PodInitializing" : "ContainerCreating", "");
            status.State.Waiting = ToState(waiting);
            if (newest is not null && input.Observed.Previous(container.Name) is { HasEnded: true } before) status.LastTerminationState.Terminated = Terminated(before);
        }
        else if (newest.IsRunning)
        {
            status.State.Running = new ContainerStateRunning { StartedAt = Second(newest.StartedAt) };
            if (input.Observed.Previous(container.Name) is { HasEnded: true } previous) status.LastTerminationState.Terminated = Terminated(previous);
        }
        else if (waiting is not null && !input.Final)
        {
            status.State.Waiting = ToState(waiting);
            status.LastTerminationState.Terminated = Terminated(newest);
        }
        else
        {
            status.State.Terminated = Terminated(newest);
            if (input.Observed.Previous(container.Name) is { HasEnded: true } previous) status.LastTerminationState.Terminated = Terminated(previous);
        }
        var running = status.State.Running is not null;
        status.Started = running && health.Started;
        status.Ready = container.Kind switch
        {
            ContainerKind.Init => status.State.Terminated is { ExitCode: 0 },
            ContainerKind.Ephemeral => false,
            _ => running && health.Started && health.Ready,
        };
        return status;
    }

    private static WaitingReason? Waiting(PodContainer container, PodStatusInput input, ObservedContainer? newest)
    {
        if (newest is { IsRunning: true }) return null;
        if (input.StartErrors.TryGetValue(container.Name, out var error)) return error;
        return input.BackingOff.TryGetValue(container.Name, out var delay)
            ? new WaitingReason("CrashLoopBackOff", $"back-off {RestartBackOff.Format(delay)} restarting failed container={container.Name} pod={PodContainers.Format(input.Pod)}")
            : null;
    }

    private static ContainerStateWaiting ToState(WaitingReason waiting) => new() { Reason = waiting.Reason, Message = waiting.Message };

    /// <summary>The terminated state: Completed, Error, OOMKilled, or ContainerCannotRun where the engine refused to start it.</summary>
    private static ContainerStateTerminated Terminated(ObservedContainer container)
    {
        var refused = container.StartedAt is null && container.Error.Length > 0;
        return new ContainerStateTerminated
        {
            ExitCode = refused && container.ExitCode == 0 ? 128 : container.ExitCode,
            Reason = refused ? "ContainerCannotRun" : container.OomKilled ? "OOMKilled" : container.ExitCode == 0 ? "Completed" : "Error",
            Message = refused ? container.Error : container.TerminationMessage,
            StartedAt = Second(container.StartedAt ?? container.CreatedAt),
            FinishedAt = Second(container.FinishedAt ?? container.CreatedAt),
            ContainerID = IdPrefix + container.Id,
        };
    }

    /// <summary>metav1.Time has whole seconds; keeping fractions would make equal statuses look different.</summary>
    private static DateTimeOffset? Second(DateTimeOffset? time) => time is { } t ? new DateTimeOffset(t.Ticks - (t.Ticks % TimeSpan.TicksPerSecond), t.Offset) : null;
}
