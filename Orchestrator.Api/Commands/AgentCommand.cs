using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Orchestrator.Api.Joining;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Runtime.Docker;
using Orchestrator.NodeAgent.Runtime.Simulated;

namespace Orchestrator.Api.Commands;

/// <summary><c>orchestrator agent</c>: makes this machine a node of a cluster elsewhere. The first start joins with a token; later ones need nothing.</summary>
public sealed class AgentCommand(Progress progress, TimeProvider time)
{
    private static readonly TimeSpan ShutDownDeadline = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ConnectDeadline = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan DrainDeadline = TimeSpan.FromMinutes(2);

    /// <summary>Returns after SIGINT or SIGTERM, when the agent has stopped. Throws <see cref="CommandFailure"/>.</summary>
    public async Task RunAsync(AgentOptions options, CancellationToken cancel)
    {
        var (configuration, directory, kept) = await PrepareAsync(options, cancel);
        await ServeAsync(options, configuration, directory, kept, cancel);
    }

    /// <summary>
    /// Joins where that is still to be done, starts the agent as a process of its own and returns when the node is connected. The token is not on that process' command line.
    /// </summary>
    public async Task RunDetachedAsync(AgentOptions options, CancellationToken cancel)
    {
        var (_, directory, kept) = await PrepareAsync(options, cancel);
        progress.Step($"starting the agent in the background (log: {directory.Log})");
        await new BackgroundProcess(directory, time).StartAsync("the agent", ["agent", .. options.Arguments], ConnectDeadline, cancel);
        progress.Done($"node {kept.ReadCluster().NodeName} is connected; 'orchestrator down --data {directory.Path}' stops its agent and leaves its containers running");
    }

    /// <summary>Sees to it that the machine has what a node needs, and that it has joined.</summary>
    private async Task<(ClusterConfiguration Configuration, ClusterDirectory Directory, AgentDirectory Kept)> PrepareAsync(AgentOptions options, CancellationToken cancel)
    {
        var configuration = ClusterConfiguration.Load(new UpOptions(options.Data, 1, null, options.NodeName, options.Config));
        var directory = new ClusterDirectory(options.Data);
        using (var running = directory.Running())
            if (running is not null) throw new CommandFailure($"a process is running on {directory.Path} already (process {running.Id}); 'orchestrator down' stops it.");
        if (!options.Simulated) await new Prerequisites(progress, time).EnsureAsync(configuration.DockerSocket, cancel);
        var kept = new AgentDirectory(directory.File("agent"));
        if (!kept.HasJoined) await JoinAsync(options, configuration.NodeNames[0], kept, cancel);
        return (configuration, directory, kept);
    }

    private async Task JoinAsync(AgentOptions options, string nodeName, AgentDirectory kept, CancellationToken cancel)
    {
        if (options is not { Join: { } address, Token: { } token, AuthorityHash: { } hash })
            throw new CommandFailure($"this machine has not joined a cluster yet (in {options.Data}): --join, --token and --ca-hash are needed; 'orchestrator token create' on a member prints the whole command.");
        progress.Step($"joining {address} as node {nodeName}");
        try
        {
            await new ClusterJoin(address, token, hash, time).RunAsync(kept, nodeName, cancel);
        }
        catch (JoinRefusedException refused)
        {
            throw new CommandFailure(refused.Message);
        }
        progress.Done("the node has its certificate");
    }

    private async Task ServeAsync(AgentOptions options, ClusterConfiguration configuration, ClusterDirectory directory, AgentDirectory kept, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var logging = LoggerFactory.Create(b => b.AddSimpleConsole(c => { c.SingleLine = true; c.TimestampFormat = "HH:mm:ss.fff "; c.UseUtcTimestamp = true; }).SetMinimumLevel(configuration.LogLevel));
        var (name, cluster) = kept.ReadCluster();
        var (connected, trouble) = (false, "");
        var node = await JoinedNode.StartAsync(new JoinedNodeOptions
        {
            Directory = kept,
            DataDirectory = directory.Path,
            Runtime = (node, joined) => options.Simulated ? new SimulatedRuntime(new SimulatedOptions(), time) : Docker(configuration, directory, node, joined, logging),
            Configure = agent => agent with
            {
                HostIp = (configuration.NodeAddress ?? AddressTowards(cluster)).ToString(),
                Labels = configuration.NodeLabels,
                Taints = configuration.NodeTaints,
                MaxPods = configuration.MaxPods,
                StatusInterval = configuration.StatusInterval,
            },
            OnWelcome = () =>
            {
                if (connected) return; // hellos are repeated
                (connected, trouble) = (true, "");
                File.WriteAllText(directory.File("ready"), "");
                progress.Done($"node {name} is connected");
            },
            OnTrouble = reason =>
            {
                if (trouble != reason) progress.Step($"node {name} is not connected: {reason}");
                (connected, trouble) = (false, reason);
            },
            Time = time,
            Logging = logging,
        }, stop.Token);
        directory.WritePid();
        // 'orchestrator reset' on this directory removes what the node has made.
        await File.WriteAllTextAsync(directory.ClusterIdFile, cluster.ClusterId + "\n", stop.Token);
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            progress.Step(options.Drain ? "stopping the node's pods" : "stopping; the node's containers keep running");
            await node.ShutDownAsync(options.Drain, options.Drain ? DrainDeadline : ShutDownDeadline);
        }
        finally
        {
            File.Delete(directory.File("ready"));
            directory.RemovePid();
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true; // ours to handle: an orderly stop instead of the runtime's exit
            stop.Cancel();
        }
    }

    private DockerRuntime Docker(ClusterConfiguration configuration, ClusterDirectory directory, string node, JoinDocument cluster, ILoggerFactory logging)
    {
        directory.DockerSocket = configuration.DockerSocket;
        var options = new DockerOptions { ClusterId = cluster.ClusterId, NodeName = node, ClusterCidr = cluster.ClusterCidr, SocketPath = configuration.DockerSocket };
        return DockerRuntime.Create(options, time, logging.CreateLogger<DockerRuntime>());
    }

    /// <summary>The address of this machine that the members see it by: the one from which a way leads to them.</summary>
    private static IPAddress AddressTowards(JoinDocument cluster)
    {
        foreach (var endpoint in cluster.Endpoints)
        {
            var address = new Uri(endpoint);
            try
            {
                using var socket = new Socket(SocketType.Dgram, ProtocolType.Udp);
                socket.Connect(address.Host.Trim('[', ']'), address.Port); // sends nothing: only the route is looked up
                var local = ((IPEndPoint)socket.LocalEndPoint!).Address;
                return local.IsIPv4MappedToIPv6 ? local.MapToIPv4() : local;
            }
            catch (SocketException)
            {
                // No way to that one; perhaps to the next.
            }
        }
        return IPAddress.Loopback;
    }
}
