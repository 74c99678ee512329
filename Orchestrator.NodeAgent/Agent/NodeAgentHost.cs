using Orchestrator.Engine.Actor;
using Orchestrator.NodeAgent.Nodes;
using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Server;
using Orchestrator.NodeAgent.Volumes;
using Orchestrator.Protocol.Streams;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>A running agent.</summary>
/// <param name="Ref">Its actor.</param>
/// <param name="Streams">Logs, exec, attach, port connections and the kubelet's pages of its node.</param>
public sealed record NodeAgentHandle(IActorRef Ref, INodeStreamHandler Streams)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Reports the node as not ready, with the reason, and (<paramref name="drain"/>) fails its pods and stops their containers, each within its grace. Returns when that is done and told,
    /// or at the deadline, whatever has been done by then; <see cref="StopAsync"/> comes next.
    /// </summary>
    public async Task ShutDownAsync(bool drain, TimeSpan deadline)
    {
        try
        {
            await Ref.Ask<NodeShutDown>(new ShutDownNode(drain), deadline).ConfigureAwait(false);
        }
        catch (AskTimeoutException)
        {
            // A pod that does not stop, or a control plane that is away, must not keep the machine from shutting down.
        }
    }

    /// <summary>Stops the agent. Containers run on and are adopted by the next one.</summary>
    public Task StopAsync() => Ref.GracefulStop(Deadline);
}

/// <summary>Starts agents and removes what they have made.</summary>
public static class NodeAgentHost
{
    /// <summary>Starts the agent of one node. Returns at once; it connects by itself, and waits for its engine where that is away.</summary>
    /// <param name="system">Where its actors live.</param>
    /// <param name="options">How it runs.</param>
    public static NodeAgentHandle Start(ActorSystem system, NodeAgentOptions options)
    {
        var facts = options.Machine();
        var events = new AgentEvents(options.ControlPlane, options.NodeName);
        var objects = new FollowedObjects();
        var services = new AgentServices
        {
            Options = options,
            Disk = options.Disk ?? new HostDisk(options.NodeRoot),
            Objects = objects,
            Events = events,
            Images = new PodImages(options.Runtime, events, new PullSecrets(objects).For, options.TimeProvider),
            Tokens = new PodTokens(options.ControlPlane),
            Totals = new NodeTotals(facts.Cpus * 1000L, facts.MemoryBytes, facts.StorageBytes),
        };
        // No fixed name: a new agent may be started while the system is still letting go of the former one's.
        var agent = system.ActorOf(Props.Create(() => new NodeAgentActor(options, services, facts)).WithDispatcher(Props.InternalDispatcher));
        return new NodeAgentHandle(agent, new NodeStreamHandler(agent, options.Runtime, new KubeletServer(agent, options)));
    }
}

/// <summary>Undoes what an agent has made on its machine.</summary>
public static class NodeAgentReset
{
    /// <summary>
    /// Removes every container and sandbox of the node at once, and every pod directory with what is mounted in it. The agent must not run. The runtime's own
    /// network is removed by the runtime.
    /// </summary>
    public static async Task RemoveAllAsync(IContainerRuntime runtime, string dataDirectory, string nodeName, CancellationToken cancel)
    {
        await OrphanSweep.RemoveAsync(runtime, await runtime.ListAsync(cancel).ConfigureAwait(false), TimeSpan.Zero, cancel).ConfigureAwait(false);
        LinuxFiles.RemoveTree(Path.Combine(dataDirectory, "nodes", nodeName));
    }
}
