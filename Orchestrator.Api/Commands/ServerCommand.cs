using System.Runtime.InteropServices;

namespace Orchestrator.Api.Commands;

/// <summary><c>orchestrator server</c>: one member of the control plane, without a node, in the foreground. Its database comes from its configuration.</summary>
public sealed class ServerCommand(Progress progress, TimeProvider time)
{
    /// <summary>Returns after SIGINT or SIGTERM, when the member has handed over what it had and left.</summary>
    public async Task RunAsync(UpOptions options, CancellationToken cancel)
    {
        var configuration = ClusterConfiguration.Load(options with { Nodes = 0 });
        var directory = new ClusterDirectory(options.Data);
        directory.EnsureClusterId();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            await using var host = await ClusterHost.StartAsync(configuration, directory, time, stop.Token);
            progress.Done($"member {configuration.Member.Id} serves the API at {configuration.ApiUri.GetLeftPart(UriPartial.Authority)}");
            await host.StoppedAsync(stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            progress.Step("stopping");
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true; // ours to handle: an orderly stop instead of the runtime's exit
            stop.Cancel();
        }
    }
}
