using Orchestrator.Api.LocalCluster;

namespace Orchestrator.Api.Commands;

/// <summary>Starts this program once more, as a process of its own that outlives this one and the terminal; its output goes to the directory's log.</summary>
internal sealed class BackgroundProcess(ClusterDirectory directory, TimeProvider time)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    // The process gives up by itself and says why; whoever waits for it must not give up first.
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(15);

    /// <summary>Returns when it has left the file <c>ready</c>. Throws <see cref="CommandFailure"/> with its last words where it ends before, or takes too long.</summary>
    public async Task StartAsync(string what, IEnumerable<string> arguments, TimeSpan deadline, CancellationToken cancel)
    {
        File.Delete(directory.File("ready"));
        using var child = ProcessTable.Launch(directory.Log, Environment.ProcessPath!, arguments);
        var started = time.GetTimestamp();
        while (!File.Exists(directory.File("ready")))
        {
            if (child.HasExited) throw new CommandFailure($"{what} did not start: {LastLine(directory.Log)}");
            if (time.GetElapsedTime(started) > deadline + LastWords) throw new CommandFailure($"{what} is not ready after {deadline.TotalSeconds:0} s; its log is {directory.Log}.");
            await Task.Delay(Look, time, cancel);
        }
    }

    private static string LastLine(string log) => File.Exists(log) ? File.ReadLines(log).LastOrDefault(l => l.Trim().Length > 0) ?? "" : "";
}
