using Orchestrator.Api.LocalCluster;

namespace Orchestrator.Api.Commands;

/// <summary><c>orchestrator down</c>: stops the cluster's processes and leaves its containers running.</summary>
public sealed class DownCommand(Progress progress, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Returns when the processes have ended. Nothing happens where none runs.</summary>
    public async Task RunAsync(ClusterDirectory directory, CancellationToken cancel)
    {
        using var process = directory.Running();
        if (process is null && !LocalClusterHost.IsAnythingRunning(directory))
        {
            progress.Say($"no cluster is running on {directory.Path}");
            return;
        }
        if (process is not null)
        {
            progress.Step($"stopping process {process.Id}");
            var pid = process.Id;
            if (!await ProcessTable.StopAsync(pid, ProcessTable.SigTerm, () => ProcessTable.Runs(pid, "orchestrator"), Patience, time, cancel))
                throw new CommandFailure($"process {pid} has not stopped within {Patience.TotalSeconds:0} s; its log is {directory.Log}.");
        }
        // What a supervisor that was killed has left.
        await LocalClusterHost.StopAllAsync(directory, time, cancel);
        progress.Done("stopped; the workload's containers keep running ('orchestrator up' takes them over again)");
    }
}
