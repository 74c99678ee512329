using Microsoft.Extensions.Logging;
using Orchestrator.Actors;
using Orchestrator.Engine.Actor;
using Orchestrator.NodeAgent.Agent;
using Orchestrator.NodeAgent.Runtime.Docker;
using Orchestrator.NodeAgent.Volumes;

namespace Orchestrator.Api.Commands;

/// <summary>Node agents on Docker Engine in this process.</summary>
internal sealed class ClusterNodes(ActorSystem system, ControlPlane plane, string clusterId, ClusterDirectory directory, ClusterConfiguration configuration, string hostIp, ILoggerFactory logging)
{
    /// <summary>Starts the agent of one node; disposing of it stops the agent and leaves the containers running.</summary>
    public IAsyncDisposable Start(string name)
    {
        directory.DockerSocket = configuration.DockerSocket;
        var runtime = Runtime(configuration, name, clusterId, system.TimeProvider, logging);
        var agent = NodeAgentHost.Start(system, Options(configuration, name, clusterId, directory, hostIp, runtime, plane.AgentEndpoint, system.TimeProvider));
        plane.Streams.Register(name, agent.Streams);
        return new RunningNode(name, agent, runtime, plane);
    }

    /// <summary>A node's Docker Engine.</summary>
    public static DockerRuntime Runtime(ClusterConfiguration configuration, string name, string clusterId, TimeProvider time, ILoggerFactory logging) => DockerRuntime.Create(
        new DockerOptions { ClusterId = clusterId, NodeName = name, ClusterCidr = configuration.ControlPlane.ClusterCidr.ToString(), SocketPath = configuration.DockerSocket }, time, logging.CreateLogger<DockerRuntime>());

    /// <summary>What a node's agent is to do, by the configuration.</summary>
    public static NodeAgentOptions Options(
        ClusterConfiguration configuration, string name, string clusterId, ClusterDirectory directory, string hostIp, DockerRuntime runtime, IActorRef controlPlane, TimeProvider time) => new()
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
        };

    /// <summary>Removes what the cluster's nodes have made on this machine; the cluster must not run.</summary>
    public static async Task RemoveAllAsync(ClusterDirectory directory, string clusterId, CancellationToken cancel)
    {
        await DockerCleanup.RemoveClusterAsync(clusterId, directory.DockerSocket, cancel);
        LinuxFiles.RemoveTree(directory.File("nodes")); // unmounts what is mounted in pods' directories first
    }

    private sealed class RunningNode(string name, NodeAgentHandle agent, DockerRuntime runtime, ControlPlane plane) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            plane.Streams.Unregister(name);
            await agent.StopAsync();
            await runtime.DisposeAsync();
        }
    }
}
