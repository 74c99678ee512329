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
        return new ContainerState(found.Id, found.Name.TrimStart('/'), found.Config.Image, found.Image, phase, labels, found.Created.ToUniversalTime(), Time(found.State.StartedAt),
            phase == ContainerPhase.Running ? null : Time(found.State.FinishedAt), found.State.ExitCode, found.State.OOMKilled, found.State.Error ?? "", found.State.Pid,
            labels.GetValueOrDefault(DockerLabels.Ip));
    }

    /// <summary>Memory that cannot be reclaimed at once: usage without the inactive file cache, as the kubelet counts (cgroup v1 and v2 name the figure differently).</summary>
    public static long WorkingSet(MemoryStats? memory)
    {
        if (memory is null)
        {
            return 0;
        }

        var inactive = memory.Stats?.GetValueOrDefault("total_inactive_file") is > 0 and var v1 ? v1 : memory.Stats?.GetValueOrDefault("inactive_file") ?? 0;
        return Math.Max(0, memory.Usage - (long)Math.Min(inactive, long.MaxValue));
    }

    // The engine writes the year 1 for "never".
    private static DateTimeOffset? Time(DateTimeOffset time) => time.Year <= 1 ? null : time.ToUniversalTime();
}
