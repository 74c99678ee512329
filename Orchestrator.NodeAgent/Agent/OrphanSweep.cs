using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Runtime;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>Removes what the engine has of pods that are no more.</summary>
internal static class OrphanSweep
{
    /// <summary>Containers first, in parallel, then their sandboxes.</summary>
    public static async Task RemoveAsync(IContainerRuntime runtime, IReadOnlyList<ContainerState> states, TimeSpan grace, CancellationToken cancel)
    {
        var containers = states.Where(s => PodLabels.Get(s.Labels, PodLabels.Role) != PodLabels.SandboxRole);
        await Task.WhenAll(containers.Select(async c =>
        {
            if (c.Phase == ContainerPhase.Running) await runtime.StopContainerAsync(c.Id, grace, cancel).ConfigureAwait(false);
            await runtime.RemoveContainerAsync(c.Id, cancel).ConfigureAwait(false);
        })).ConfigureAwait(false);
        foreach (var sandbox in states.Where(s => PodLabels.Get(s.Labels, PodLabels.Role) == PodLabels.SandboxRole)) await runtime.RemoveSandboxAsync(sandbox.Id, cancel).ConfigureAwait(false);
    }
}
