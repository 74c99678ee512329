namespace Orchestrator.NodeAgent.Runtime.Docker;

/// <summary>The engine's answers as ours. Pure.</summary>
internal static class ContainerStates
{
    public static ContainerState From(ContainerInspection found)
    {
        var labels = found.Config.Labels ?? new Dictionary<string, string>();
        var phase = found.State.Status switch
        {
            "created" => ContainerPhase.Created,
            "running" or "paused" or "restarting" => ContainerPhase.Running,
            _ => ContainerPhase.Exited,
        };
        var started = Time(found.State.StartedAt);
        return new ContainerState(found.Id, found.Name.TrimStart('/'), found.Config.Image, found.Image, phase, labels, found.Created.ToUniversalTime(), started,
            phase == ContainerPhase.Running ? null : End(started, Time(found.State.FinishedAt)), found.State.ExitCode, found.State.OOMKilled, found.State.Error ?? "", found.State.Pid,
            labels.GetValueOrDefault(DockerLabels.Ip));
    }

    // The engine stamps the start only after its runtime has returned, so a container that ends at once may carry an end some milliseconds before its start. The end gives way:
    // the start may have been reported already, while the container still ran.
    private static DateTimeOffset? End(DateTimeOffset? started, DateTimeOffset? finished) => finished < started ? started : finished;

    // The engine writes the year 1 for "never".
    private static DateTimeOffset? Time(DateTimeOffset time) => time.Year <= 1 ? null : time.ToUniversalTime();
}
