namespace Orchestrator.Actors.Scheduling.Plugins;

/// <summary>A pod waits while its spec has scheduling gates.</summary>
public sealed class SchedulingGates : IPreEnqueuePlugin
{
    /// <inheritdoc/>
    public string Name => "SchedulingGates";

    /// <inheritdoc/>
    public bool Admits(PodInfo pod) => !pod.Gated;
}
