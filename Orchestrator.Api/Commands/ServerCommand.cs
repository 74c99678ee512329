using System.Runtime.InteropServices;

namespace Orchestrator.Api.Commands;

/// <summary><c>orchestrator server</c>: one member of the control plane, without a node, in the foreground. Its database comes from its configuration, its keys from the cluster that it joins.</summary>
public sealed class ServerCommand(Progress progress, TimeProvider time)
{
    /// <summary>Returns after SIGINT or SIGTERM, when the member has handed over what it had and left.</summary>
    public async Task RunAsync(UpOptions options, ServerJoin join, CancellationToken cancel)
    {
        var configuration = ClusterConfiguration.Load(options with { Nodes = 0 });
        var directory = new ClusterDirectory(options.Data);
        if (join.Address is not null && !File.Exists(Path.Combine(directory.Pki, "ca.crt")))
        {
            progress.Step($"joining {join.Address} as member {configuration.Member.Id}");
            await join.RunAsync(directory, configuration, time, cancel);
            progress.Done("the member has the cluster's keys");
        }
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
