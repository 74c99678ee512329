using System.Runtime.InteropServices;
using Orchestrator.Api.LocalCluster;

namespace Orchestrator.Api.Commands;

/// <summary><c>orchestrator up</c>: starts a cluster in the foreground, or detached as a process of its own.</summary>
public sealed class UpCommand(Progress progress, TimeProvider time)
{
    private static readonly TimeSpan ReadyDeadline = TimeSpan.FromMinutes(2);

    /// <summary>In the foreground: returns after SIGINT or SIGTERM, when everything has stopped. The containers keep running.</summary>
    public async Task RunAsync(UpOptions options, CancellationToken cancel)
    {
        options = Resumed(options);
        var configuration = ClusterConfiguration.Load(options);
        var directory = await PrepareAsync(configuration, options, cancel);
        if (directory is null) return;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        progress.Step($"starting the control plane on {directory.Path}");
        try
        {
            if (options.IsLocalCluster) await ServeSeveralAsync(configuration, options, directory, stop.Token);
            else await ServeAsync(configuration, options, directory, stop.Token);
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

    private async Task ServeAsync(ClusterConfiguration configuration, UpOptions options, ClusterDirectory directory, CancellationToken stop)
    {
        await using var host = await ClusterHost.StartAsync(configuration, directory, time, stop);
        directory.WritePid();
        await host.WaitUntilReadyAsync(progress, ReadyDeadline, stop);
        SayWhatNext(directory, options);
        await host.StoppedAsync(stop);
    }

    private async Task ServeSeveralAsync(ClusterConfiguration configuration, UpOptions options, ClusterDirectory directory, CancellationToken stop)
    {
        directory.WritePid(); // from here on processes of the cluster run that 'down' must find
        await using var host = await LocalClusterHost.StartAsync(configuration, options, directory, progress, time, stop);
        await File.WriteAllTextAsync(directory.File("ready"), "", stop);
        SayWhatNext(directory, options);
        await host.StoppedAsync(stop);
    }

    /// <summary>A cluster that was started with several members, or with simulated nodes, has them again, also where the command line does not repeat it.</summary>
    private static UpOptions Resumed(UpOptions options) => options with
    {
        Members = Math.Max(options.Members, LocalMember.Read(new ClusterDirectory(options.Data)).Count),
        SimulatedNodes = options.SimulatedNodes > 0 ? options.SimulatedNodes : new ClusterDirectory(options.Data).SimulatedNodes,
    };

    /// <summary>Starts a process of its own and returns when the API and the nodes are ready.</summary>
    public async Task RunDetachedAsync(UpOptions options, CancellationToken cancel)
    {
        options = Resumed(options);
        var configuration = ClusterConfiguration.Load(options); // what is wrong with it is better said here than in a log
        var directory = await PrepareAsync(configuration, options, cancel);
        if (directory is null) return;
        progress.Step($"starting the cluster in the background (log: {directory.Log})");
        await new BackgroundProcess(directory, time).StartAsync("the cluster", ["up", .. options.Arguments], ReadyDeadline, cancel);
        progress.Done($"the API and {(options.SimulatedNodes > 0 ? $"{options.SimulatedNodes} simulated nodes are" : options.Nodes == 1 ? "the node are" : $"{options.Nodes} nodes are")} ready");
        SayWhatNext(directory, options);
    }

    /// <summary>Null where the cluster runs already and had only missing members started.</summary>
    private async Task<ClusterDirectory?> PrepareAsync(ClusterConfiguration configuration, UpOptions options, CancellationToken cancel)
    {
        var directory = new ClusterDirectory(options.Data);
        using var running = directory.Running();
        if (running is not null && !options.IsLocalCluster)
            throw new CommandFailure($"a cluster is already running on {directory.Path} (process {running.Id}); 'orchestrator down' stops it.");
        var prerequisites = new Prerequisites(progress, time);
        if (options.SimulatedNodes == 0) await prerequisites.EnsureAsync(configuration.DockerSocket, cancel);
        if (options is { IsLocalCluster: true, Postgres: null }) await prerequisites.EnsurePostgresAsync(cancel);
        directory.EnsureClusterId();
        if (options.SimulatedNodes > 0) directory.SimulatedNodes = options.SimulatedNodes;
        if (running is null) return directory;
        if (LocalMember.Read(directory).Count == 0)
            throw new CommandFailure($"the cluster on {directory.Path} runs with one member on its embedded database; stop it and move it to PostgreSQL ('orchestrator backup', 'orchestrator restore') to have several.");
        await LocalClusterHost.StartMissingAsync(configuration, options, directory, progress, time, cancel);
        progress.Done("all members are ready");
        return null;
    }

    private void SayWhatNext(ClusterDirectory directory, UpOptions options) => progress.Say($"""

        The cluster is running. What to do next:

          export KUBECONFIG={directory.Kubeconfig}
          kubectl get nodes
          kubectl apply -f your-manifest.yaml

        './orchestrator down{Data(options)}' stops it and leaves containers running; './orchestrator reset{Data(options)}' removes everything.
        """);

    private static string Data(UpOptions options) => options.Data == ClusterDirectory.Default ? "" : $" --data {options.Data}";
}
