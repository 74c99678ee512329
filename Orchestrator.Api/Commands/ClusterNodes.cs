using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Orchestrator.Actors;
using Orchestrator.Engine.Actor;
using Orchestrator.NodeAgent.Agent;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Runtime.Docker;
using Orchestrator.NodeAgent.Runtime.Simulated;
using Orchestrator.NodeAgent.Volumes;

namespace Orchestrator.Api.Commands;

/// <summary>Node agents in this process: on Docker Engine, or simulated where the configuration says so.</summary>
internal sealed class ClusterNodes(ActorSystem system, ControlPlane plane, string clusterId, ClusterDirectory directory, ClusterConfiguration configuration, string hostIp, ILoggerFactory logging)
{
    private readonly SimulatedNodes _simulated = new(configuration, system.TimeProvider);

    /// <summary>Starts the agents of the configured nodes; disposing of it stops them and leaves the containers running.</summary>
    public Running Start() => new([.. configuration.NodeNames.Select(Start)]);

    private RunningNode Start(string name)
    {
        if (!configuration.IsSimulated) directory.DockerSocket = configuration.DockerSocket;
        IContainerRuntime runtime = configuration.IsSimulated ? _simulated.Runtime() : Runtime(configuration, name, clusterId, system.TimeProvider, logging);
        var agent = NodeAgentHost.Start(system, runtime is SimulatedRuntime simulated
            ? _simulated.Options(name, clusterId, directory, simulated, plane.AgentEndpoint)
            : Options(configuration, name, clusterId, directory, hostIp, runtime, plane.AgentEndpoint, system.TimeProvider));
        plane.Streams.Register(name, agent.Streams);
        return new RunningNode(name, agent, runtime, plane);
    }

    /// <summary>A node's Docker Engine.</summary>
    public static DockerRuntime Runtime(ClusterConfiguration configuration, string name, string clusterId, TimeProvider time, ILoggerFactory logging) => DockerRuntime.Create(
        new DockerOptions { ClusterId = clusterId, NodeName = name, ClusterCidr = configuration.ControlPlane.ClusterCidr.ToString(), SocketPath = configuration.DockerSocket }, time, logging.CreateLogger<DockerRuntime>());

    /// <summary>What a node's agent is to do, by the configuration.</summary>
    public static NodeAgentOptions Options(
        ClusterConfiguration configuration, string name, string clusterId, ClusterDirectory directory, string hostIp, IContainerRuntime runtime, IActorRef controlPlane, TimeProvider time) => new()
        {
            NodeName = name,
            ClusterId = clusterId,
            DataDirectory = directory.Path,
            Runtime = runtime,
            ControlPlane = controlPlane,
            HostIp = hostIp,
            TimeProvider = time,
            HeartbeatInterval = configuration.ControlPlane.NodeMonitorGrace / 4,
            StatusInterval = configuration.StatusInterval,
            ClusterDomain = configuration.ClusterDomain,
            Labels = configuration.NodeLabels,
            Taints = configuration.NodeTaints,
            MaxPods = configuration.MaxPods,
            StatusDelay = NodeAgentOptions.UsualStatusDelay,
        };

    /// <summary>Removes what the cluster's nodes have made on this machine; the cluster must not run.</summary>
    public static async Task RemoveAllAsync(ClusterDirectory directory, string clusterId, CancellationToken cancel)
    {
        // A cluster of simulated nodes has made nothing on an engine that may not even be there.
        if (directory.SimulatedNodes == 0 || File.Exists(directory.DockerSocket)) await DockerCleanup.RemoveClusterAsync(clusterId, directory.DockerSocket, cancel);
        LinuxFiles.RemoveTree(directory.File("nodes")); // unmounts what is mounted in pods' directories first
    }

    /// <summary>Agents that run.</summary>
    internal sealed class Running : IAsyncDisposable
    {
        private readonly ConcurrentDictionary<string, RunningNode> _nodes;

        internal Running(IReadOnlyList<RunningNode> nodes) => _nodes = new(nodes.ToDictionary(n => n.Name));

        /// <summary>Stops one.</summary>
        public async Task StopAsync(string name)
        {
            if (_nodes.TryRemove(name, out var node)) await node.DisposeAsync();
        }

        /// <inheritdoc/>
        public async ValueTask DisposeAsync() => await Parallel.ForEachAsync(_nodes.Values, (node, _) => node.DisposeAsync());
    }

    /// <summary>One of them.</summary>
    internal sealed class RunningNode(string name, NodeAgentHandle agent, IContainerRuntime runtime, ControlPlane plane) : IAsyncDisposable
    {
        /// <summary>The node's name.</summary>
        public string Name => name;

        /// <inheritdoc/>
        public async ValueTask DisposeAsync()
        {
            plane.Streams.Unregister(name);
            await agent.StopAsync();
            await runtime.DisposeAsync();
        }
    }
}
