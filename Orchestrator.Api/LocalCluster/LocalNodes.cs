using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;
using Orchestrator.Actors.Certificates;
using Orchestrator.Api.Commands;
using Orchestrator.Api.Joining;
using Orchestrator.Api.Security;
using Orchestrator.NodeAgent.Connection;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Runtime.Simulated;
using Orchestrator.Protocol.Nodes;

namespace Orchestrator.Api.LocalCluster;

/// <summary>The node agents of a cluster whose members are other processes: each connected with all of them, as an agent on another machine would be.</summary>
internal sealed class LocalNodes : IAsyncDisposable
{
    private readonly List<(RemoteAgent Agent, IContainerRuntime Runtime)> _nodes = [];
    private readonly ILoggerFactory _logging;

    private LocalNodes(ILoggerFactory logging) => _logging = logging;

    /// <summary>Starts the agents of the configured nodes; they connect by themselves.</summary>
    public static async Task<LocalNodes> StartAsync(
        ClusterConfiguration configuration, ClusterDirectory directory, string clusterId, IPAddress nodeAddress, ClusterPki pki, TimeProvider time, CancellationToken cancel)
    {
        var nodes = new LocalNodes(LoggerFactory.Create(b => b.AddSimpleConsole(c => { c.SingleLine = true; c.TimestampFormat = "HH:mm:ss.fff "; c.UseUtcTimestamp = true; }).SetMinimumLevel(configuration.LogLevel)));
        try
        {
            foreach (var name in configuration.NodeNames) await nodes.StartAsync(name, configuration, directory, clusterId, nodeAddress, pki, time, cancel);
            return nodes;
        }
        catch
        {
            await nodes.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops the agents; containers run on.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var (agent, runtime) in _nodes)
        {
            await agent.DisposeAsync();
            await runtime.DisposeAsync();
        }
        _logging.Dispose();
    }

    private async Task StartAsync(
        string name, ClusterConfiguration configuration, ClusterDirectory directory, string clusterId, IPAddress nodeAddress, ClusterPki pki, TimeProvider time, CancellationToken cancel)
    {
        var simulated = new SimulatedNodes(configuration, time);
        IContainerRuntime runtime = configuration.IsSimulated ? simulated.Runtime() : ClusterNodes.Runtime(configuration, name, clusterId, time, _logging);
        var certificate = pki.Authority.IssueClient(NodeUser.Of(name), NodeUser.Group);
        var agent = await RemoteAgent.StartAsync(new RemoteAgentOptions
        {
            Connection = new AgentConnectionOptions
            {
                NodeName = name,
                Members = [.. LocalMember.Read(directory).Select(m => string.Create(CultureInfo.InvariantCulture, $"akka.tls://orchestrator@127.0.0.1:{m.RemotePort}{AgentAddress.EndpointPath}"))],
            },
            // This process has the authority's key: the next start makes another one.
            Certificate = () => certificate,
            Authority = pki.Authority.Certificate,
            Agent = (_, controlPlane) => runtime is SimulatedRuntime model ? simulated.Options(name, clusterId, directory, model, controlPlane) : ClusterNodes.Options(configuration, name, clusterId, directory, nodeAddress.ToString(), runtime, controlPlane, time),
            Time = time,
            Logging = _logging,
        }, cancel);
        _nodes.Add((agent, runtime));
    }
}
