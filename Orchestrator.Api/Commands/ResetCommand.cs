using Orchestrator.Api.LocalCluster;

namespace Orchestrator.Api.Commands;

/// <summary><c>orchestrator reset</c>: stops the cluster and removes everything it has made: containers, networks, mounts, rules, data.</summary>
public sealed class ResetCommand(Progress progress, TimeProvider time)
{
    /// <summary>Safe to repeat, and on a directory where nothing was ever started.</summary>
    public async Task RunAsync(ClusterDirectory directory, CancellationToken cancel)
    {
        using (var running = directory.Running())
            if (running is not null || LocalClusterHost.IsAnythingRunning(directory)) await new DownCommand(progress, time).RunAsync(directory, cancel);
        if (directory.ClusterId is not { } clusterId)
        {
            progress.Say($"there is no cluster in {directory.Path}");
            return;
        }
        progress.Step("removing containers and networks");
        await ClusterNodes.RemoveAllAsync(directory, clusterId, cancel);
        progress.Step($"removing {directory.Path}");
        Directory.Delete(directory.Path, recursive: true);
        progress.Done("everything of the cluster is gone");
    }
}
