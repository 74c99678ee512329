using System.Runtime.InteropServices;

namespace Orchestrator.Api.Commands;

/// <summary><c>orchestrator down</c>: stops the cluster's process and leaves its containers running.</summary>
public sealed partial class DownCommand(Progress progress, TimeProvider time)
{
    private const int SigTerm = 15;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>Returns when the process has ended. Nothing happens where none runs.</summary>
    public async Task RunAsync(ClusterDirectory directory, CancellationToken cancel)
    {
        using var process = directory.Running();
        if (process is null)
        {
            progress.Say($"no cluster is running on {directory.Path}");
            return;
        }
        progress.Step($"stopping process {process.Id}");
        if (Kill(process.Id, SigTerm) != 0 && !process.HasExited) throw new CommandFailure($"process {process.Id} could not be signalled; run this as the user that started the cluster.");
        try
        {
            await process.WaitForExitAsync(cancel).WaitAsync(Deadline, time, cancel);
        }
        catch (TimeoutException)
        {
            throw new CommandFailure($"process {process.Id} has not stopped within {Deadline.TotalSeconds:0} s; its log is {directory.Log}.");
        }
        progress.Done("stopped; the workload's containers keep running ('orchestrator up' takes them over again)");
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
