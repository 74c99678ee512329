using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Volumes;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>What the pods of one node share.</summary>
public sealed record AgentServices
{
    /// <summary>The options the agent was started with.</summary>
    public required NodeAgentOptions Options { get; init; }

    /// <summary>Followed config maps, secrets and services.</summary>
    public required FollowedObjects Objects { get; init; }

    /// <summary>Images of the node.</summary>
    public required PodImages Images { get; init; }

    /// <summary>Event sink.</summary>
    public required AgentEvents Events { get; init; }

    /// <summary>Tokens for pods.</summary>
    public required IPodTokenSource Tokens { get; init; }

    /// <summary>Node totals for the downward API and OOM scores; memory in bytes.</summary>
    public required NodeTotals Totals { get; init; }

    /// <summary>Where its pods' files are.</summary>
    public required INodeDisk Disk { get; init; }

    /// <summary>The engine.</summary>
    public IContainerRuntime Runtime => Options.Runtime;

    /// <summary>The clock.</summary>
    public TimeProvider Time => Options.TimeProvider;

    /// <summary>Where a pod's files are, as its containers have them mounted.</summary>
    public PodDirectory DirectoryOf(string uid) => new(Options.NodeRoot, uid);

    /// <summary>Downward facts of a pod.</summary>
    public DownwardFacts FactsOf(string podIp) =>
        new(podIp, Options.HostIp, Options.NodeName, Totals.MilliCpu, Totals.MemoryBytes, Totals.StorageBytes);

    /// <summary>The variables that name services.</summary>
    public IReadOnlyDictionary<string, string> ServiceEnvironmentOf(Pod pod) =>
        ServiceEnvironment.For(pod.Metadata.Namespace, pod.Spec.EnableServiceLinks != false, Objects.Services);
}

/// <summary>What the node has.</summary>
public sealed record NodeTotals(long MilliCpu, long MemoryBytes, long StorageBytes);
