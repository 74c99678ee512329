using System.Collections.Concurrent;

namespace Orchestrator.NodeAgent.Runtime.Docker;

/// <summary>
/// What containers use, straight from the kernel: one look for all, and the engine's own statistics fail for containers whose sandbox has networking disabled in the engine. The engine only
/// says which run, since when and as which process.
/// </summary>
internal sealed class DockerUsage(Func<string, CancellationToken, Task<ContainerState?>> inspect, TimeProvider time)
{
    private const int ParallelInspections = 16;

    /// <summary>Reads what those that run use; who ends meanwhile is left out.</summary>
    public async Task<IReadOnlyList<ContainerUsage>> ReadAsync(IEnumerable<ContainerSummary> running, string? driver, CancellationToken cancel)
    {
        var usage = new ConcurrentBag<ContainerUsage>();
        await Parallel.ForEachAsync(running, new ParallelOptions { MaxDegreeOfParallelism = ParallelInspections, CancellationToken = cancel }, async (summary, token) =>
        {
            if (await inspect(summary.Id, token).ConfigureAwait(false) is { Phase: ContainerPhase.Running } state && Read(state, driver) is { } read)
            {
                usage.Add(read);
            }
        }).ConfigureAwait(false);
        return [.. usage];
    }

    private ContainerUsage? Read(ContainerState state, string? driver)
    {
        var parent = state.Labels.GetValueOrDefault(DockerLabels.CgroupParent);
        if (CgroupUsage.Read(CgroupTree.OfContainer(parent, state.Id, driver), time.GetUtcNow()) is not { } own)
        {
            return null;
        }

        var sandbox = state.Labels.GetValueOrDefault(DockerLabels.Role) == DockerLabels.SandboxRole;
        return new ContainerUsage(state.Id, state.Labels)
        {
            StartedAt = state.StartedAt,
            Own = own,
            Pod = sandbox && parent is not null ? CgroupUsage.Read(CgroupTree.OfPod(parent, driver), time.GetUtcNow()) : null,
            // On the host's network the interfaces are the node's.
            Interfaces = sandbox && state.Ip is not null ? InterfaceCounters.Of(state.Pid) : null,
        };
    }
}
