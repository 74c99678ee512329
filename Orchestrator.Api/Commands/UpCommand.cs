using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Orchestrator.Api.Commands;

/// <summary><c>orchestrator up</c>: starts a cluster in the foreground, or detached as a process of its own.</summary>
public sealed class UpCommand(Progress progress, TimeProvider time)
{
    private static readonly TimeSpan ReadyDeadline = TimeSpan.FromMinutes(2);

    // A process in the background gives up by itself and says why; whoever waits for it must not give up first.
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(15);

    /// <summary>In the foreground: returns after SIGINT or SIGTERM, when everything has stopped. The containers keep running.</summary>
    public async Task RunAsync(UpOptions options, CancellationToken cancel)
    {
        var configuration = ClusterConfiguration.Load(options);
        var directory = await PrepareAsync(options, cancel);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        progress.Step($"starting the control plane on {directory.Path}");
        await using var host = await ClusterHost.StartAsync(configuration, directory, time, stop.Token);
        directory.WritePid();
        try
        {
            await host.WaitUntilReadyAsync(progress, ReadyDeadline, stop.Token);
            SayWhatNext(directory, options);
            await host.StoppedAsync(stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            progress.Step("stopping; the workload's containers keep running");
        }
        finally
        {
            directory.RemovePid();
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true; // ours to handle: an orderly stop instead of the runtime's exit
            stop.Cancel();
        }
    }

    /// <summary>Starts a process of its own and returns when the API and the nodes are ready.</summary>
    public async Task RunDetachedAsync(UpOptions options, CancellationToken cancel)
    {
        ClusterConfiguration.Load(options); // what is wrong with it is better said here than in a log
        var directory = await PrepareAsync(options, cancel);
        progress.Step($"starting the cluster in the background (log: {directory.Log})");
        File.Delete(directory.File("ready"));
        using var child = Launch(options, directory);
        await WaitForChildAsync(child, directory, cancel);
        progress.Done($"the API and {(options.Nodes == 1 ? "the node are" : $"{options.Nodes} nodes are")} ready");
        SayWhatNext(directory, options);
    }

    private async Task<ClusterDirectory> PrepareAsync(UpOptions options, CancellationToken cancel)
    {
        var directory = new ClusterDirectory(options.Data);
        using var running = directory.Running();
        if (running is not null) throw new CommandFailure($"a cluster is already running on {directory.Path} (process {running.Id}); 'orchestrator down' stops it.");
        await new Prerequisites(progress, time).EnsureAsync(cancel);
        directory.EnsureClusterId();
        return directory;
    }

    private static Process Launch(UpOptions options, ClusterDirectory directory)
    {
        // A session of its own, its output in a file: it has to outlive this command and the terminal.
        var info = new ProcessStartInfo("setsid", ["sh", "-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", directory.Log, Environment.ProcessPath!, "up", .. options.Arguments]);
        return Process.Start(info) ?? throw new CommandFailure("setsid does not start.");
    }

    private async Task WaitForChildAsync(Process child, ClusterDirectory directory, CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        while (!File.Exists(directory.File("ready")))
        {
            if (child.HasExited) throw new CommandFailure($"the cluster did not start: {LastLine(directory.Log)}");
            if (time.GetElapsedTime(started) > ReadyDeadline + LastWords) throw new CommandFailure($"the cluster is not ready after {ReadyDeadline.TotalSeconds:0} s; its log is {directory.Log}.");
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancel);
        }
    }

    private static string LastLine(string log) => File.Exists(log) ? File.ReadLines(log).LastOrDefault(l => l.Trim().Length > 0) ?? "" : "";

    private void SayWhatNext(ClusterDirectory directory, UpOptions options) => progress.Say($"""

        The cluster is running. What to do next:

          export KUBECONFIG={directory.Kubeconfig}
          kubectl get nodes
          kubectl apply -f your-manifest.yaml

        './orchestrator down{Data(options)}' stops it and leaves containers running; './orchestrator reset{Data(options)}' removes everything.
        """);

    private static string Data(UpOptions options) => options.Data == ClusterDirectory.Default ? "" : $" --data {options.Data}";
}
