using System.Net;
using Orchestrator.Api.Commands;
using Orchestrator.Api.Members;
using Orchestrator.Api.Security;

namespace Orchestrator.Api.LocalCluster;

/// <summary>
/// A highly available cluster on one machine, to try it: several member processes, the database they share, one address in front of them, and the node agents, which live here so that
/// a member's end is not a node's. Members and database are processes of their own: anyone can kill one and watch.
/// </summary>
public sealed class LocalClusterHost : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _parts = [];
    private readonly ClusterDirectory _directory;
    private readonly TimeProvider _time;

    private LocalClusterHost(ClusterDirectory directory, TimeProvider time) => (_directory, _time) = (directory, time);

    /// <summary>Starts everything that does not run and returns when members and nodes are ready.</summary>
    public static async Task<LocalClusterHost> StartAsync(ClusterConfiguration configuration, UpOptions options, ClusterDirectory directory, Progress progress, TimeProvider time, CancellationToken cancel)
    {
        var host = new LocalClusterHost(directory, time);
        try
        {
            await host.StartAsync(configuration, options, progress, cancel);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the members that are missing beside a cluster that runs.</summary>
    public static async Task StartMissingAsync(ClusterConfiguration configuration, UpOptions options, ClusterDirectory directory, Progress progress, TimeProvider time, CancellationToken cancel) =>
        await new LocalMembers(directory, configuration, options, time).EnsureAsync(
            Math.Max(options.Members, LocalMember.Read(directory).Count), await ConnectionAsync(options, directory, time, cancel), progress, cancel);

    /// <summary>Whether members or the database run, with or without this process.</summary>
    public static bool IsAnythingRunning(ClusterDirectory directory) =>
        LocalMember.Read(directory).Any(m => m.IsRunning) || directory.ClusterId is { } id && new LocalPostgres(directory, id, TimeProvider.System).IsRunning;

    /// <summary>Stops the members and then the directory's own database.</summary>
    public static async Task StopAllAsync(ClusterDirectory directory, TimeProvider time, CancellationToken cancel)
    {
        await LocalMembers.StopAsync(directory, time, cancel);
        if (directory.ClusterId is { } id) await new LocalPostgres(directory, id, time).StopAsync(cancel);
    }

    /// <summary>Completes when the process is asked to stop.</summary>
    public async Task StoppedAsync(CancellationToken cancel) => await Task.Delay(Timeout.InfiniteTimeSpan, _time, cancel);

    /// <summary>Stops agents, members and database, in this order. Containers keep running.</summary>
    public async ValueTask DisposeAsync()
    {
        File.Delete(_directory.File("ready"));
        for (var i = _parts.Count - 1; i >= 0; i--) await _parts[i].DisposeAsync();
        _parts.Clear();
        await StopAllAsync(_directory, _time, CancellationToken.None);
    }

    private static async Task<string> ConnectionAsync(UpOptions options, ClusterDirectory directory, TimeProvider time, CancellationToken cancel) =>
        options.Postgres ?? await new LocalPostgres(directory, directory.EnsureClusterId(), time).EnsureRunningAsync(cancel);

    private async Task StartAsync(ClusterConfiguration configuration, UpOptions options, Progress progress, CancellationToken cancel)
    {
        var clusterId = _directory.EnsureClusterId();
        if (options.Postgres is null)
        {
            progress.Step("starting PostgreSQL");
            await new LocalPostgres(_directory, clusterId, _time).EnsureRunningAsync(cancel);
        }
        var nodeAddress = configuration.NodeAddress ?? HostAddresses.Of(configuration.ControlPlane.ServiceCidr).First(a => !IPAddress.IsLoopback(a));
        // Made before the members start, so that they do not make it at once.
        var pki = ClusterHost.LoadPki(configuration, _directory, nodeAddress, _time);
        _parts.Add(new Disposing(pki));
        await new LocalMembers(_directory, configuration, options, _time).EnsureAsync(Math.Max(options.Members, LocalMember.Read(_directory).Count), await ConnectionAsync(options, _directory, _time, cancel), progress, cancel);
        progress.Done("all members are ready");
        _parts.Add(MemberBalancer.Start(new IPEndPoint(configuration.ApiAddress, configuration.ApiPort), () => LocalMembers.Addresses(_directory), pki.Authority.Certificate, _time));
        Kubeconfig.Write(_directory.Kubeconfig, configuration.ApiUri, "orchestrator", pki.Authority, pki.Admin);
        if (configuration.NodeNames.Count == 0) return;
        progress.Step($"starting {configuration.NodesText}");
        _parts.Add(await LocalNodes.StartAsync(configuration, _directory, clusterId, nodeAddress, pki, _time, cancel));
        await new NodesReady(configuration.ApiUri, pki, _time).WaitAsync(configuration.NodeNames, cancel);
        progress.Done(configuration.NodeNames.Count == 1 ? "the node is ready" : "all nodes are ready");
    }

    private sealed class Disposing(IDisposable inner) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            inner.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
